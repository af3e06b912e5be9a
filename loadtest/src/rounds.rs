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
    let (mut sides, mut floors, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let first = measure().await?;
        let below = (floor().await? + floor().await?) / 2.0;
        let side = (first + measure().await?) / 2.0;
        sides.push(side);
        floors.push(below);
        ratios.push(side / below);
    }
    Ok(Ratio {
        measured: median(&mut sides),
        floor: median(&mut floors),
        median: median(&mut ratios),
        least: ratios[0],
        most: ratios[ratios.len() - 1],
    })
}

/// Sorts, and gives the value in the middle.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
