//! Calls under a term.

use domain::{hold::CustomerKey, time::Timestamp};

use crate::{
    Error, Store,
    answer::{Answer, Value},
    runs,
    scripts::{Call, Script},
};

/// Highest term that the scripts can tell apart.
pub(super) const TERM_MAX: u64 = 999_999_999_999_999;

/// What a script answers under the term it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Termed<T> {
    Done(T),
    /// The line is not the one that was meant; nothing was changed. `None`: there is none.
    OtherTerm {
        current: Option<u64>,
    },
}

impl<T> Termed<T> {
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Termed<U> {
        match self {
            Self::Done(done) => Termed::Done(change(done)),
            Self::OtherTerm { current } => Termed::OtherTerm { current },
        }
    }
}

impl Store {
    /// Runs one script that compares the term.
    pub(super) async fn run_in_term(&self, call: &Call) -> Result<Termed<Answer>, Error> {
        in_term(self.run(call).await?)
    }
}

/// The refusal of a script whose other answers are no lists.
pub(super) fn other_term_of<T>(script: &Script, value: Value) -> Result<Termed<T>, Error> {
    match in_term(Answer::new(script.name, value)?)? {
        Termed::OtherTerm { current } => Ok(Termed::OtherTerm { current }),
        Termed::Done(answer) => Err(answer.malformed()),
    }
}

fn in_term(mut answer: Answer) -> Result<Termed<Answer>, Error> {
    match answer.split_off(b"term")? {
        None => Ok(Termed::Done(answer)),
        Some(current) if current.is_empty() => Ok(Termed::OtherTerm { current: None }),
        Some(current) => {
            let current = runs::number(&current).ok_or_else(|| answer.malformed())?;
            Ok(Termed::OtherTerm { current: Some(current) })
        }
    }
}

/// The first argument of every script that compares the term.
pub(super) fn term(call: &mut Call, term: u64) {
    number(call, "term", term);
}

/// The next argument, a decimal number.
pub(super) fn number(call: &mut Call, name: &str, value: u64) {
    let mut text = Vec::with_capacity(20);
    runs::write_number(value, &mut text);
    call.argument(name, &text);
}

/// The life of a pass: 1 ms to a day.
pub(super) fn pass_ms(call: &mut Call, millis: i64) -> Result<(), Error> {
    const PASS_MS_MAX: i64 = 86_400_000;
    if !(1..=PASS_MS_MAX).contains(&millis) {
        return Err(Error::OutOfBounds { what: "life of a pass" });
    }
    number(call, "pass_ms", millis.unsigned_abs());
    Ok(())
}

impl Answer {
    /// The outcome and the time, with which answers of the line begin.
    pub(crate) fn outcome(&mut self) -> Result<(Vec<u8>, Timestamp), Error> {
        Ok((self.bytes()?, self.time()?))
    }

    /// As [`Self::outcome`], of a script that knows one outcome.
    pub(crate) fn done_at(&mut self) -> Result<Timestamp, Error> {
        let (outcome, now) = self.outcome()?;
        if outcome == b"done" { Ok(now) } else { Err(self.malformed()) }
    }

    /// As many decimal numbers.
    pub(super) fn each_number<const N: usize>(&mut self) -> Result<[u64; N], Error> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = self.number()?;
        }
        Ok(numbers)
    }
}

/// A person of twelve bytes.
pub(super) fn person(bytes: &[u8]) -> Option<CustomerKey> {
    bytes.try_into().ok().map(CustomerKey)
}
