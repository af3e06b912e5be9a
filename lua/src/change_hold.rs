//! `change_hold`: seats in and out of a hold and quantities of areas, all or nothing.

use domain::{
    id::HoldKey,
    seat::{AreaIndex, AreaQuantity, SeatIndex},
    time::Timestamp,
};

use crate::{
    Error, Partition, Reply, Store,
    answer::Answer,
    epoch, record,
    record::HoldRecord,
    runs,
    scripts::{CHANGE_HOLD, Call},
};

/// An operation on a hold, so that repeating it does nothing. A hold remembers its last sixteen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Digest of the idempotency key.
    pub key: [u8; 8],
    /// Digest of the request.
    pub fingerprint: [u8; 8],
}

/// What is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldChange {
    pub add: Vec<SeatIndex>,
    pub remove: Vec<SeatIndex>,
    /// New quantities; 0 gives an area up; areas that are not named stay.
    pub areas: Vec<AreaQuantity>,
    /// As in [`crate::HoldRequest`]. The address's cap is that of the hold.
    pub customer_limit: u32,
    pub operation: Operation,
}

/// What became of it. Only `Changed` changed anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeReply {
    Changed {
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
    /// These were to be removed.
    NotInHold {
        seats: Vec<SeatIndex>,
    },
    /// A seat was to be added that the hold has.
    AlreadyInHold,
    /// Nothing would be left.
    Empty,
    Taken {
        seats: Vec<SeatIndex>,
    },
    AreasShort {
        areas: Vec<AreaIndex>,
    },
    CustomerLimit,
    AddressLimit,
}

impl Store {
    /// Changes an active hold. Its deadline stays. A seat both added and removed is refused as
    /// `AlreadyInHold` or `NotInHold`.
    ///
    /// # Errors
    /// `OutOfBounds` when a quantity is beyond what a record can carry.
    pub async fn change_hold(
        &self,
        partition: &Partition,
        epoch: u64,
        key: &HoldKey,
        change: &HoldChange,
    ) -> Result<Reply<ChangeReply>, Error> {
        let places: u64 = change.areas.iter().map(|area| u64::from(area.quantity)).sum();
        if places + change.add.len() as u64 > u64::from(record::QUANTITY_MAX) / 2 {
            return Err(Error::OutOfBounds { what: "size of a change" });
        }
        let mut call = Call::new(&CHANGE_HOLD, partition);
        epoch::writing(&mut call, epoch);
        call.argument("key", &key.0);
        call.argument("operation", &change.operation.key);
        call.argument("fingerprint", &change.operation.fingerprint);
        call.argument("customer_limit", &number(change.customer_limit));
        call.argument("add", &seats(&change.add));
        call.argument("remove", &seats(&change.remove));
        let mut areas = Vec::new();
        record::write_areas(&change.areas, &mut areas);
        call.argument("areas", &areas);
        match self.run_at(&call).await? {
            Reply::Done(answer) => read_reply(*key, answer).map(Reply::Done),
            Reply::OtherEpoch { current } => Ok(Reply::OtherEpoch { current }),
        }
    }
}

pub(crate) fn number(number: u32) -> Vec<u8> {
    let mut text = Vec::new();
    runs::write_number(u64::from(number), &mut text);
    text
}

pub(crate) fn seats(seats: &[SeatIndex]) -> Vec<u8> {
    let mut text = Vec::new();
    runs::write(&runs::runs(seats), &mut text);
    text
}

fn read_reply(key: HoldKey, mut answer: Answer) -> Result<ChangeReply, Error> {
    let outcome = answer.bytes()?;
    Ok(match outcome.as_slice() {
        b"changed" => {
            let (_, version) = answer.position()?;
            let now = answer.time()?;
            ChangeReply::Changed { version, record: read_record(key, &mut answer, now)? }
        }
        b"replayed" => {
            let now = answer.time()?;
            ChangeReply::Replayed { record: read_record(key, &mut answer, now)? }
        }
        other => {
            answer.time()?;
            match other {
                b"key_reused" => ChangeReply::KeyReused,
                b"missing" => ChangeReply::Missing,
                b"expired" => ChangeReply::Expired,
                b"released" => ChangeReply::Released,
                b"in_payment" => ChangeReply::InPayment,
                b"not_in_hold" => ChangeReply::NotInHold { seats: answer.seats()? },
                b"already_in_hold" => ChangeReply::AlreadyInHold,
                b"empty" => ChangeReply::Empty,
                b"taken" => ChangeReply::Taken { seats: answer.seats()? },
                b"areas_short" => ChangeReply::AreasShort { areas: answer.numbers()? },
                b"customer_limit" => ChangeReply::CustomerLimit,
                b"address_limit" => ChangeReply::AddressLimit,
                _ => return Err(answer.malformed()),
            }
        }
    })
}

/// The record at this point of the answer.
pub(crate) fn read_record(
    key: HoldKey,
    answer: &mut Answer,
    now: Timestamp,
) -> Result<HoldRecord, Error> {
    let text = answer.bytes()?;
    HoldRecord::read(key, &text, now).ok_or_else(|| answer.malformed())
}
