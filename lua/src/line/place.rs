//! A place in a line, and the number by which scripts know it.

use domain::queue::Lane;

/// Highest index that a line can give, both lanes alike: the string of its entries stays within
/// what Redis can hold.
pub(super) const INDEX_MAX: u64 = 40_000_000;

/// Where somebody stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinePlace {
    pub lane: Lane,
    /// From 0, in the order of joining.
    pub index: u64,
}

impl LinePlace {
    /// `2 × index + lane`.
    pub fn number(self) -> u64 {
        self.index * 2 + self.lane.number() as u64
    }

    /// The place of a number; every number has one.
    pub fn from_number(number: u64) -> Self {
        let lane = if number % 2 == 0 { Lane::General } else { Lane::Priority };
        Self { lane, index: number / 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_number() {
        for lane in Lane::ALL {
            for index in [0, 1, 77, INDEX_MAX] {
                let place = LinePlace { lane, index };
                assert_eq!(LinePlace::from_number(place.number()), place);
            }
        }
    }
}
