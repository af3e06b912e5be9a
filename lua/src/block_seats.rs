//! `block_seats`: the organiser takes seats off sale and puts them back.

use domain::seat::SeatIndex;

use crate::{
    Error, Partition, Reply, Store,
    change_hold::seats,
    epoch,
    scripts::{BLOCK_SEATS, Call},
};

/// What became of a change of blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// After the call.
    pub version: u64,
    /// Seats that cannot be blocked because they are held, claimed or sold. If there are any,
    /// nothing was changed.
    pub refused: Vec<SeatIndex>,
}

impl Store {
    /// Blocks and unblocks, all or nothing. Blocking a blocked seat and unblocking one that is not
    /// blocked are fine and do nothing.
    pub async fn block_seats(
        &self,
        partition: &Partition,
        epoch: u64,
        block: &[SeatIndex],
        unblock: &[SeatIndex],
    ) -> Result<Reply<Blocked>, Error> {
        let mut call = Call::new(&BLOCK_SEATS, partition);
        epoch::writing(&mut call, epoch);
        call.argument("block", &seats(block));
        call.argument("unblock", &seats(unblock));
        let mut answer = match self.run_at(&call).await? {
            Reply::Done(answer) => answer,
            Reply::OtherEpoch { current } => return Ok(Reply::OtherEpoch { current }),
        };
        let (outcome, version, _) = answer.head()?;
        match outcome.as_slice() {
            b"done" => Ok(Reply::Done(Blocked { version, refused: Vec::new() })),
            b"taken" => Ok(Reply::Done(Blocked { version, refused: answer.seats()? })),
            _ => Err(answer.malformed()),
        }
    }
}
