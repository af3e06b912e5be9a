//! Points in time. This crate never reads a clock; whoever needs one is handed a [`Clock`].

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A source of the current time: the system's in production, a settable one in tests and simulation.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch.
    fn now(&self) -> Timestamp;
}

/// Milliseconds since the Unix epoch, UTC; written as RFC 3339 with three fractional digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Milliseconds since the Unix epoch.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    pub fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_millis(seconds.saturating_mul(1000))
    }

    /// Reads any RFC 3339 time; what is finer than a millisecond is cut off. One whose offset leads
    /// beyond the years that can be written in UTC is none.
    pub fn parse(text: &str) -> Option<Self> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let millis = i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok()?;
        Some(Self(millis)).filter(|time| time.text().is_some())
    }
}

/// `0000-00-00T00:00:00.000Z`, its digits put in by hand: every answer tells a time, and formatting
/// seven padded numbers costs more than the rest of a small answer.
type Text = [u8; 24];

impl Timestamp {
    /// None outside of the years 0 to 9999.
    fn text(self) -> Option<Text> {
        let nanos = i128::from(self.0) * 1_000_000;
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
        let (year, month, day) = time.to_calendar_date();
        let (hour, minute, second, milli) = time.to_hms_milli();
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut put = |end: usize, mut number: u16| {
            let mut place = end;
            while number > 0 {
                place -= 1;
                text[place] += (number % 10) as u8;
                number /= 10;
            }
        };
        put(4, u16::try_from(year).ok()?);
        put(7, u8::from(month).into());
        put(10, day.into());
        put(13, hour.into());
        put(16, minute.into());
        put(19, second.into());
        put(23, milli);
        Some(text)
    }
}

fn as_str(text: &Text) -> &str {
    std::str::from_utf8(text).expect("digits and separators")
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(as_str(&self.text().ok_or(fmt::Error)?))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.text().ok_or_else(|| ser::Error::custom("a time beyond the year 9999"))?;
        serializer.serialize_str(as_str(&text))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not an RFC 3339 time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_with_milliseconds() {
        let time = Timestamp::parse("2026-11-21T06:30:00.1239+01:00").unwrap();
        assert_eq!(time.to_string(), "2026-11-21T05:30:00.123Z");
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn every_part_of_a_time_is_padded() {
        for text in [
            "0000-01-01T00:00:00.000Z",
            "0999-12-31T23:59:59.999Z",
            "1969-12-31T23:59:59.009Z",
            "2028-02-29T01:02:03.045Z",
            "9999-12-31T23:59:59.999Z",
        ] {
            let time = Timestamp::parse(text).unwrap();
            assert_eq!(time.to_string(), text);
            assert_eq!(serde_json::to_string(&time).unwrap(), format!("\"{text}\""));
        }
    }

    #[test]
    fn a_time_that_rfc_3339_cannot_tell_is_not_written() {
        for beyond in [Timestamp(i64::MAX), Timestamp(-62_167_219_200_001)] {
            assert!(serde_json::to_string(&beyond).is_err(), "{beyond:?}");
        }
    }

    #[test]
    fn a_time_whose_offset_leads_beyond_the_years_is_not_taken() {
        for text in ["9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
