//! The scripts, by name. Each is a file in `scripts/`; `prelude.lua` is put before every one of
//! them, so that the first line that runs reads the time once.
//!
//! What a script takes stands in its header and here; a test compares the two, and in builds with
//! assertions each call is compared with it as well.

use std::sync::LazyLock;

use domain::hold::CustomerKey;

use crate::keys::{Key, Partition};

/// A script and how it is called.
pub struct Script {
    /// Also the name of its binding, span and metrics.
    pub name: &'static str,
    /// The file, without the prelude.
    pub source: &'static str,
    /// In the order of KEYS.
    pub keys: &'static [Key],
    /// Whose buckets of the members follow them.
    pub people: People,
    /// In the order of ARGV. A last one with two dots takes all the rest.
    pub arguments: &'static [&'static str],
    invocation: LazyLock<redis::Script>,
}

/// Of whom a script takes the bucket of the members, after all other keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum People {
    None,
    One,
    /// One bucket for each person of the call, in their order; two people may share one.
    Each,
}

impl People {
    /// The word for the buckets in the heads of the scripts.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::One => Some("members"),
            Self::Each => Some("members.."),
        }
    }
}

/// What every script begins with.
pub const PRELUDE: &str = include_str!("../scripts/prelude.lua");

impl Script {
    /// Everything that runs: prelude and file.
    pub fn text(&self) -> String {
        format!("{PRELUDE}{}", self.source)
    }

    /// SHA-1 of the text, hexadecimal, as `EVALSHA` wants it.
    pub fn digest(&self) -> &str {
        self.invocation.get_hash()
    }
}

macro_rules! scripts {
    ($($constant:ident $name:literal [$($key:ident)*] $people:ident [$($argument:literal)*];)*) => {
        $(
            pub static $constant: Script = Script {
                name: $name,
                source: include_str!(concat!("../scripts/", $name, ".lua")),
                keys: &[$(Key::$key),*],
                people: People::$people,
                arguments: &[$($argument),*],
                invocation: LazyLock::new(|| redis::Script::new(&$constant.text())),
            };
        )*

        /// All of them.
        pub static ALL: &[&Script] = &[$(&$constant),*];
    };
}

scripts! {
    HOLD_SEATS "hold_seats" [Seats Owners Records Queue Deadlines Deltas Passes] None
        ["epoch" "next_id" "shape" "rest.."];
    READ_HOLD "read_hold" [Seats Records] None ["epoch" "key"];
    CHANGE_HOLD "change_hold" [Seats Owners Records Queue Deadlines Deltas] None
        ["epoch" "next_id" "key" "operation" "fingerprint" "customer_limit" "add" "remove" "areas"];
    EXTEND_HOLD "extend_hold" [Seats Records Deltas] None
        ["epoch" "next_id" "key" "operation" "fingerprint" "extension_ms" "extensions_max"];
    RELEASE_HOLD "release_hold" [Seats Records Deltas] None ["epoch" "next_id" "key"];
    PROMOTE_HOLDS "promote_holds" [Seats Owners Records Deadlines Deltas] None
        ["epoch" "next_id" "claims.."];
    COMMIT_CLAIMS "commit_claims" [Seats Owners Records Deadlines Deltas Passes Inside Ended] None
        ["epoch" "next_id" "claims.."];
    RELEASE_CLAIMS "release_claims" [Seats Records Deadlines Deltas] None
        ["epoch" "next_id" "claims.."];
    SWEEP_EXPIRED "sweep_expired" [Seats Records Queue Deadlines Deltas] None
        ["epoch" "next_id" "limit"];
    BLOCK_SEATS "block_seats" [Seats Owners Records Deltas] None
        ["epoch" "next_id" "block" "unblock"];
    READ_SNAPSHOT "read_snapshot" [Seats Records Deltas] None [];
    READ_DELTAS "read_deltas" [Seats Deltas] None ["after" "count"];
    REBUILD "rebuild" [Seats Owners Records Queue Deadlines Deltas] None
        ["epoch" "first_id" "seats" "owners" "areas" "claims.."];
    REQUIRE_PASS "require_pass" [Seats] None ["epoch" "required"];

    JOIN_LINE "join_line" [Line Entries EntriesPriority Passes] Each
        ["term" "people" "lanes" "shown"];
    READ_LINE "read_line" [Line Inside Batches Graced Ended Entered] None
        ["term" "batches_after" "graced_after" "ended_after" "entered_after" "wanted"];
    READ_ENTRIES "read_entries" [Entries EntriesPriority] None ["lane" "first" "last"];
    SET_LINE "set_line" [Line] None ["term" "fence" "fields.."];
    RAISE_CEILINGS "raise_ceilings" [Line] None ["term" "ceiling" "ceiling_priority"];
    CLOSE_ENTRIES "close_entries" [Line] None ["term" "fence"];
    ADMIT "admit" [Line Passes Inside Graced Ended Batches] None
        ["term" "fence" "cursor" "cursor_priority" "cursor_grace" "limit"];
    ENTER_LINE "enter_line" [Line Passes Inside Entered] One
        ["term" "person" "place" "way" "position" "pass_ms"];
    RENEW_PASS "renew_pass" [Line Passes Inside] None ["term" "person" "pass_ms"];
    LEAVE_LINE "leave_line" [Line Entries EntriesPriority Passes Inside Ended] One
        ["term" "person"];
    JOIN_GRACE "join_grace" [Line Passes Graced] Each ["term" "people" "places"];
    LAY_LINE "lay_line"
        [Line Entries EntriesPriority Passes Inside Ended Graced Entered Batches] None
        ["term" "values" "batches" "passes.."];
    ADD_PASSES "add_passes" [Line Passes Inside Ended] None ["term" "more" "passes.."];
    PASS_STATE "pass_state" [Line Passes] None ["term" "person"];
}

/// One call: the keys of a partition, and arguments one after the other.
pub(crate) struct Call {
    pub script: &'static Script,
    pub keys: Vec<String>,
    pub arguments: Arguments,
}

impl Call {
    pub fn new(script: &'static Script, partition: &Partition) -> Self {
        debug_assert_eq!(script.people, People::None);
        Self::of_people(script, partition, [])
    }

    /// With the buckets of some people.
    pub fn of_people(
        script: &'static Script,
        partition: &Partition,
        people: impl IntoIterator<Item = CustomerKey>,
    ) -> Self {
        let keys = script.keys.iter().map(|key| partition.key(*key));
        let buckets = people.into_iter().map(|person| partition.bucket(person));
        Self { script, keys: keys.chain(buckets).collect(), arguments: Arguments::default() }
    }

    /// The next argument, which the script knows by this name.
    pub fn argument(&mut self, name: &str, value: &[u8]) -> &mut Self {
        debug_assert_eq!(self.script.arguments.get(self.arguments.ends.len()), Some(&name));
        self.rest(value)
    }

    /// The next of the arguments that take the rest.
    pub fn rest(&mut self, value: &[u8]) -> &mut Self {
        self.arguments.push(|out| out.extend_from_slice(value));
        self
    }

    /// As `rest`, for a value that is written in place.
    pub fn rest_written(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        self.arguments.push(write);
        self
    }
}

/// Byte strings in one allocation.
#[derive(Default)]
pub(crate) struct Arguments {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Arguments {
    fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let start = |index: usize| if index == 0 { 0 } else { self.ends[index - 1] };
        (0..self.ends.len()).map(move |index| &self.bytes[start(index)..self.ends[index]])
    }

    /// Bytes of all of them.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}
