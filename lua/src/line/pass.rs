//! The record of a person in `passes`.
//!
//! | text | |
//! |---|---|
//! | `L`, 13 digits, number | a live pass, its deadline in ms, and the place it was got for |
//! | `E`, letter, number | that pass has ended, or the place was left: `b` bought, `l` left, `i` idle, `c` closed |
//! | `G`, grace number | a missed turn; waits in the grace. Behind it the `E` record from before, if any |

use domain::{queue::PassEnd, time::Timestamp};

use super::LinePlace;
use crate::{record::write_time, runs};

/// As a record keeps it: the first letter of its word.
pub(super) fn letter(end: PassEnd) -> u8 {
    end.as_str().as_bytes()[0]
}

pub(super) fn end_of(letter: u8) -> Option<PassEnd> {
    PassEnd::ALL.into_iter().find(|end| self::letter(*end) == letter)
}

/// How a person stands to the inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassRecord {
    /// From `expires_at` on the pass counts as ended, whether or not it was tidied away.
    Live {
        expires_at: Timestamp,
        place: LinePlace,
    },
    Ended {
        reason: PassEnd,
        place: LinePlace,
    },
    /// Waits in the grace under this number.
    Graced {
        number: u64,
    },
}

impl PassRecord {
    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Live { expires_at, place } => {
                out.push(b'L');
                write_time(expires_at, out);
                runs::write_number(place.number(), out);
            }
            Self::Ended { reason, place } => {
                out.extend_from_slice(&[b'E', letter(reason)]);
                runs::write_number(place.number(), out);
            }
            Self::Graced { number } => {
                out.push(b'G');
                runs::write_number(number, out);
            }
        }
    }

    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let place = |text: &[u8]| runs::number(text).map(LinePlace::from_number);
        Some(match text.first()? {
            b'L' => Self::Live {
                expires_at: Timestamp(runs::number(text.get(1..14)?)?),
                place: place(&text[14..])?,
            },
            b'E' => Self::Ended { reason: end_of(*text.get(1)?)?, place: place(&text[2..])? },
            b'G' => {
                let before = text.iter().position(|byte| *byte == b'E').unwrap_or(text.len());
                Self::Graced { number: runs::number(&text[1..before])? }
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::queue::Lane;

    use super::*;

    #[test]
    fn records_come_back_as_they_were_written() {
        let place = LinePlace { lane: Lane::Priority, index: 12 };
        for record in [
            PassRecord::Live { expires_at: Timestamp(1_790_000_600_000), place },
            PassRecord::Ended { reason: PassEnd::Idle, place },
            PassRecord::Graced { number: 7 },
        ] {
            let mut text = Vec::new();
            record.write(&mut text);
            assert_eq!(PassRecord::read(&text), Some(record));
        }
    }

    #[test]
    fn a_grace_may_come_after_a_pass() {
        assert_eq!(PassRecord::read(b"G44Ei74"), Some(PassRecord::Graced { number: 44 }));
    }

    #[test]
    fn a_broken_record_is_not_read() {
        for text in ["", "L", "L1790000600000", "Ex12", "E", "G", "X1", "Gx", "GEi74"] {
            assert_eq!(PassRecord::read(text.as_bytes()), None, "{text}");
        }
    }
}
