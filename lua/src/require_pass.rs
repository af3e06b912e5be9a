//! `require_pass`: whether new holds need a pass.

use crate::{
    Error, Partition, Reply, Store, epoch,
    scripts::{Call, REQUIRE_PASS},
};

impl Store {
    /// Lays the flag that [`Store::hold_seats`] looks at; a rebuild lays it too.
    pub async fn require_pass(
        &self,
        partition: &Partition,
        epoch: u64,
        required: bool,
    ) -> Result<Reply<()>, Error> {
        let mut call = Call::new(&REQUIRE_PASS, partition);
        epoch::reading(&mut call, epoch);
        call.argument("required", if required { b"1" } else { b"0" });
        Ok(match self.run_at(&call).await? {
            Reply::Done(mut answer) => Reply::Done(answer.done_at().map(|_| ())?),
            Reply::OtherEpoch { current } => Reply::OtherEpoch { current },
        })
    }
}
