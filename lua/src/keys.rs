//! Names of the keys of a partition. All share one hash tag, so that a script sees them together
//! in a cluster.

use domain::id::EventId;

/// A part of an event's inventory that lives in one slot. Today every event is one partition.
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
}

impl Key {
    pub const ALL: [Self; 6] =
        [Self::Seats, Self::Owners, Self::Records, Self::Queue, Self::Deadlines, Self::Deltas];

    /// The word in the key's name and in the heads of the scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seats => "seats",
            Self::Owners => "owners",
            Self::Records => "records",
            Self::Queue => "queue",
            Self::Deadlines => "deadlines",
            Self::Deltas => "deltas",
        }
    }
}

impl Partition {
    /// `hf:{evt_…/0}:seats` and so on.
    pub fn key(&self, key: Key) -> String {
        format!("hf:{{{}/{}}}:{}", self.event, self.index, key.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_a_partition_share_one_tag() {
        let event = EventId::from_bytes([7; 18]);
        let partition = Partition { event: event.clone(), index: 0 };
        for key in Key::ALL {
            let name = partition.key(key);
            let tag = &name[name.find('{').unwrap() + 1..name.find('}').unwrap()];
            assert_eq!(tag, format!("{event}/0"));
        }
    }
}
