//! A master, a replica and the Sentinels that watch them.

use std::fs;

use crate::{
    redis::RedisServer,
    resp::{Reply, RespClient},
    wait::wait_for,
};

/// The name under which the Sentinels know the master.
const MASTER_NAME: &str = "mymaster";

/// A master with one replica under one to three Sentinels. Fails over about two seconds after the
/// master's death.
pub struct RedisSentinel {
    sentinels: Vec<RedisServer>,
    /// The first was the master at the start.
    servers: Vec<RedisServer>,
}

impl RedisSentinel {
    /// Three Sentinels, of which two have to agree.
    pub fn start() -> Self {
        Self::start_with(3)
    }

    /// Waits until the replica is in step and every Sentinel knows all others.
    pub fn start_with(sentinels: usize) -> Self {
        assert!((1..=3).contains(&sentinels), "one to three Sentinels");
        let master = RedisServer::start_with(&["--repl-diskless-sync-delay", "0"]);
        let master_port = master.port().to_string();
        let replica = RedisServer::start_with(&[
            "--repl-diskless-sync-delay",
            "0",
            "--replicaof",
            &format!("127.0.0.1 {master_port}"),
        ]);
        wait_for("the replica to be in step", 30, || {
            let state = replica.try_command(&["INFO", "replication"])?.text();
            state.contains("master_link_status:up").then_some(())
        });

        let quorum = sentinels / 2 + 1;
        let watchers: Vec<RedisServer> = (0..sentinels)
            .map(|_| {
                RedisServer::launch("sentinel", |_, directory| {
                    let file = directory.join("sentinel.conf");
                    let text = format!(
                        "sentinel monitor {MASTER_NAME} 127.0.0.1 {master_port} {quorum}\n\
                         sentinel down-after-milliseconds {MASTER_NAME} 1000\n\
                         sentinel failover-timeout {MASTER_NAME} 4000\n"
                    );
                    fs::write(&file, text).expect("the Sentinel's file");
                    vec![file.display().to_string(), "--sentinel".to_owned()]
                })
            })
            .collect();
        for watcher in &watchers {
            wait_for("the Sentinels to know each other", 30, || {
                let state = watcher.try_command(&["SENTINEL", "MASTER", MASTER_NAME])?;
                let others = (sentinels - 1).to_string();
                let known = field(&state, "num-other-sentinels")? == others
                    && field(&state, "num-slaves")? == "1"
                    && field(&state, "flags")? == "master";
                known.then_some(())
            });
        }
        Self { sentinels: watchers, servers: vec![master, replica] }
    }

    /// `redis+sentinel://127.0.0.1:A,127.0.0.1:B/mymaster`
    pub fn url(&self) -> String {
        let nodes: Vec<String> =
            self.sentinels.iter().map(|s| format!("127.0.0.1:{}", s.port())).collect();
        format!("redis+sentinel://{}/{MASTER_NAME}", nodes.join(","))
    }

    /// Port of whom the first Sentinel calls master now.
    pub fn master_port(&self) -> u16 {
        let question = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME];
        match self.sentinels[0].command(&question) {
            Reply::Array(address) => address[1].text().parse().expect("a port"),
            other => panic!("the Sentinel knows no master: {other:?}"),
        }
    }

    /// Kills the master and waits until the Sentinels have made the replica master.
    pub fn fail_over(&mut self) {
        let old = self.master_port();
        self.server_mut(old).kill();
        wait_for("the fail-over", 60, || {
            let new = self.master_port();
            let role = RespClient::connect(new).ok()?.command(&["ROLE"]).ok()?;
            let Reply::Array(role) = role else { return None };
            (new != old && role[0].text() == "master").then_some(())
        });
    }

    /// Master and replica (of the start), in this order.
    pub fn servers(&mut self) -> &mut [RedisServer] {
        &mut self.servers
    }

    fn server_mut(&mut self, port: u16) -> &mut RedisServer {
        self.servers.iter_mut().find(|s| s.port() == port).expect("a server of this group")
    }

    /// SIGKILL to master and replica; the Sentinels go on.
    pub fn kill(&mut self) {
        self.servers.iter_mut().for_each(RedisServer::kill);
    }

    /// SIGTERM to master and replica.
    pub fn stop(&mut self) {
        self.servers.iter_mut().for_each(RedisServer::stop);
    }

    /// Master and replica again, on their ports, empty.
    pub fn restart(&mut self) {
        self.servers.iter_mut().for_each(RedisServer::restart);
    }

    /// SIGSTOP to master and replica.
    pub fn pause(&self) {
        self.servers.iter().for_each(RedisServer::pause);
    }

    /// SIGCONT to master and replica.
    pub fn resume(&self) {
        self.servers.iter().for_each(RedisServer::resume);
    }
}

/// The value that follows `name` in a flat list of names and values.
fn field(reply: &Reply, name: &str) -> Option<String> {
    let Reply::Array(items) = reply else { return None };
    items.chunks(2).find(|pair| pair[0].text() == name).map(|pair| pair[1].text())
}
