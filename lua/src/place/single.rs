//! One Redis at a time: a standalone server, or whichever the Sentinels call master.

use std::{future::Future, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, RedisError,
    ServerErrorKind, aio::MultiplexedConnection,
};

use super::{
    address::Sentinels,
    connecting::{Discard, Slot},
    redis::{
        CALL_LIMIT, CONNECT_LIMIT, RESPONSE_LIMIT, evalsha, evaluate, fault, read, replication_id,
        timed_out,
    },
};
use crate::{answer::Value, error::Error, scripts::Call};

/// For a Sentinel to answer; the next one is asked then.
const SENTINEL_LIMIT: Duration = Duration::from_millis(300);
/// Commands that may wait to be written on one connection before callers have to wait for it.
const PIPELINE_COMMANDS: usize = 1_024;

/// One server at a time.
pub(crate) struct Single {
    source: Source,
    slot: Slot<MultiplexedConnection>,
}

#[derive(Clone)]
enum Source {
    Standalone(Client),
    Sentinel { sentinels: Vec<Client>, master: String, template: ConnectionInfo },
}

impl Single {
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

    pub async fn command(&self, command: Cmd) -> Result<redis::Value, Error> {
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
        let connect = || self.source.clone().connect();
        let (generation, connection) = self.slot.get(connect).await?;
        let discard = Discard::new(&self.slot, generation);
        discard.after(run(connection).await)
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

fn client(node: ConnectionInfo) -> Result<Client, Error> {
    Client::open(node).map_err(|_| Error::Address("host or port"))
}
