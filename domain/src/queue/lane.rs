//! Lanes of a line, places in them, and the ways in.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A line's queues. Each numbers its places densely from 0 and has a cursor of its own.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    #[default]
    General,
    /// By a signed invite code; its share of the admissions is published.
    Priority,
}

impl Lane {
    pub const ALL: [Self; 2] = [Self::General, Self::Priority];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Priority => "priority",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == text)
    }

    /// 0 general, 1 priority: its place in every pair that is kept a lane.
    pub fn number(self) -> usize {
        match self {
            Self::General => 0,
            Self::Priority => 1,
        }
    }

    /// The opposite of `number`.
    pub fn from_number(number: u64) -> Option<Self> {
        match number {
            0 => Some(Self::General),
            1 => Some(Self::Priority),
            _ => None,
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a person stands: what a signed place says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub lane: Lane,
    /// In order of joining, from 0.
    pub index: u64,
}

impl Place {
    /// One number for both: `index * 2 + lane`. An index is far below 2⁶³.
    pub fn number(self) -> u64 {
        self.index * 2 + self.lane.number() as u64
    }

    /// The opposite of `number`.
    pub fn from_number(number: u64) -> Self {
        let lane = if number.is_multiple_of(2) { Lane::General } else { Lane::Priority };
        Self { lane, index: number / 2 }
    }
}

/// How somebody gets in. Each way has a cursor: what is below it has been released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    General,
    Priority,
    /// For places whose turn was missed, in the order in which such people were seen again.
    Grace,
}

impl Way {
    pub const ALL: [Self; 3] = [Self::General, Self::Priority, Self::Grace];

    /// 0 general, 1 priority, 2 grace: its place in every triple that is kept a way.
    pub fn number(self) -> usize {
        match self {
            Self::General => 0,
            Self::Priority => 1,
            Self::Grace => 2,
        }
    }

    /// The opposite of `number`.
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.number() as u64 == number)
    }
}

impl From<Lane> for Way {
    fn from(lane: Lane) -> Self {
        match lane {
            Lane::General => Self::General,
            Lane::Priority => Self::Priority,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_one_number_and_back() {
        for (lane, index, number) in
            [(Lane::General, 0, 0), (Lane::Priority, 0, 1), (Lane::General, 7, 14)]
        {
            assert_eq!(Place { lane, index }.number(), number);
            assert_eq!(Place::from_number(number), Place { lane, index });
        }
    }

    #[test]
    fn lanes_and_ways_are_read_as_they_are_written() {
        for lane in Lane::ALL {
            assert_eq!(Lane::parse(lane.as_str()), Some(lane));
            assert_eq!(Lane::from_number(lane.number() as u64), Some(lane));
            assert_eq!(Way::from(lane).number(), lane.number());
        }
        for way in Way::ALL {
            assert_eq!(Way::from_number(way.number() as u64), Some(way));
        }
        assert_eq!(
            (Lane::parse("vip"), Lane::from_number(2), Way::from_number(3)),
            (None, None, None)
        );
    }
}
