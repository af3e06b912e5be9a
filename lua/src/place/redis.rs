//! What every Redis has in common: how a script is called, how long anything may take, and what an
//! error means.
//!
//! Every wait has an end: a lost server costs a caller at most [`CALL_LIMIT`].

use std::time::Duration;

use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, aio::ConnectionLike};

use crate::{
    answer::Value,
    error::Error,
    scripts::{Call, Script},
};

/// For one server to take a connection.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_millis(500);
/// For one server to answer.
pub(super) const RESPONSE_LIMIT: Duration = Duration::from_millis(2_500);
/// For a call with everything it takes, connecting and finding the master included.
pub(super) const CALL_LIMIT: Duration = Duration::from_millis(3_000);

pub(super) fn evalsha(call: &Call) -> Cmd {
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
pub(super) async fn evaluate(
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

/// A script's own failure, or a server that cannot serve now.
pub(super) fn fault(script: &'static str, error: RedisError) -> Error {
    let of_script = match error.kind() {
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::ResponseError
                | ServerErrorKind::CrossSlot
                | ServerErrorKind::NoPerm
                | ServerErrorKind::ExecAbort
        ),
        ErrorKind::Extension => {
            !matches!(error.code(), Some("OOM" | "BUSY" | "NOREPLICAS" | "MISCONF"))
        }
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => true,
        _ => false,
    };
    if of_script {
        return Error::Script { script, reason: error.to_string() };
    }
    Error::Unavailable(Some(error))
}

pub(super) fn timed_out() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

pub(super) fn read(call: &Call, value: redis::Value) -> Result<Value, Error> {
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

pub(super) fn replication_id(info: &redis::Value) -> Option<String> {
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
