//! `set_line`: what the line's leader tells everybody.

use super::controlled::{Controlled, fenced};
use crate::{
    Error, Partition, Store,
    scripts::{Call, SET_LINE},
};

/// What a leader may set. Counters move by their own scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineField {
    /// A word of [`super::LinePhase`].
    Phase,
    /// A decimal number; 0: any number may wait.
    WaitingMax,
    Draw,
    Notes,
}

impl LineField {
    fn as_str(self) -> &'static str {
        match self {
            Self::Phase => "phase",
            Self::WaitingMax => "waiting_max",
            Self::Draw => "draw",
            Self::Notes => "notes",
        }
    }
}

impl Store {
    /// Sets fields, all of them or none. A higher fence than the line has seen becomes its fence,
    /// also when no field is set.
    pub async fn set_line(
        &self,
        partition: &Partition,
        term: u64,
        fence: u64,
        fields: &[(LineField, String)],
    ) -> Result<Controlled<()>, Error> {
        let mut call = Call::new(&SET_LINE, partition);
        fenced(&mut call, term, fence);
        for (field, value) in fields {
            call.rest(field.as_str().as_bytes());
            call.rest(value.as_bytes());
        }
        Ok(match self.run_fenced(&call).await? {
            Controlled::Done(mut answer) => Controlled::Done(answer.done_at().map(|_| ())?),
            Controlled::OtherTerm { current } => Controlled::OtherTerm { current },
            Controlled::Fenced { fence } => Controlled::Fenced { fence },
        })
    }
}
