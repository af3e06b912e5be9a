//! Redis: one server at a time ([`Line`]: standalone, or the master that Sentinels name), or a
//! cluster ([`Cluster`]).
//!
//! Every wait has an end: a lost server costs a caller at most [`CALL_LIMIT`] and a reconnect. A
//! connection that breaks, does not answer, or leads to a server that is no master any more is
//! discarded; the next call makes a new one.

use std::{future::Future, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, RedisError,
    ServerErrorKind, aio::ConnectionLike, aio::MultiplexedConnection,
    cluster::ClusterClientBuilder,
    cluster_async::ClusterConnection,
    cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo},
};

use super::{address::Sentinels, connecting::Slot};
use crate::{answer::Value, error::Error, scripts::{Call, Script}};

/// For one server to take a connection.
const CONNECT_LIMIT: Duration = Duration::from_millis(500);
/// For one server to answer.
const RESPONSE_LIMIT: Duration = Duration::from_millis(1_000);
/// For a Sentinel to answer; the next one is asked then.
const SENTINEL_LIMIT: Duration = Duration::from_millis(300);
/// For a call with everything it takes, connecting and finding the master included.
const CALL_LIMIT: Duration = Duration::from_millis(1_800);
/// Further attempts of the cluster client within a call.
const CLUSTER_RETRIES: u32 = 3;
/// Commands that may wait to be written on one connection before callers have to wait for it.
const PIPELINE_COMMANDS: usize = 1_024;

/// One server at a time.
pub(crate) struct Line {
    source: Source,
    slot: Slot<MultiplexedConnection>,
}

#[derive(Clone)]
enum Source {
    Standalone(Client),
    Sentinel { sentinels: Vec<Client>, master: String, template: ConnectionInfo },
}

impl Line {
    pub fn standalone(node: ConnectionInfo) -> Result<Self, Error> {
        Ok(Self { source: Source::Standalone(client(node)?), slot: Slot::new() })
    }

    pub fn sentinel(group: Sentinels) -> Result<Self, Error> {
        let sentinels = group.sentinels.into_iter().map(client).collect::<Result<_, _>>()?;
        let Sentinels { master, template, .. } = group;
        let source = Source::Sentinel { sentinels, master, template };
        Ok(Self { source, slot: Slot::new() })
    }

    pub async fn run(&self, call: &Call) -> Result<Value, Error> {
        let command = evalsha(call);
        let run = |mut connection: MultiplexedConnection| {
            let command = &command;
            async move { evaluate(&mut connection, call.script, command).await }
        };
        let value = self.with_connection(run).await;
        value.map_err(|error| fault(call.script.name, error)).and_then(|v| read(call, v))
    }

    pub async fn ping(&self) -> Result<(), Error> {
        self.command(redis::cmd("PING")).await.map(|_| ())
    }

    pub async fn replication_ids(&self) -> Result<Vec<String>, Error> {
        let info = self.command(redis::cmd("INFO").arg("replication").take()).await?;
        Ok(replication_id(&info).into_iter().collect())
    }

    async fn command(&self, command: Cmd) -> Result<redis::Value, Error> {
        let run = |mut connection: MultiplexedConnection| {
            let command = &command;
            async move { connection.send_packed_command(command).await }
        };
        self.with_connection(run).await.map_err(|error| Error::Unavailable(Some(error)))
    }

    /// Runs something on the connection; once more if the connection turns out to have been closed
    /// meanwhile, which every script allows.
    async fn with_connection<T, F, R>(&self, run: F) -> Result<T, RedisError>
    where
        F: Fn(MultiplexedConnection) -> R,
        R: Future<Output = Result<T, RedisError>>,
    {
        let all = async {
            let closed = match self.once(&run).await {
                Err(error) if error.is_connection_dropped() => error,
                done => return done,
            };
            tracing::debug!(error = %closed, "the connection was closed; trying a new one");
            self.once(&run).await
        };
        tokio::time::timeout(CALL_LIMIT, all).await.unwrap_or_else(|_| Err(timed_out()))
    }

    async fn once<T, F, R>(&self, run: &F) -> Result<T, RedisError>
    where
        F: Fn(MultiplexedConnection) -> R,
        R: Future<Output = Result<T, RedisError>>,
    {
        let source = self.source.clone();
        let (generation, connection) = self.slot.get(|| source.connect()).await?;
        let discard = Discard { slot: &self.slot, generation, armed: true };
        let done = run(connection).await;
        discard.unless(done.as_ref().err().is_none_or(|error| !breaks_connection(error)));
        done
    }
}

/// Discards the connection unless told otherwise, also when the caller is cut off: an answer that
/// never came says nothing good about who should have sent it.
struct Discard<'a, C: Clone + Send + Sync + 'static> {
    slot: &'a Slot<C>,
    generation: u64,
    armed: bool,
}

impl<C: Clone + Send + Sync + 'static> Discard<'_, C> {
    fn unless(mut self, well: bool) {
        self.armed = !well;
    }
}

impl<C: Clone + Send + Sync + 'static> Drop for Discard<'_, C> {
    fn drop(&mut self) {
        if self.armed {
            self.slot.discard(self.generation);
        }
    }
}

impl Source {
    async fn connect(self) -> Result<MultiplexedConnection, RedisError> {
        match self {
            Self::Standalone(client) => connect(&client, RESPONSE_LIMIT).await,
            Self::Sentinel { sentinels, master, template } => {
                let mut failure = (ErrorKind::MasterNameNotFoundBySentinel, "no master").into();
                for sentinel in &sentinels {
                    match ask_sentinel(sentinel, &master).await {
                        Ok((host, port)) => {
                            let address = ConnectionAddr::Tcp(host, port);
                            let node = Client::open(template.clone().set_addr(address))?;
                            match connect_to_master(&node).await {
                                Ok(connection) => return Ok(connection),
                                Err(error) => failure = error,
                            }
                        }
                        Err(error) => failure = error,
                    }
                }
                Err(failure)
            }
        }
    }
}

