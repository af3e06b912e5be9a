//! How released people arrive: the share of a batch that has entered, by its age.
//!
//! A life table over all batches (Kaplan and Meier, 1958): of those who were still to come when
//! an age began, how many came within it. So a batch counts for every age it has reached, and not
//! for the ages it has not, which is what keeps slow clickers from looking like absent ones. Older
//! batches weigh less. Ages that hardly anybody has reached yet are extrapolated by Aitken's
//! method, else taken from the prior.

/// After this long a batch counts half.
const HALF_LIFE_MS: f64 = 600_000.0;

/// The prior weighs as much as this many people.
const PRIOR_PEOPLE: f64 = 20.0;

/// An age that fewer people were seen at is not judged from them alone.
const PEOPLE_SEEN_MIN: f64 = 30.0;

/// Weights grow by the batch's time; before they leave what a float holds they are scaled back.
const EXPONENT_MAX: f64 = 400.0;

/// What is believed before anybody was seen.
#[derive(Clone, Copy, Debug)]
pub struct Prior {
    pub show_share: f64,
    pub click_ms: f64,
}

#[derive(Clone, Debug)]
struct Age {
    until_ms: i64,
    /// Weighted people who had not entered when the age began.
    awaited: f64,
    /// Weighted people who entered within it.
    entered: f64,
}

/// What was seen so far.
#[derive(Clone, Debug)]
pub struct Curve {
    ages: Vec<Age>,
    prior: Prior,
    /// A batch of this time weighs 1.
    origin_ms: Option<i64>,
}

impl Curve {
    pub fn new(turn_ms: i64, prior: Prior) -> Self {
        let mut ages = Vec::new();
        let mut until_ms = 0;
        while until_ms < turn_ms {
            until_ms = (until_ms + (until_ms / 8).max(1000)).min(turn_ms);
            ages.push(Age { until_ms, awaited: 0.0, entered: 0.0 });
        }
        Self { ages, prior, origin_ms: None }
    }

    /// The end of an age; `None` past the turn.
    pub fn until(&self, age: usize) -> Option<i64> {
        self.ages.get(age).map(|age| age.until_ms)
    }

    /// A batch released at `batch_ms` has lived through `age`.
    pub fn record(&mut self, batch_ms: i64, age: usize, awaited: u64, entered: u64) {
        let weight = self.weight(batch_ms);
        if let Some(age) = self.ages.get_mut(age) {
            age.awaited += weight * awaited as f64;
            age.entered += weight * entered as f64;
        }
    }

    fn weight(&mut self, batch_ms: i64) -> f64 {
        let origin = *self.origin_ms.get_or_insert(batch_ms);
        let exponent = (batch_ms - origin) as f64 / HALF_LIFE_MS;
        if exponent < EXPONENT_MAX {
            return exponent.exp2();
        }
        for age in &mut self.ages {
            age.awaited *= (-exponent).exp2();
            age.entered *= (-exponent).exp2();
        }
        self.origin_ms = Some(batch_ms);
        1.0
    }

    /// What follows for batches at `now_ms`.
    pub fn estimate(&self, now_ms: i64) -> Estimate {
        let since = self.origin_ms.map_or(0, |origin| now_ms - origin);
        let unit = (since as f64 / HALF_LIFE_MS).exp2();
        let mut absent = vec![(0.0, 1.0)];
        let mut missing = 1.0;
        let mut known = 1;
        let mut begins = 0.0;
        for age in &self.ages {
            let until = age.until_ms as f64;
            let (awaited, entered) = (age.awaited / unit, age.entered / unit);
            let (before, after) = (self.prior_absent(begins), self.prior_absent(until));
            let believed = PRIOR_PEOPLE * before;
            let left = 1.0 - (entered + PRIOR_PEOPLE * (before - after)) / (awaited + believed);
            missing *= left.clamp(0.0, 1.0);
            absent.push((until, missing));
            if awaited >= PEOPLE_SEEN_MIN && known == absent.len() - 1 {
                known = absent.len();
            }
            begins = until;
        }
        extrapolate(&mut absent, known);
        Estimate { absent, people: PRIOR_PEOPLE + self.people_seen(unit) }
    }

    fn prior_absent(&self, age_ms: f64) -> f64 {
        1.0 - self.prior.show_share * (1.0 - (-age_ms / self.prior.click_ms).exp())
    }

    /// How many people's fate is nearly known: those who were followed for half a minute, or for
    /// half of a shorter turn.
    fn people_seen(&self, unit: f64) -> f64 {
        let turn_ms = self.ages.last().map_or(0, |age| age.until_ms);
        let enough_ms = (turn_ms / 2).min(30_000);
        (self.ages.iter().find(|age| age.until_ms >= enough_ms))
            .map_or(0.0, |age| age.awaited / unit)
    }
}

