//! The chance that a seat of a category is left when a person's turn comes.
//!
//! Two moments: of those ahead, each enters with the same chance and takes a number of the
//! category's seats whose mean and variance are known; the sum is taken for normal. Right within a
//! few points from some twenty people on; with fewer ahead it is only told whether seats are surely
//! left.

/// What one person who enters takes of a category.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Appetite {
    pub mean: f64,
    pub variance: f64,
}

/// Learns an [`Appetite`] from those who are done. Starts from a belief that weighs as much as a
/// few people.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    people: f64,
    sum: f64,
    squares: f64,
}

impl Taken {
    /// A belief with the weight of `people`.
    pub fn believing(appetite: Appetite, people: f64) -> Self {
        let Appetite { mean, variance } = appetite;
        Self { people, sum: mean * people, squares: (variance + mean * mean) * people }
    }

    /// Somebody is done inside, with so many seats of the category; most have none of most.
    pub fn observe(&mut self, seats: u32) {
        let seats = f64::from(seats);
        self.people += 1.0;
        self.sum += seats;
        self.squares += seats * seats;
    }

    pub fn appetite(&self) -> Appetite {
        let mean = self.sum / self.people;
        Appetite { mean, variance: (self.squares / self.people - mean * mean).max(0.0) }
    }
}

/// What stands between a person and a seat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    /// Seats of the category that nobody holds.
    pub free: u64,
    /// People between the cursor and the person.
    pub ahead: u64,
    /// The share of them who enter.
    pub show_share: f64,
    /// People who enter before them for sure or nearly so: inside without seats yet, and expected
    /// of the batches released.
    pub choosing: f64,
    pub appetite: Appetite,
}

/// The chance, in 0..=1, that at least one seat of the category is free at the person's turn.
pub fn chance_left(outlook: &Outlook) -> f64 {
    if outlook.free == 0 {
        return 0.0;
    }
    let Appetite { mean, variance } = outlook.appetite;
    let (ahead, show) = (outlook.ahead as f64, outlook.show_share.clamp(0.0, 1.0));
    let choosing = outlook.choosing.max(0.0);
    let expected = mean * (ahead * show + choosing);
    let spread =
        ahead * (show * variance + show * (1.0 - show) * mean * mean) + choosing * variance;
    // At most `free` − 1 are taken; the half is the usual correction for whole numbers.
    let margin = outlook.free as f64 - 0.5 - expected;
    if spread <= 0.0 {
        return f64::from(u8::from(margin >= 0.0));
    }
    normal(margin / spread.sqrt())
}

/// The standard normal distribution, within 1e-7 (Abramowitz and Stegun, 26.2.17).
fn normal(deviations: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * deviations.abs());
    let tail = [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_530]
        .into_iter()
        .fold(0.0, |sum, term| (sum + term) * t);
    let above = tail * (-deviations * deviations / 2.0).exp() / std::f64::consts::TAU.sqrt();
    if deviations >= 0.0 { 1.0 - above } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: Appetite = Appetite { mean: 2.0, variance: 1.0 };

    fn outlook(free: u64, ahead: u64) -> Outlook {
        Outlook { free, ahead, show_share: 0.7, choosing: 0.0, appetite: PAIR }
    }

    #[test]
    fn the_normal_distribution_has_its_known_values() {
        for (deviations, expected) in
            [(0.0, 0.5), (1.0, 0.841_345), (-1.959_964, 0.025), (3.0, 0.998_650)]
        {
            assert!((normal(deviations) - expected).abs() < 1e-6, "{deviations}");
        }
    }

    #[test]
    fn nothing_free_is_no_chance_and_nobody_ahead_is_certainty() {
        assert_eq!(chance_left(&outlook(0, 0)), 0.0);
        assert_eq!(chance_left(&outlook(1, 0)), 1.0);
        assert!(chance_left(&outlook(20_000, 100)) > 0.999_999);
        assert!(chance_left(&outlook(100, 20_000)) < 1e-6);
    }

    #[test]
    fn the_chance_falls_with_every_person_ahead_and_with_those_choosing() {
        let mut last = 1.0;
        for ahead in (0..2_000).step_by(50) {
            let chance = chance_left(&outlook(1_000, ahead));
            assert!(chance <= last && (0.0..=1.0).contains(&chance));
            last = chance;
        }
        let alone = chance_left(&outlook(1_000, 700));
        let choosing = chance_left(&Outlook { choosing: 50.0, ..outlook(1_000, 700) });
        assert!(choosing < alone);
    }

    #[test]
    fn an_appetite_is_learned() {
        let mut taken = Taken::believing(PAIR, 10.0);
        assert_eq!(taken.appetite(), PAIR);
        for _ in 0..10_000 {
            taken.observe(4);
            taken.observe(0);
        }
        let learned = taken.appetite();
        assert!((learned.mean - 2.0).abs() < 0.01 && (learned.variance - 4.0).abs() < 0.01);
    }
}
