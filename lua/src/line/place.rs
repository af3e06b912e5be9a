//! A place in a line; scripts know it by its number.

pub use domain::queue::Place as LinePlace;

/// Highest index that a line can give, both lanes alike: the string of its entries stays within
/// what Redis can hold.
pub(super) const INDEX_MAX: u64 = 40_000_000;