/// Replaces what the prior said of the ages from `known` on, when the ages before it show where
/// the curve is going: with differences d and d·q over two equal steps, d·q²/(1 − q) is to come.
fn extrapolate(absent: &mut [(f64, f64)], known: usize) {
    if known == absent.len() || known < 7 {
        return;
    }
    let (age, missing) = absent[known - 1];
    let first = absent_at(absent, age / 3.0) - absent_at(absent, age * 2.0 / 3.0);
    let second = absent_at(absent, age * 2.0 / 3.0) - missing;
    let ratio = second / first;
    if !(ratio > 0.0 && ratio < 0.8) {
        return;
    }
    let to_come = (second * ratio / (1.0 - ratio)).min(missing);
    let click_ms = -(age / 3.0) / ratio.ln();
    for (until, left) in &mut absent[known..] {
        *left = missing - to_come * (1.0 - (-(*until - age) / click_ms).exp());
    }
}

/// The share that has not entered at an age, straight between the ages' ends.
fn absent_at(absent: &[(f64, f64)], age_ms: f64) -> f64 {
    let after = absent.partition_point(|(until, _)| *until <= age_ms);
    match (after.checked_sub(1).map(|before| absent[before]), absent.get(after)) {
        (Some((from, high)), Some((until, low))) => {
            high + (low - high) * (age_ms - from) / (until - from)
        }
        (Some((_, last)), None) => last,
        (None, _) => 1.0,
    }
}

/// The curve as it is believed at one moment.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// Age in ms, and the share of a batch that has not entered by then.
    absent: Vec<(f64, f64)>,
    people: f64,
}

impl Estimate {
    /// The share of a batch that enters within its turn.
    pub fn show_share(&self) -> f64 {
        1.0 - self.absent.last().map_or(0.0, |(_, missing)| *missing)
    }

    /// The chance that somebody who has not entered at this age still will.
    pub fn still_comes(&self, age_ms: i64) -> f64 {
        let missing = absent_at(&self.absent, age_ms as f64);
        if missing <= 0.0 { 0.0 } else { 1.0 - (1.0 - self.show_share()) / missing }
    }

    /// Standard error of the share.
    pub fn show_share_error(&self) -> f64 {
        let share = self.show_share();
        (share * (1.0 - share) / self.people).max(0.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIOR: Prior = Prior { show_share: 0.85, click_ms: 10_000.0 };

    /// A thousand people a second, seven in ten of whom come, after 12 s on average, watched for
    /// `seconds`.
    fn watched(seconds: i64) -> Estimate {
        let mut curve = Curve::new(120_000, PRIOR);
        for batch in 0..seconds {
            let mut awaited = 1000.0;
            let mut begins = 0.0;
            let mut ages = 0..;
            while let Some(age) = ages.next()
                && let Some(until) = curve.until(age)
                && batch * 1000 + until <= seconds * 1000
            {
                let until = until as f64;
                let come = 700.0 * ((-begins / 12_000.0_f64).exp() - (-until / 12_000.0).exp());
                curve.record(batch * 1000, age, awaited as u64, come.round() as u64);
                awaited -= come.round();
                begins = until;
            }
        }
        curve.estimate(seconds * 1000)
    }

    #[test]
    fn without_evidence_the_prior_is_believed() {
        let estimate = Curve::new(120_000, PRIOR).estimate(0);
        assert!((estimate.show_share() - 0.85).abs() < 1e-3);
        assert!((estimate.still_comes(0) - 0.85).abs() < 1e-3);
        assert!(estimate.still_comes(119_000) < 1e-3);
    }

    #[test]
    fn the_share_is_known_long_before_the_turns_are_over() {
        for (seconds, error) in [(15, 0.08), (25, 0.03), (60, 0.01), (600, 0.005)] {
            let share = watched(seconds).show_share();
            assert!((share - 0.7).abs() < error, "{share} after {seconds} s");
        }
    }

    #[test]
    fn who_has_not_come_late_in_the_turn_will_hardly_come() {
        let estimate = watched(600);
        let expected = 0.7 * (-1.0_f64).exp() / (0.3 + 0.7 * (-1.0_f64).exp());
        assert!((estimate.still_comes(12_000) - expected).abs() < 0.02);
        assert!(estimate.still_comes(60_000) < 0.03);
        assert!(estimate.still_comes(200_000).abs() < 1e-9);
    }

    #[test]
    fn a_week_of_batches_does_not_overflow() {
        let mut curve = Curve::new(60_000, PRIOR);
        for batch in (0..7 * 24 * 3600 * 1000).step_by(60_000) {
            for age in 0..30 {
                curve.record(batch, age, 100, 10);
            }
        }
        assert!(curve.estimate(7 * 24 * 3600 * 1000).show_share().is_finite());
    }
}
