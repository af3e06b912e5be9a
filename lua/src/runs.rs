//! Runs of neighbouring seats: how sets of seats travel and are kept. Text: `first+length,…`.

use domain::seat::SeatIndex;

/// Consecutive seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub first: SeatIndex,
    /// At least 1.
    pub length: u32,
}

/// Seats in ascending order as runs; repetitions count once.
pub(crate) fn runs(seats: &[SeatIndex]) -> Vec<Run> {
    let sorted;
    let seats = if seats.windows(2).all(|pair| pair[0] < pair[1]) {
        seats
    } else {
        let mut copy = seats.to_vec();
        copy.sort_unstable();
        copy.dedup();
        sorted = copy;
        &sorted
    };
    let mut runs: Vec<Run> = Vec::new();
    for &seat in seats {
        match runs.last_mut() {
            Some(run) if run.first + run.length == seat => run.length += 1,
            _ => runs.push(Run { first: seat, length: 1 }),
        }
    }
    runs
}

/// The text of some runs, without an end mark.
pub(crate) fn write(runs: &[Run], out: &mut Vec<u8>) {
    for (index, run) in runs.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_number(u64::from(run.first), out);
        out.push(b'+');
        write_number(u64::from(run.length), out);
    }
}

/// The seats of a text; none when it is not one.
pub(crate) fn read(text: &[u8]) -> Option<Vec<SeatIndex>> {
    let mut seats = Vec::new();
    for run in parts(text) {
        let (first, length) = pair(run, b'+')?;
        seats.extend(first..first.checked_add(length)?);
    }
    Some(seats)
}

/// What commas part; nothing of an empty text.
pub(crate) fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b',').filter(|part| !part.is_empty())
}

/// Two numbers and the sign between them.
pub(crate) fn pair(text: &[u8], sign: u8) -> Option<(u32, u32)> {
    let at = text.iter().position(|byte| *byte == sign)?;
    Some((number(&text[..at])?, number(&text[at + 1..])?))
}

/// A decimal number.
pub(crate) fn number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A decimal number, appended without an allocation.
pub(crate) fn write_number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// A decimal number with leading zeros, at least `width` digits.
pub(crate) fn write_padded(number: u64, width: usize, out: &mut Vec<u8>) {
    let mut text = Vec::with_capacity(20);
    write_number(number, &mut text);
    out.extend(std::iter::repeat_n(b'0', width.saturating_sub(text.len())));
    out.extend_from_slice(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_in_any_order_become_ascending_runs_and_come_back() {
        let runs = runs(&[7, 3, 4, 5, 3, 9]);
        let mut text = Vec::new();
        write(&runs, &mut text);
        assert_eq!(text, b"3+3,7+1,9+1");
        assert_eq!(read(&text), Some(vec![3, 4, 5, 7, 9]));
        assert_eq!(read(b""), Some(vec![]));
        assert_eq!(read(b"3+x"), None);
        assert_eq!(read(b"4294967295+2"), None);
    }
}
