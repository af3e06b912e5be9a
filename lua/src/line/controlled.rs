//! Calls of whoever leads the line: under a term, and with a fence.

use super::termed::{self, Termed};
use crate::{Error, Store, answer::Answer, scripts::Call};

/// What a script of the line's leader answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Controlled<T> {
    Done(T),
    /// The line is not the one that was meant; nothing was changed. `None`: there is none.
    OtherTerm {
        current: Option<u64>,
    },
    /// Somebody leads the line with a higher fence; nothing was changed.
    Fenced {
        fence: u64,
    },
}

impl Store {
    /// Runs one script that compares the term and the fence.
    pub(super) async fn run_fenced(&self, call: &Call) -> Result<Controlled<Answer>, Error> {
        let mut answer = match self.run_in_term(call).await? {
            Termed::Done(answer) => answer,
            Termed::OtherTerm { current } => return Ok(Controlled::OtherTerm { current }),
        };
        match answer.split_off(b"fenced")? {
            None => Ok(Controlled::Done(answer)),
            Some(fence) => {
                let fence = crate::runs::number(&fence).ok_or_else(|| answer.malformed())?;
                Ok(Controlled::Fenced { fence })
            }
        }
    }
}

/// The first two arguments of every script that compares both.
pub(super) fn fenced(call: &mut Call, term: u64, fence: u64) {
    termed::term(call, term);
    termed::number(call, "fence", fence);
}
