//! Rounds: a measurement and its floor in turn, and what the ratio comes to.

use anyhow::Result;

/// What the rounds of one figure gave.
#[derive(Debug, Clone)]
pub struct Ratio {
    /// Microseconds of CPU per operation, median of the rounds.
    pub measured: f64,
    pub floor: f64,
    /// measured / floor: median, smallest and largest of the rounds.
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

/// One round is A B B A: drift of the machine's speed falls on both sides alike.
pub async fn interleave(
    rounds: usize,
    mut measure: impl AsyncFnMut() -> Result<f64>,
    mut floor: impl AsyncFnMut() -> Result<f64>,
) -> Result<Ratio> {
    let measure = async || Ok([measure().await?]);
    let floor = async || Ok([floor().await?]);
    let [ratio] = interleave_all(rounds, measure, floor).await?;
    Ok(ratio)
}

/// The same where each measurement gives several figures at once.
pub async fn interleave_all<const N: usize>(
    rounds: usize,
    mut measure: impl AsyncFnMut() -> Result<[f64; N]>,
    mut floor: impl AsyncFnMut() -> Result<[f64; N]>,
) -> Result<[Ratio; N]> {
    let (mut sides, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let first = measure().await?;
        floors.push(mean(floor().await?, floor().await?));
        sides.push(mean(first, measure().await?));
    }
    let column = |rows: &[[f64; N]], place: usize| rows.iter().map(|row| row[place]).collect();
    Ok(std::array::from_fn(|place| ratio(column(&sides, place), column(&floors, place))))
}

fn mean<const N: usize>(one: [f64; N], other: [f64; N]) -> [f64; N] {
    std::array::from_fn(|place| (one[place] + other[place]) / 2.0)
}

fn ratio(mut sides: Vec<f64>, mut floors: Vec<f64>) -> Ratio {
    let mut ratios: Vec<f64> =
        sides.iter().zip(&floors).map(|(side, below)| side / below).collect();
    Ratio {
        measured: median(&mut sides),
        floor: median(&mut floors),
        median: median(&mut ratios),
        least: ratios[0],
        most: ratios[ratios.len() - 1],
    }
}

/// Sorts, and gives the value in the middle.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_sides_of_a_round_are_taken_twice_in_turn() {
        let order = std::cell::RefCell::new(String::new());
        let side = async || {
            order.borrow_mut().push('A');
            Ok([6.0, 1.0])
        };
        let floor = async || {
            order.borrow_mut().push('B');
            Ok([2.0, 4.0])
        };
        let [first, second] = interleave_all(2, side, floor).await.expect("nothing fails");
        assert_eq!(order.into_inner(), "ABBAABBA");
        assert_eq!((first.median, second.median), (3.0, 0.25));
        assert_eq!((first.measured, first.floor), (6.0, 2.0));
    }
}
