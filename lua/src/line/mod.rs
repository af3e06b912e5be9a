//! The line of an event: who stands where, how far it has moved, who is inside.
//!
//! One line per event whose queue is on, beside the event's inventory and in its slot.
//!
//! | key | |
//! |---|---|
//! | `line` | hash: `term`, `fence`, `phase`; by lane `joined0`, `joined1` (the next index), `ceiling0`, `ceiling1` (indexes below may be given out), `size0`, `size1` (entries at the draw), `cursor0`, `cursor1`, and `cursor2` of the grace (positions released); `waiting_max` (0: none); `master`, the replication id under which it was laid, with a `+` as long as passes are missing; `draw` and `notes`, texts that only their readers understand |
//! | `members:…` | 65,536 small hashes by the person's first two bytes: the other ten → the person's number, `2 × index + lane` |
//! | `entries`, `entries_priority` | strings, by index: the person's 12 bytes; zeros: nobody |
//! | `passes` | hash: person → a record (`pass.rs`) |
//! | `inside` | sorted set: people with a live pass, by its deadline |
//! | `ended` | list: a letter why, the person, and the place's number, of each pass that ended, in order |
//! | `graced` | list: people by grace number |
//! | `entered` | list: `<way>:<position>:<time>` of each entry |
//! | `batches` | list: `<time>:<cursor0>:<cursor1>:<cursor2>` after each admission |
//!
//! A line is laid under a *term*, a number from the ledger. Every script compares it before
//! anything else and refuses another one, so that nobody works on a line that was laid anew
//! meanwhile. And it is laid *here*: every script compares the replication id under which the line was
//! laid with that of the server it runs on. Behind a fail-over or a restart they differ, and there is
//! no line: what the store may have forgotten is given to nobody, however little a process knows. Who leads the line (sets the phase, closes the entries, admits) shows a *fence* as
//! well: a lower one than the line has seen is refused.
//!
//! An index is given once under a term, dense from 0 per lane; a join that is refused costs none.
//! The lists only grow, so a reader asks for what comes after what it knows.

mod add_passes;
mod admit;
mod close_entries;
mod controlled;
mod enter_line;
mod join_grace;
mod join_line;
mod lay_line;
mod leave_line;
mod pass;
mod pass_state;
mod place;
mod raise_ceilings;
mod read_entries;
mod read_line;
mod renew_pass;
mod set_line;
mod termed;

pub use admit::Admitted;
pub use controlled::Controlled;
pub use domain::queue::{LinePhase, PassEnd};
pub use enter_line::{Entered, Way};
pub use join_grace::{GraceWish, Graced};
pub use join_line::{Join, JoinReply, Joined};
pub use lay_line::{Laid, LayLine, Laying};
pub use leave_line::Left;
pub use pass::PassRecord;
pub use place::LinePlace;
pub use read_line::{
    BatchMark, EndedMark, EnteredMark, EnteredWay, LineRead, ListPart, ListPositions, Reader,
};
pub use set_line::LineField;
pub use termed::Termed;
