//! `extend_hold`: a later deadline, so many times.

use domain::id::HoldKey;

use crate::{
    Error, Operation, Partition, Reply, Store,
    answer::Answer,
    change_hold::{number, read_record},
    epoch,
    record::HoldRecord,
    scripts::{Call, EXTEND_HOLD},
};

/// A day: no extension is longer.
const EXTENSION_MS_MAX: i64 = 86_400_000;
/// What a record can count.
const EXTENSIONS_MAX: u32 = 99;

/// What became of an extension. Only `Extended` changed anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtendReply {
    Extended {
        version: u64,
        record: HoldRecord,
    },
    /// This operation was done before; the hold as it is now.
    Replayed {
        record: HoldRecord,
    },
    /// Another request was done under this operation's key.
    KeyReused,
    Missing,
    Expired,
    Released,
    /// Under an order's claim, or sold.
    InPayment,
    LimitReached,
}

impl Store {
    /// Moves the deadline of an active hold by `extension_ms`, at most `extensions_max` times in
    /// its life.
    ///
    /// # Errors
    /// `OutOfBounds` for no extension, one beyond a day, or more than 99 of them.
    pub async fn extend_hold(
        &self,
        partition: &Partition,
        epoch: u64,
        key: &HoldKey,
        extension_ms: i64,
        extensions_max: u32,
        operation: &Operation,
    ) -> Result<Reply<ExtendReply>, Error> {
        if !(1..=EXTENSION_MS_MAX).contains(&extension_ms) || extensions_max > EXTENSIONS_MAX {
            return Err(Error::OutOfBounds { what: "extension" });
        }
        let mut call = Call::new(&EXTEND_HOLD, partition);
        epoch::writing(&mut call, epoch);
        call.argument("key", &key.0);
        call.argument("operation", &operation.key);
        call.argument("fingerprint", &operation.fingerprint);
        call.argument("extension_ms", &number(extension_ms as u32));
        call.argument("extensions_max", &number(extensions_max));
        match self.run_at(&call).await? {
            Reply::Done(answer) => read_reply(*key, answer).map(Reply::Done),
            Reply::OtherEpoch { current } => Ok(Reply::OtherEpoch { current }),
        }
    }
}

fn read_reply(key: HoldKey, mut answer: Answer) -> Result<ExtendReply, Error> {
    let outcome = answer.bytes()?;
    Ok(match outcome.as_slice() {
        b"extended" => {
            let (_, version) = answer.position()?;
            let now = answer.time()?;
            ExtendReply::Extended { version, record: read_record(key, &mut answer, now)? }
        }
        b"replayed" => {
            let now = answer.time()?;
            ExtendReply::Replayed { record: read_record(key, &mut answer, now)? }
        }
        b"key_reused" => ExtendReply::KeyReused,
        b"missing" => ExtendReply::Missing,
        b"expired" => ExtendReply::Expired,
        b"released" => ExtendReply::Released,
        b"in_payment" => ExtendReply::InPayment,
        b"limit_reached" => ExtendReply::LimitReached,
        _ => return Err(answer.malformed()),
    })
}