async fn connect(
    client: &Client,
    response_limit: Duration,
) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_LIMIT))
        .set_response_timeout(Some(response_limit))
        .set_pipeline_buffer_size(PIPELINE_COMMANDS);
    client.get_multiplexed_async_connection_with_config(&config).await
}

async fn ask_sentinel(sentinel: &Client, master: &str) -> Result<(String, u16), RedisError> {
    let ask = async {
        let mut connection = connect(sentinel, SENTINEL_LIMIT).await?;
        let mut question = redis::cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
        let address: Option<(String, u16)> = question.query_async(&mut connection).await?;
        address.ok_or_else(|| (ErrorKind::MasterNameNotFoundBySentinel, "no such master").into())
    };
    tokio::time::timeout(SENTINEL_LIMIT, ask).await.unwrap_or_else(|_| Err(timed_out()))
}

/// A Sentinel may still name the old master just after a fail-over.
async fn connect_to_master(node: &Client) -> Result<MultiplexedConnection, RedisError> {
    let mut connection = connect(node, RESPONSE_LIMIT).await?;
    let role: redis::Value = redis::cmd("ROLE").query_async(&mut connection).await?;
    match &role {
        redis::Value::Array(parts) => match parts.first() {
            Some(redis::Value::BulkString(role)) if role == b"master" => Ok(connection),
            _ => Err((ErrorKind::Server(ServerErrorKind::ReadOnly), "not a master").into()),
        },
        _ => Err((ErrorKind::UnexpectedReturnType, "not a role").into()),
    }
}

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
            let nodes = self.nodes.clone();
            let (generation, connection) = self.slot.get(|| connect_cluster(nodes)).await?;
            let discard = Discard { slot: &self.slot, generation, armed: true };
            let done = run(connection).await;
            discard.unless(done.as_ref().err().is_none_or(|error| !breaks_connection(error)));
            done
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

fn client(node: ConnectionInfo) -> Result<Client, Error> {
    Client::open(node).map_err(|_| Error::Address("host or port"))
}

fn evalsha(call: &Call) -> Cmd {
    let arguments = call.arguments.iter();
    let size = call.arguments.size() + call.keys.iter().map(String::len).sum::<usize>() + 64;
    let mut command = Cmd::with_capacity(3 + call.keys.len() + arguments.len(), size);
    command.arg("EVALSHA").arg(call.script.digest()).arg(call.keys.len());
    for key in &call.keys {
        command.arg(key);
    }
    for argument in arguments {
        command.arg(argument);
    }
    command
}

/// Runs a script, and loads it where it is not known: after a restart, a fail-over, or a flush.
async fn evaluate(
    connection: &mut impl ConnectionLike,
    script: &Script,
    command: &Cmd,
) -> Result<redis::Value, RedisError> {
    let no_script = ErrorKind::Server(ServerErrorKind::NoScript);
    match done(connection.req_packed_command(command).await) {
        Err(error) if error.kind() == no_script => {
            let mut load = redis::cmd("SCRIPT");
            load.arg("LOAD").arg(script.text());
            done(connection.req_packed_command(&load).await)?;
            done(connection.req_packed_command(command).await)
        }
        value => value,
    }
}

fn done(value: Result<redis::Value, RedisError>) -> Result<redis::Value, RedisError> {
    match value? {
        redis::Value::ServerError(error) => Err(error.into()),
        value => Ok(value),
    }
}

/// True when a new connection may do better.
fn breaks_connection(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_unrecoverable_error()
        || matches!(
            error.kind(),
            ErrorKind::ClusterConnectionNotFound
                | ErrorKind::Server(
                    ServerErrorKind::ReadOnly
                        | ServerErrorKind::MasterDown
                        | ServerErrorKind::BusyLoading
                )
        )
}

/// A script's own failure, or a server that cannot serve now.
fn fault(script: &'static str, error: RedisError) -> Error {
    let of_script = match error.kind() {
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::ResponseError
                | ServerErrorKind::CrossSlot
                | ServerErrorKind::NoPerm
                | ServerErrorKind::ExecAbort
        ),
        ErrorKind::Extension => !matches!(error.code(), Some("OOM" | "BUSY" | "NOREPLICAS" | "MISCONF")),
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => true,
        _ => false,
    };
    if of_script {
        return Error::Script { script, reason: error.to_string() };
    }
    Error::Unavailable(Some(error))
}

fn timed_out() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

fn read(call: &Call, value: redis::Value) -> Result<Value, Error> {
    let malformed = Error::Malformed { script: call.script.name };
    convert(value).ok_or(malformed)
}

fn convert(value: redis::Value) -> Option<Value> {
    Some(match value {
        redis::Value::Nil => Value::Nil,
        redis::Value::Int(number) => Value::Integer(number),
        redis::Value::BulkString(bytes) => Value::Bytes(bytes),
        redis::Value::SimpleString(text) => Value::Bytes(text.into_bytes()),
        redis::Value::Okay => Value::Bytes(b"OK".to_vec()),
        redis::Value::Array(items) => {
            Value::List(items.into_iter().map(convert).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn replication_id(info: &redis::Value) -> Option<String> {
    let text = match info {
        redis::Value::BulkString(bytes) => String::from_utf8_lossy(bytes),
        redis::Value::SimpleString(text) | redis::Value::VerbatimString { text, .. } => {
            text.as_str().into()
        }
        _ => return None,
    };
    let line = text.lines().find_map(|line| line.strip_prefix("master_replid:"))?;
    Some(line.trim().to_owned())
}
