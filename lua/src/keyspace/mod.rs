//! What Redis keeps, as far as the scripts need it: strings, hashes, lists, sorted sets, streams,
//! and a closed list of commands ([`COMMANDS`]).
//!
//! Stricter than Redis where Redis is lenient, so that a script which leans on a corner fails here:
//! a score is an integer, a number as an argument is one too, and nothing outside the list works.
//! Keys have no lives. Knows no Lua, reads no clock and has no name: what a server knows beside its keys
//! is handed in with each command.

use std::collections::{BTreeMap, VecDeque};

use domain::time::Timestamp;

mod hashes;
mod lists;
mod sorted_sets;
mod streams;
mod strings;

pub use sorted_sets::SortedSet;
pub use streams::{EntryId, Stream};

/// All commands that a script may call, here and in Redis.
pub const COMMANDS: &[&str] = &[
    "DEL",
    "GETRANGE",
    "HDEL",
    "HGET",
    "HGETALL",
    "HMGET",
    "HSET",
    "HSETNX",
    "INFO",
    "LLEN",
    "LRANGE",
    "LTRIM",
    "RPUSH",
    "SET",
    "SETRANGE",
    "STRLEN",
    "TIME",
    "XADD",
    "XRANGE",
    "XREVRANGE",
    "ZADD",
    "ZCARD",
    "ZRANGEBYSCORE",
    "ZREM",
];

/// All keys and what is under them. Equal keyspaces answer every command equally.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyspace {
    keys: BTreeMap<Vec<u8>, Entry>,
}

/// What one key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    String(Vec<u8>),
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    List(VecDeque<Vec<u8>>),
    SortedSet(SortedSet),
    Stream(Stream),
}

/// What a server knows beside its keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server<'a> {
    pub now: Timestamp,
    pub replication_id: &'a str,
}

/// A command's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Status(&'static str),
    Nil,
    Integer(i64),
    Bytes(Vec<u8>),
    List(Vec<Answered>),
}

/// The text of a command's error.
pub(crate) type Failure = String;

const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

impl Keyspace {
    /// Key by key.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Entry)> {
        self.keys.iter().map(|(key, entry)| (key.as_slice(), entry))
    }

    /// Puts a value under a key, for a keyspace that is read from elsewhere.
    pub fn insert(&mut self, key: Vec<u8>, entry: Entry) {
        self.keys.insert(key, entry);
    }

    /// Runs one command: its name, then its arguments.
    pub(crate) fn run(
        &mut self,
        command: &[Vec<u8>],
        server: Server<'_>,
    ) -> Result<Answered, Failure> {
        let Some((name, rest)) = command.split_first() else {
            return Err("ERR Please specify at least one argument for this redis.call".into());
        };
        match (name.to_ascii_uppercase().as_slice(), rest) {
            (b"TIME", []) => Ok(time(server.now)),
            (b"INFO", [section]) => info(section, server.replication_id),
            (b"DEL", keys) if !keys.is_empty() => Ok(self.delete(keys)),
            (b"GETRANGE", [key, start, end]) => self.get_range(key, start, end),
            (b"SETRANGE", [key, offset, value]) => self.set_range(key, offset, value),
            (b"STRLEN", [key]) => self.string_length(key),
            (b"SET", [key, value]) => Ok(self.set(key, value)),
            (b"HGET", [key, field]) => self.hash_get(key, field),
            (b"HMGET", [key, fields @ ..]) if !fields.is_empty() => {
                self.hash_get_all_of(key, fields)
            }
            (b"HGETALL", [key]) => self.hash_get_all(key),
            (b"HSET", [key, pairs @ ..]) if !pairs.is_empty() && pairs.len() % 2 == 0 => {
                self.hash_set(key, pairs)
            }
            (b"HSETNX", [key, field, value]) => self.hash_set_new(key, field, value),
            (b"HDEL", [key, fields @ ..]) if !fields.is_empty() => self.hash_delete(key, fields),
            (b"RPUSH", [key, items @ ..]) if !items.is_empty() => self.list_push(key, items),
            (b"LLEN", [key]) => self.list_length(key),
            (b"LRANGE", [key, start, end]) => self.list_range(key, start, end),
            (b"LTRIM", [key, start, end]) => self.list_trim(key, start, end),
            (b"ZADD", [key, pairs @ ..]) if !pairs.is_empty() && pairs.len() % 2 == 0 => {
                self.sorted_set_add(key, pairs)
            }
            (b"ZCARD", [key]) => self.sorted_set_size(key),
            (b"ZREM", [key, members @ ..]) if !members.is_empty() => {
                self.sorted_set_remove(key, members)
            }
            (b"ZRANGEBYSCORE", [key, low, high, rest @ ..]) => {
                self.sorted_set_range(key, low, high, rest)
            }
            (b"XADD", [key, rest @ ..]) => self.stream_add(key, rest),
            (b"XRANGE", [key, from, to, rest @ ..]) => self.stream_range(key, from, to, rest),
            (b"XREVRANGE", [key, to, from, rest @ ..]) => {
                self.stream_range_back(key, to, from, rest)
            }
            (name, _) => {
                let name = String::from_utf8_lossy(name);
                if COMMANDS.contains(&name.as_ref()) {
                    Err(format!("ERR Wrong number of args calling {name} from script"))
                } else {
                    Err(format!("ERR {name} is not among the commands that scripts may call"))
                }
            }
        }
    }

    fn delete(&mut self, keys: &[Vec<u8>]) -> Answered {
        let deleted = keys.iter().filter(|key| self.keys.remove(*key).is_some());
        Answered::Integer(deleted.count() as i64)
    }
}

fn time(now: Timestamp) -> Answered {
    let millis = now.as_millis();
    let part = |number: i64| Answered::Bytes(number.to_string().into_bytes());
    Answered::List(vec![part(millis.div_euclid(1000)), part(millis.rem_euclid(1000) * 1000)])
}

/// Of one section the one line that scripts ask for.
fn info(section: &[u8], replication_id: &str) -> Result<Answered, Failure> {
    match section {
        b"replication" => {
            let text = format!("# Replication\r\nmaster_replid:{replication_id}\r\n");
            Ok(Answered::Bytes(text.into_bytes()))
        }
        _ => Err("ERR scripts ask INFO for the replication alone".into()),
    }
}

fn integer(text: &[u8]) -> Result<i64, Failure> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| "ERR value is not an integer or out of range".into())
}

fn bytes(value: &[u8]) -> Answered {
    Answered::Bytes(value.to_vec())
}
