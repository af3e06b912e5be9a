//! Arguments and rows: numbers, texts and bytes, which is all that the schema knows.

use std::str::FromStr;

use domain::{
    id::{EventId, OrderId, TicketId},
    time::Timestamp,
};
use sqlx::{Postgres, Row as _, Sqlite, postgres::PgRow, sqlite::SqliteRow};

use crate::error::Error;

/// A value for a placeholder. A null has a type: Postgres asks for it.
#[derive(Clone)]
pub(crate) enum Arg<'a> {
    Int(Option<i64>),
    Text(Option<&'a str>),
    Owned(String),
    Bytes(&'a [u8]),
}

/// A list of arguments from anything that has a `From`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::row::Arg::from($value)),*] };
}
pub(crate) use args;

macro_rules! arg_from {
    ($($type:ty => |$value:ident| $arg:expr),* $(,)?) => {
        $(impl<'a> From<$type> for Arg<'a> {
            fn from($value: $type) -> Self { $arg }
        })*
    };
}

arg_from! {
    i64 => |value| Arg::Int(Some(value)),
    u32 => |value| Arg::Int(Some(i64::from(value))),
    u16 => |value| Arg::Int(Some(i64::from(value))),
    bool => |value| Arg::Int(Some(i64::from(value))),
    Timestamp => |value| Arg::Int(Some(value.as_millis())),
    Option<i64> => |value| Arg::Int(value),
    Option<u32> => |value| Arg::Int(value.map(i64::from)),
    Option<u16> => |value| Arg::Int(value.map(i64::from)),
    Option<Timestamp> => |value| Arg::Int(value.map(Timestamp::as_millis)),
    String => |value| Arg::Owned(value),
    &'a String => |value| Arg::Text(Some(value)),
    &'a str => |value| Arg::Text(Some(value)),
    Option<&'a str> => |value| Arg::Text(value),
    &'a [u8] => |value| Arg::Bytes(value),
    &'a EventId => |value| Arg::Text(Some(value.as_str())),
    &'a OrderId => |value| Arg::Text(Some(value.as_str())),
    &'a TicketId => |value| Arg::Text(Some(value.as_str())),
}

/// A number of the wider type in its column.
pub(crate) fn count(value: u64) -> Result<i64, Error> {
    i64::try_from(value).map_err(|_| Error::InvalidInput("a number out of range"))
}

/// A row that was read; columns are asked for by name.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    fn get<'r, T>(&'r self, column: &str) -> Result<T, Error>
    where
        T: sqlx::Decode<'r, Sqlite>
            + sqlx::Type<Sqlite>
            + sqlx::Decode<'r, Postgres>
            + sqlx::Type<Postgres>,
    {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, Error> {
        self.get(column)
    }

    pub(crate) fn int_or_null(&self, column: &str) -> Result<Option<i64>, Error> {
        self.get(column)
    }

    /// A number in a narrower type.
    pub(crate) fn small<T: TryFrom<i64>>(&self, column: &str) -> Result<T, Error> {
        T::try_from(self.int(column)?).map_err(|_| Error::Corrupt("a number out of range"))
    }

    pub(crate) fn small_or_null<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>, Error> {
        self.int_or_null(column)?
            .map(|value| T::try_from(value).map_err(|_| Error::Corrupt("a number out of range")))
            .transpose()
    }

    pub(crate) fn flag(&self, column: &str) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp, Error> {
        Ok(Timestamp(self.int(column)?))
    }

    pub(crate) fn time_or_null(&self, column: &str) -> Result<Option<Timestamp>, Error> {
        Ok(self.int_or_null(column)?.map(Timestamp))
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, Error> {
        self.get(column)
    }

    pub(crate) fn text_or_null(&self, column: &str) -> Result<Option<String>, Error> {
        self.get(column)
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, Error> {
        self.get(column)
    }

    /// A text that stands for something: an identifier, a currency.
    pub(crate) fn parsed<T: FromStr>(&self, column: &str) -> Result<T, Error> {
        self.text(column)?.parse().map_err(|_| Error::Corrupt("a text that does not parse"))
    }
}
