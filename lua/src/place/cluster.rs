//! A Redis Cluster: three masters or more, found from any of them.
//!
//! A partition is one slot, so a call goes to one master. The client follows moved slots and new
//! masters by itself; when it has lost everybody, all of it is made anew.

use std::future::Future;

use redis::{
    Cmd, ConnectionInfo, RedisError,
    aio::ConnectionLike,
    cluster::ClusterClientBuilder,
    cluster_async::ClusterConnection,
    cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo},
};

use super::{
    connecting::{Discard, Slot},
    redis::{
        CALL_LIMIT, CONNECT_LIMIT, RESPONSE_LIMIT, evalsha, evaluate, fault, read, replication_id,
        timed_out,
    },
};
use crate::{answer::Value, error::Error, scripts::Call};

/// Further attempts of the cluster client within a call.
const CLUSTER_RETRIES: u32 = 3;

/// Three masters or more, found from any of them.
pub(crate) struct Cluster {
    nodes: Vec<ConnectionInfo>,
    slot: Slot<ClusterConnection>,
}

impl Cluster {
    pub fn new(nodes: Vec<ConnectionInfo>) -> Result<Self, Error> {
        if nodes.is_empty() {
            return Err(Error::Address("it names no host"));
        }
        Ok(Self { nodes, slot: Slot::new() })
    }

    pub async fn run(&self, call: &Call) -> Result<Value, Error> {
        let command = evalsha(call);
        let run = |mut connection: ClusterConnection| {
            let command = &command;
            async move { evaluate(&mut connection, call.script, command).await }
        };
        let value = self.with_connection(run).await;
        value.map_err(|error| fault(call.script.name, error)).and_then(|v| read(call, v))
    }

    pub async fn ping(&self) -> Result<(), Error> {
        let routing = RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary);
        self.route(redis::cmd("PING"), routing).await.map(|_| ())
    }

    pub async fn replication_ids(&self) -> Result<Vec<String>, Error> {
        let routing = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
        let infos = self.route(redis::cmd("INFO").arg("replication").take(), routing).await?;
        Ok(match infos {
            redis::Value::Map(nodes) => {
                nodes.iter().filter_map(|(_, info)| replication_id(info)).collect()
            }
            _ => return Err(Error::Malformed { script: "info" }),
        })
    }

    /// One command on one key.
    pub async fn command(&self, command: Cmd) -> Result<redis::Value, Error> {
        let run = |mut connection: ClusterConnection| {
            let command = &command;
            async move { connection.req_packed_command(command).await }
        };
        self.with_connection(run).await.map_err(|error| Error::Unavailable(Some(error)))
    }

    async fn route(&self, command: Cmd, routing: RoutingInfo) -> Result<redis::Value, Error> {
        let run = |mut connection: ClusterConnection| {
            let (command, routing) = (command.clone(), routing.clone());
            async move { connection.route_command(command, routing).await }
        };
        self.with_connection(run).await.map_err(|error| Error::Unavailable(Some(error)))
    }

    async fn with_connection<T, F, R>(&self, run: F) -> Result<T, RedisError>
    where
        F: Fn(ClusterConnection) -> R,
        R: Future<Output = Result<T, RedisError>>,
    {
        let all = async {
            let connect = || connect_cluster(self.nodes.clone());
            let (generation, connection) = self.slot.get(connect).await?;
            let discard = Discard::new(&self.slot, generation);
            discard.after(run(connection).await)
        };
        tokio::time::timeout(CALL_LIMIT, all).await.unwrap_or_else(|_| Err(timed_out()))
    }
}

async fn connect_cluster(nodes: Vec<ConnectionInfo>) -> Result<ClusterConnection, RedisError> {
    let settings = nodes[0].tcp_settings().clone();
    let client = ClusterClientBuilder::new(nodes)
        .tcp_settings(settings)
        .connection_timeout(CONNECT_LIMIT)
        .response_timeout(RESPONSE_LIMIT)
        .overall_response_timeout(Some(CALL_LIMIT))
        .retries(CLUSTER_RETRIES)
        .build()?;
    client.get_async_connection().await
}
