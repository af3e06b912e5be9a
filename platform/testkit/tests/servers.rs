//! The servers start, die, come back and go away as the tests of the other crates rely on.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use testkit::{
    PostgresServer, RedisCluster, RedisSentinel, RedisServer, Reply, RespClient, wait_for,
};

fn ok() -> Reply {
    Reply::Status("OK".into())
}

#[test]
fn a_killed_redis_comes_back_empty_on_its_port() {
    let mut redis = RedisServer::start();
    let url = redis.url();
    assert_eq!(redis.command(&["SET", "seat", "held"]), ok());
    redis.kill();
    assert_eq!(redis.try_command(&["PING"]), None);
    redis.restart();
    assert_eq!(redis.command(&["GET", "seat"]), Reply::Nil);
    assert_eq!(redis.url(), url);
}

#[test]
fn a_redis_with_an_append_only_file_keeps_its_data() {
    let mut redis = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    assert_eq!(redis.command(&["SET", "seat", "sold"]), ok());
    redis.kill();
    redis.restart();
    assert_eq!(redis.command(&["GET", "seat"]).text(), "sold");
}

#[test]
fn a_paused_redis_answers_after_it_is_resumed() {
    let redis = RedisServer::start();
    redis.pause();
    let port = redis.port();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let reply = RespClient::connect(port).and_then(|mut c| c.command(&["PING"]));
        sender.send(reply.expect("an answer in the end")).expect("the test still waits");
    });
    assert!(receiver.recv_timeout(std::time::Duration::from_millis(100)).is_err());
    redis.resume();
    assert_eq!(receiver.recv().expect("the thread has not died"), Reply::Status("PONG".into()));
}

#[test]
fn a_dropped_redis_is_gone() {
    let redis = RedisServer::start();
    let port = redis.port();
    drop(redis);
    assert!(RespClient::connect(port).is_err());
}

#[test]
fn sentinels_promote_the_replica_of_a_dead_master() {
    let mut group = RedisSentinel::start();
    assert!(group.url().starts_with("redis+sentinel://127.0.0.1:"));
    assert!(group.url().ends_with("/mymaster"));
    let old = group.master_port();
    group.fail_over();
    let new = group.master_port();
    assert_ne!(new, old);
    let mut client = RespClient::connect(new).expect("the new master");
    assert_eq!(client.command(&["SET", "seat", "held"]).expect("an answer"), ok());
}

#[test]
fn a_cluster_survives_the_death_of_a_master() {
    let mut cluster = RedisCluster::start();
    assert_eq!(cluster.ports().len(), 6);
    let old = cluster.master_port_of("{event/0}").expect("a master");
    cluster.fail_over("{event/0}");
    let new = cluster.master_port_of("{event/0}").expect("a master");
    assert_ne!(new, old);
    let mut client = RespClient::connect(new).expect("the new master");
    assert_eq!(client.command(&["SET", "{event/0}:seats", "held"]).expect("an answer"), ok());
}

#[test]
fn a_restarted_cluster_is_whole_and_empty() {
    let mut cluster = RedisCluster::start();
    let port = cluster.master_port_of("key").expect("a master");
    let mut client = RespClient::connect(port).expect("the master");
    assert_eq!(client.command(&["SET", "key", "value"]).expect("an answer"), ok());
    cluster.kill();
    cluster.restart();
    let port = cluster.master_port_of("key").expect("a master");
    let mut client = RespClient::connect(port).expect("the master");
    assert_eq!(client.command(&["GET", "key"]).expect("an answer"), Reply::Nil);
}

#[test]
fn a_crashed_postgres_recovers_what_it_committed() {
    let mut postgres = PostgresServer::start();
    let url = postgres.create_database("sale");
    postgres.query_at(&url, "CREATE TABLE claims (seat BIGINT); INSERT INTO claims VALUES (7)");
    postgres.kill();
    postgres.restart();
    assert_eq!(postgres.query_at(&url, "SELECT seat FROM claims"), "7");
    assert_eq!(postgres.query("SHOW fsync"), "on");
    postgres.stop();
    postgres.restart();
    assert_eq!(postgres.query_at(&url, "SELECT seat FROM claims"), "7");
}

#[test]
fn tests_share_a_postgres_and_each_has_a_database() {
    let postgres = PostgresServer::shared();
    let (one, other) = (postgres.fresh_database(), postgres.fresh_database());
    assert_ne!(one, other);
    postgres.query_at(&one, "CREATE TABLE orders (id TEXT)");
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'orders'";
    assert_eq!(postgres.query_at(&one, tables), "1");
    assert_eq!(postgres.query_at(&other, tables), "0");
}

/// Not a test: what `servers_end_with_a_killed_test_process` runs in another process.
#[test]
fn child_of_the_kill_test() {
    if std::env::var_os("TESTKIT_CHILD").is_none() {
        return;
    }
    let redis = RedisServer::start();
    let postgres = PostgresServer::start();
    println!("ports {} {}", redis.port(), postgres.port());
    std::io::stdout().flush().expect("the line is out");
    loop {
        std::thread::park();
    }
}

#[test]
fn servers_end_with_a_killed_test_process() {
    let mut child = Command::new(std::env::current_exe().expect("this test program"))
        .args(["child_of_the_kill_test", "--exact", "--nocapture"])
        .env("TESTKIT_CHILD", "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test program starts");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let ports: Vec<u16> = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            let ports = line.split_once("ports ")?.1;
            Some(ports.split(' ').map(|port| port.parse().expect("a port")).collect())
        })
        .expect("the ports");
    child.kill().expect("killed");
    child.wait().expect("reaped");
    for port in ports {
        wait_for("the server to end with its test", 30, || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_err().then_some(())
        });
    }
}
