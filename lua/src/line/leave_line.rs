//! `leave_line`: somebody goes.

use domain::hold::CustomerKey;

use super::termed::{self, Termed};
use crate::{
    Error, Partition, Store,
    scripts::{Call, LEAVE_LINE},
};

/// What somebody gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// A live pass, which has ended now.
    pub had_pass: bool,
    /// A place in the line, or inside.
    pub had_place: bool,
}

impl Store {
    /// Forgets a person's place and ends their live pass. The place cannot be used again; who joins
    /// again gets a new one. Before the draw the entry becomes nobody's.
    pub async fn leave_line(
        &self,
        partition: &Partition,
        term: u64,
        person: CustomerKey,
    ) -> Result<Termed<Left>, Error> {
        let mut call = Call::of_people(&LEAVE_LINE, partition, [person]);
        termed::term(&mut call, term);
        call.argument("person", &person.0);
        Ok(match self.run_in_term(&call).await? {
            Termed::Done(mut answer) => {
                answer.done_at()?;
                let (had_pass, had_place) = (answer.integer()? == 1, answer.integer()? == 1);
                Termed::Done(Left { had_pass, had_place })
            }
            Termed::OtherTerm { current } => Termed::OtherTerm { current },
        })
    }
}
