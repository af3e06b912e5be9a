//! How an epoch travels.

use crate::{runs, scripts::Call};

/// Highest epoch that the scripts can tell apart.
pub(crate) const EPOCH_MAX: u64 = 999_999_999_999_999;

/// The first two arguments of every script that writes: the epoch as it stands in the head of the
/// seats, and the identifier under which its next delta goes.
pub(crate) fn writing(call: &mut Call, epoch: u64) {
    reading(call, epoch);
    call.argument("next_id", &next_id(epoch));
}

/// `<epoch>-*`
pub(crate) fn next_id(epoch: u64) -> Vec<u8> {
    let mut id = Vec::with_capacity(20);
    runs::write_number(epoch, &mut id);
    id.extend_from_slice(b"-*");
    id
}

/// The first argument of every script that compares the epoch.
pub(crate) fn reading(call: &mut Call, epoch: u64) {
    call.argument("epoch", &padded(epoch));
}

/// Sixteen digits.
pub(crate) fn padded(epoch: u64) -> Vec<u8> {
    let mut text = Vec::with_capacity(16);
    runs::write_padded(epoch, 16, &mut text);
    text
}
