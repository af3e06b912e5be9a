//! What a script answers, whichever place it ran at, and how bindings take it apart.

use std::vec;

use domain::time::Timestamp;

use crate::{error::Error, runs};

/// A value of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Nil,
    Integer(i64),
    Bytes(Vec<u8>),
    List(Vec<Value>),
}

/// The rest of a script's answer: `{outcome, last id of the deltas, time, …}` without what was
/// taken already.
pub(crate) struct Answer {
    script: &'static str,
    items: vec::IntoIter<Value>,
}

impl Answer {
    pub fn new(script: &'static str, value: Value) -> Result<Self, Error> {
        match value {
            Value::List(items) => Ok(Self { script, items: items.into_iter() }),
            _ => Err(Error::Malformed { script }),
        }
    }

    pub fn malformed(&self) -> Error {
        Error::Malformed { script: self.script }
    }

    pub fn is_empty(&self) -> bool {
        self.items.len() == 0
    }

    pub fn value(&mut self) -> Result<Value, Error> {
        self.items.next().ok_or_else(|| self.malformed())
    }

    pub fn bytes(&mut self) -> Result<Vec<u8>, Error> {
        match self.value()? {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(self.malformed()),
        }
    }

    pub fn integer(&mut self) -> Result<i64, Error> {
        match self.value()? {
            Value::Integer(number) => Ok(number),
            _ => Err(self.malformed()),
        }
    }

    /// A decimal number in a string.
    pub fn number<T: std::str::FromStr>(&mut self) -> Result<T, Error> {
        let bytes = self.bytes()?;
        runs::number(&bytes).ok_or_else(|| self.malformed())
    }

    pub fn time(&mut self) -> Result<Timestamp, Error> {
        self.integer().map(Timestamp)
    }

    /// An identifier of the delta stream, `<epoch>-<version>`.
    pub fn position(&mut self) -> Result<(u64, u64), Error> {
        let bytes = self.bytes()?;
        position(&bytes).ok_or_else(|| self.malformed())
    }

    /// What all answers begin with: the outcome, the version and the time.
    pub fn head(&mut self) -> Result<(Vec<u8>, u64, Timestamp), Error> {
        Ok((self.bytes()?, self.position()?.1, self.time()?))
    }

    /// The head of a script that knows one outcome.
    pub fn done(&mut self) -> Result<(u64, Timestamp), Error> {
        let (outcome, version, now) = self.head()?;
        if outcome == b"done" { Ok((version, now)) } else { Err(self.malformed()) }
    }

    /// Seats as runs.
    pub fn seats(&mut self) -> Result<Vec<u32>, Error> {
        let bytes = self.bytes()?;
        runs::read(&bytes).ok_or_else(|| self.malformed())
    }

    /// Numbers parted by commas.
    pub fn numbers<T: std::str::FromStr>(&mut self) -> Result<Vec<T>, Error> {
        let bytes = self.bytes()?;
        let numbers: Option<Vec<T>> = runs::parts(&bytes).map(runs::number).collect();
        numbers.ok_or_else(|| self.malformed())
    }
}

pub(crate) fn position(text: &[u8]) -> Option<(u64, u64)> {
    let dash = text.iter().position(|byte| *byte == b'-')?;
    Some((runs::number(&text[..dash])?, runs::number(&text[dash + 1..])?))
}

impl Answer {
    /// The epoch or term (`what`) that stands, if the script refused to work under the one it was
    /// given.
    pub fn split_off(&mut self, what: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        match self.items.as_slice().first() {
            Some(Value::Bytes(outcome)) if outcome == what => {
                self.value()?;
                self.bytes().map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The epoch that stands, as [`Self::split_off`].
    pub fn split_off_epoch(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.split_off(b"epoch")
    }

    /// A list within the list.
    pub fn list(&mut self) -> Result<Answer, Error> {
        let value = self.value()?;
        Self::new(self.script, value)
    }
}
