//! Places along an ellipse, measured by the way walked along it.

use std::f64::consts::TAU;

/// Straight pieces by which the length of an ellipse is measured: the error is below a hundredth of
/// a seat.
const PIECES: usize = 720;

/// An ellipse round the origin. It begins at the top and runs clockwise as seen on a screen.
pub(super) struct Ellipse {
    across: f64,
    down: f64,
    /// Way walked after each piece.
    walked: Vec<f64>,
}

impl Ellipse {
    /// By its half axes.
    pub fn new(across: f64, down: f64) -> Self {
        let mut ellipse = Self { across, down, walked: vec![0.0] };
        for piece in 0..PIECES {
            let (from, to) = (ellipse.at(piece as f64), ellipse.at(piece as f64 + 1.0));
            let length = (from.0 - to.0).hypot(from.1 - to.1);
            ellipse.walked.push(ellipse.walked[piece] + length);
        }
        ellipse
    }

    /// The whole way round.
    pub fn length(&self) -> f64 {
        self.walked[PIECES]
    }

    /// The place after a way from the top, which may go on past a full round.
    pub fn after(&self, way: f64) -> (f64, f64) {
        let way = way.rem_euclid(self.length());
        let piece = self.walked.partition_point(|walked| *walked <= way).clamp(1, PIECES) - 1;
        let (from, to) = (self.walked[piece], self.walked[piece + 1]);
        self.at(piece as f64 + (way - from) / (to - from))
    }

    fn at(&self, piece: f64) -> (f64, f64) {
        let angle = piece / PIECES as f64 * TAU;
        (angle.sin() * self.across, -angle.cos() * self.down)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ways_are_equal_steps() {
        let ellipse = Ellipse::new(300.0, 180.0);
        let steps: Vec<_> = (0..40).map(|step| ellipse.after(f64::from(step) * 20.0)).collect();
        for pair in steps.windows(2) {
            let step = (pair[0].0 - pair[1].0).hypot(pair[0].1 - pair[1].1);
            assert!((19.8..20.01).contains(&step), "{step}");
        }
    }
}
