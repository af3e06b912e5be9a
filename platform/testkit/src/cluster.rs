//! A Redis Cluster of three masters with a replica each.

use crate::{
    port::free_port,
    redis::RedisServer,
    resp::{Reply, RespClient},
    wait::wait_for,
};

const MASTERS: usize = 3;
const SLOTS: usize = 16_384;

/// Six nodes; nodes 0 to 2 are masters at the start, node `n + 3` replicates node `n`. A dead
/// master is replaced by its replica after about three seconds.
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Waits until every node calls the cluster ok and every replica is in step.
    pub fn start() -> Self {
        let nodes: Vec<RedisServer> = (0..2 * MASTERS).map(|_| node()).collect();
        let ids: Vec<String> =
            nodes.iter().map(|n| n.command(&["CLUSTER", "MYID"]).text()).collect();
        for (index, master) in nodes[..MASTERS].iter().enumerate() {
            let first = index * SLOTS / MASTERS;
            let last = (index + 1) * SLOTS / MASTERS - 1;
            expect_ok(master, &["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()]);
        }
        for (index, node) in nodes.iter().enumerate() {
            // Distinct from the start, so that no epochs collide while the nodes meet.
            expect_ok(node, &["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
        }
        for node in &nodes[1..] {
            let port = nodes[0].port().to_string();
            let bus = bus_port(&nodes[0]);
            expect_ok(node, &["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
        let cluster = Self { nodes };
        for (node, master) in cluster.nodes[MASTERS..].iter().zip(&ids) {
            wait_for("a replica to know its master", 30, || {
                (node.try_command(&["CLUSTER", "REPLICATE", master])? == Reply::Status("OK".into()))
                    .then_some(())
            });
        }
        cluster.wait_until_whole();
        cluster
    }

    /// `redis+cluster://127.0.0.1:A,127.0.0.1:B,127.0.0.1:C`: the first three nodes; a client finds
    /// the others.
    pub fn url(&self) -> String {
        let nodes: Vec<String> =
            self.nodes[..MASTERS].iter().map(|n| format!("127.0.0.1:{}", n.port())).collect();
        format!("redis+cluster://{}", nodes.join(","))
    }

    /// Ports of all six nodes, in the order of [`RedisCluster::nodes`].
    pub fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(RedisServer::port).collect()
    }

    /// All six nodes.
    pub fn nodes(&mut self) -> &mut [RedisServer] {
        &mut self.nodes
    }

    /// Port of the master that serves the slot of `key` now, as the first living node knows it.
    pub fn master_port_of(&self, key: &str) -> Option<u16> {
        let asked = self.nodes.iter().find(|n| n.try_command(&["PING"]).is_some())?;
        let Reply::Integer(slot) = asked.try_command(&["CLUSTER", "KEYSLOT", key])? else {
            return None;
        };
        let Reply::Array(ranges) = asked.try_command(&["CLUSTER", "SLOTS"])? else { return None };
        ranges.iter().find_map(|range| {
            // first slot, last slot, then master and replicas as (address, port, …)
            let Reply::Array(range) = range else { return None };
            let (Reply::Integer(first), Reply::Integer(last), Reply::Array(master)) =
                (&range[0], &range[1], &range[2])
            else {
                return None;
            };
            (first..=last).contains(&&slot).then(|| master[1].text().parse().ok())?
        })
    }

    /// Kills the master of the slot of `key` and waits until its replica has taken over.
    pub fn fail_over(&mut self, key: &str) {
        let old = self.master_port_of(key).expect("the slot has a master");
        self.nodes.iter_mut().find(|n| n.port() == old).expect("a node of this cluster").kill();
        wait_for("the fail-over", 60, || {
            let new = self.master_port_of(key)?;
            let role = RespClient::connect(new).ok()?.command(&["ROLE"]).ok()?;
            let Reply::Array(role) = role else { return None };
            (new != old && role[0].text() == "master").then_some(())
        });
        wait_for("the cluster to be ok again", 60, || {
            let living = self.nodes.iter().filter_map(|n| n.try_command(&["CLUSTER", "INFO"]));
            living
                .map(|info| info.text())
                .all(|info| info.contains("cluster_state:ok"))
                .then_some(())
        });
    }

    /// SIGKILL to all nodes.
    pub fn kill(&mut self) {
        self.nodes.iter_mut().for_each(RedisServer::kill);
    }

    /// SIGTERM to all nodes.
    pub fn stop(&mut self) {
        self.nodes.iter_mut().for_each(RedisServer::stop);
    }

    /// All nodes again, on their ports: the same cluster, without data.
    pub fn restart(&mut self) {
        self.nodes.iter_mut().for_each(RedisServer::restart);
        self.wait_until_whole();
    }

    /// SIGSTOP to all nodes.
    pub fn pause(&self) {
        self.nodes.iter().for_each(RedisServer::pause);
    }

    /// SIGCONT to all nodes.
    pub fn resume(&self) {
        self.nodes.iter().for_each(RedisServer::resume);
    }

    fn wait_until_whole(&self) {
        for node in &self.nodes {
            wait_for("cluster_state:ok, six nodes, three replicas in step", 60, || {
                let info = node.try_command(&["CLUSTER", "INFO"])?.text();
                let nodes = node.try_command(&["CLUSTER", "NODES"])?.text();
                let replication = node.try_command(&["INFO", "replication"])?.text();
                let in_step = replication.contains("role:master")
                    || replication.contains("master_link_status:up");
                let replicas = nodes.lines().filter(|line| line.contains("slave")).count();
                let whole = info.contains("cluster_state:ok")
                    && info.contains("cluster_known_nodes:6")
                    && info.contains("cluster_size:3")
                    && replicas == MASTERS
                    && !nodes.contains("handshake")
                    && !nodes.contains("fail");
                (whole && in_step).then_some(())
            });
        }
    }
}

fn node() -> RedisServer {
    RedisServer::launch("node", |_, _| {
        [
            "--cluster-enabled",
            "yes",
            "--cluster-port",
            &free_port().to_string(),
            "--cluster-config-file",
            "nodes.conf",
            "--cluster-node-timeout",
            "1000",
            "--repl-diskless-sync-delay",
            "0",
        ]
        .map(str::to_owned)
        .to_vec()
    })
}

/// The port of the cluster bus, from the node's own line: `id address:port@bus …`.
fn bus_port(node: &RedisServer) -> String {
    match node.command(&["CONFIG", "GET", "cluster-port"]) {
        Reply::Array(pair) => pair[1].text(),
        other => panic!("no cluster port: {other:?}"),
    }
}

fn expect_ok(node: &RedisServer, command: &[&str]) {
    let reply = node.command(command);
    assert_eq!(reply, Reply::Status("OK".into()), "{command:?}");
}
