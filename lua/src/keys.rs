//! Names of the keys of a partition. All share one hash tag, so that a script sees them together
//! in a cluster.

use domain::{hold::CustomerKey, id::EventId};

/// A part of an event's inventory that lives in one slot, and the event's line with it. Today every
/// event is one partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Partition {
    pub event: EventId,
    pub index: u8,
}

/// The layout of all keys, kept in the head of the seats. A change of any format gets a new number,
/// and with it new key names.
pub const LAYOUT: u32 = 1;

/// One key of a partition; the head of this crate says what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Seats,
    Owners,
    Records,
    Queue,
    Deadlines,
    Deltas,
    Line,
    Entries,
    EntriesPriority,
    Passes,
    Inside,
    Ended,
    Graced,
    Entered,
    Batches,
}

impl Key {
    /// All but the buckets of the members.
    pub const ALL: [Self; 15] = [
        Self::Seats,
        Self::Owners,
        Self::Records,
        Self::Queue,
        Self::Deadlines,
        Self::Deltas,
        Self::Line,
        Self::Entries,
        Self::EntriesPriority,
        Self::Passes,
        Self::Inside,
        Self::Ended,
        Self::Graced,
        Self::Entered,
        Self::Batches,
    ];

    /// The word in the key's name and in the heads of the scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seats => "seats",
            Self::Owners => "owners",
            Self::Records => "records",
            Self::Queue => "queue",
            Self::Deadlines => "deadlines",
            Self::Deltas => "deltas",
            Self::Line => "line",
            Self::Entries => "entries",
            Self::EntriesPriority => "entries_priority",
            Self::Passes => "passes",
            Self::Inside => "inside",
            Self::Ended => "ended",
            Self::Graced => "graced",
            Self::Entered => "entered",
            Self::Batches => "batches",
        }
    }
}

impl Partition {
    /// `hf:{evt_…/0}:seats` and so on.
    pub fn key(&self, key: Key) -> String {
        format!("hf:{{{}/{}}}:{}", self.event, self.index, key.as_str())
    }

    /// The bucket in which a person's number stands: `hf:{evt_…/0}:members:0a4f`, by the person's
    /// first two bytes. A million people in 65,536 small hashes take a third of what one large hash
    /// would.
    pub fn bucket(&self, person: CustomerKey) -> String {
        let [first, second, ..] = person.0;
        format!("hf:{{{}/{}}}:members:{first:02x}{second:02x}", self.event, self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_a_partition_share_one_tag() {
        let event = EventId::from_bytes([7; 18]);
        let partition = Partition { event: event.clone(), index: 0 };
        let mut names: Vec<String> = Key::ALL.map(|key| partition.key(key)).into();
        names.push(partition.bucket(CustomerKey([0xAB; 12])));
        for name in names {
            let tag = &name[name.find('{').unwrap() + 1..name.find('}').unwrap()];
            assert_eq!(tag, format!("{event}/0"));
        }
    }

    #[test]
    fn a_bucket_is_named_by_the_first_two_bytes() {
        let partition = Partition { event: EventId::from_bytes([7; 18]), index: 0 };
        let name = partition.bucket(CustomerKey([1, 0xFE, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
        assert!(name.ends_with("}:members:01fe"), "{name}");
    }
}
