//! The record of a hold or claim, as the scripts keep it.
//!
//! Text at fixed places, so that a script takes what it needs by `string.sub`:
//!
//! | bytes | |
//! |---|---|
//! | 1 | status: `A` active, `P` paying, `S` sold, `R` released, `E` expired |
//! | 2–14 | deadline in ms; of an ended hold, when it ended |
//! | 15–27 | when it was created, ms |
//! | 28–35 | fingerprint of the request, raw |
//! | 36–47 | customer, raw |
//! | 48–59 | address, raw; zeros: none |
//! | 60–64 | cap of the address |
//! | 65–66 | extensions so far |
//! | 67–82 | claim number; 0: none |
//! | 83–86 | seats and places together |
//! | 87– | runs of seats, a bar, areas as `index:quantity,…`, a bar, operations, 16 raw bytes each |

use domain::{
    hold::{CustomerKey, HoldStatus},
    id::HoldKey,
    seat::{AreaQuantity, SeatIndex},
    time::Timestamp,
};

use crate::runs::{self, Run};

/// Highest quantity that a record can carry, seats and places together.
pub(crate) const QUANTITY_MAX: u32 = 9_999;
/// Highest cap of an address that a record can carry.
pub(crate) const ADDRESS_CAP_MAX: u32 = 65_535;
/// Latest time with thirteen digits.
const TIME_MAX: i64 = 9_999_999_999_999;

/// A hold, or a claim of an order, as it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRecord {
    pub key: HoldKey,
    pub created: Timestamp,
    /// By the store's clock; while paying or sold, the last deadline before; of an ended hold, when
    /// it ended.
    pub expires_at: Timestamp,
    /// Judged when it was read: an active hold past its deadline is expired.
    pub status: HoldStatus,
    pub extensions: u32,
    /// Of an order's claim.
    pub claim_number: Option<u64>,
    pub customer: CustomerKey,
    /// Ascending.
    pub seats: Vec<SeatIndex>,
    pub areas: Vec<AreaQuantity>,
}

/// What a script needs to write a record, but status, deadline, runs and areas.
pub(crate) struct Head<'a> {
    pub created: Timestamp,
    pub fingerprint: &'a [u8; 8],
    pub customer: CustomerKey,
    pub address: Option<(CustomerKey, u32)>,
    pub claim_number: u64,
    pub count: u32,
}

impl Head<'_> {
    /// Bytes 15 to 86.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        write_time(self.created, out);
        out.extend_from_slice(self.fingerprint);
        out.extend_from_slice(&self.customer.0);
        let (address, cap) = self.address.unwrap_or((CustomerKey([0; 12]), 0));
        out.extend_from_slice(&address.0);
        runs::write_padded(u64::from(cap.min(ADDRESS_CAP_MAX)), 5, out);
        out.extend_from_slice(b"00");
        runs::write_padded(self.claim_number, 16, out);
        runs::write_padded(u64::from(self.count), 4, out);
    }
}

/// Thirteen digits.
pub(crate) fn write_time(time: Timestamp, out: &mut Vec<u8>) {
    let millis = time.as_millis().clamp(0, TIME_MAX);
    runs::write_padded(millis.unsigned_abs(), 13, out);
}

/// Runs and their end mark.
pub(crate) fn write_runs(runs: &[Run], out: &mut Vec<u8>) {
    runs::write(runs, out);
    out.push(b'|');
}

/// Areas and their end mark.
pub(crate) fn write_areas(areas: &[AreaQuantity], out: &mut Vec<u8>) {
    for (index, area) in areas.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        runs::write_number(u64::from(area.area), out);
        out.push(b':');
        runs::write_number(u64::from(area.quantity), out);
    }
    out.push(b'|');
}

impl HoldRecord {
    /// Reads a record, judging it at `now`; none when it is not one.
    pub(crate) fn read(key: HoldKey, text: &[u8], now: Timestamp) -> Option<Self> {
        let expires_at = Timestamp(runs::number(text.get(1..14)?)?);
        let status = match text.first()? {
            b'A' if expires_at > now => HoldStatus::Active,
            b'A' | b'E' => HoldStatus::Expired,
            b'P' => HoldStatus::Paying,
            b'S' => HoldStatus::Sold,
            b'R' => HoldStatus::Released,
            _ => return None,
        };
        let claim_number: u64 = runs::number(text.get(66..82)?)?;
        let rest = text.get(86..)?;
        let bar = rest.iter().position(|byte| *byte == b'|')?;
        let (seats, rest) = (&rest[..bar], &rest[bar + 1..]);
        let bar = rest.iter().position(|byte| *byte == b'|')?;
        Some(Self {
            key,
            created: Timestamp(runs::number(text.get(14..27)?)?),
            expires_at,
            status,
            extensions: runs::number(text.get(64..66)?)?,
            claim_number: (claim_number > 0).then_some(claim_number),
            customer: CustomerKey(text.get(35..47)?.try_into().ok()?),
            seats: runs::read(seats)?,
            areas: read_areas(&rest[..bar])?,
        })
    }
}

fn read_areas(text: &[u8]) -> Option<Vec<AreaQuantity>> {
    let area = |part: &[u8]| {
        let (area, quantity) = runs::pair(part, b':')?;
        Some(AreaQuantity { area: area.try_into().ok()?, quantity })
    };
    runs::parts(text).map(area).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(status: u8, deadline: i64) -> Vec<u8> {
        let mut text = vec![status];
        write_time(Timestamp(deadline), &mut text);
        let head = Head {
            created: Timestamp(1_790_000_000_000),
            fingerprint: b"|,+:abcd",
            customer: CustomerKey(*b"customer key"),
            address: Some((CustomerKey([9; 12]), 200)),
            claim_number: 0,
            count: 5,
        };
        head.write(&mut text);
        write_runs(&runs::runs(&[4, 5, 9]), &mut text);
        write_areas(&[AreaQuantity { area: 1, quantity: 2 }], &mut text);
        text
    }

    #[test]
    fn an_active_hold_is_expired_from_its_deadline_on() {
        let key = HoldKey([1; 12]);
        let text = record(b'A', 1_790_000_600_000);
        let before = HoldRecord::read(key, &text, Timestamp(1_790_000_599_999)).unwrap();
        assert_eq!(before.status, HoldStatus::Active);
        assert_eq!(before.seats, [4, 5, 9]);
        assert_eq!(before.areas, [AreaQuantity { area: 1, quantity: 2 }]);
        assert_eq!(before.customer, CustomerKey(*b"customer key"));
        let after = HoldRecord::read(key, &text, Timestamp(1_790_000_600_000)).unwrap();
        assert_eq!(after.status, HoldStatus::Expired);
    }

    #[test]
    fn a_broken_record_is_not_read() {
        let text = record(b'A', 1_790_000_600_000);
        for length in 0..text.len() - 1 {
            assert_eq!(HoldRecord::read(HoldKey([1; 12]), &text[..length], Timestamp(0)), None);
        }
        assert_eq!(HoldRecord::read(HoldKey([1; 12]), &record(b'X', 1), Timestamp(0)), None);
    }
}
