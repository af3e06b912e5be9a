//! The intervals that are told, in simulated sales from a seed: they hold four times in five.

mod queue_sale;

use domain::queue::pace::{Pace, PaceFrame, Sight};
use queue_sale::{Crowd, Random, Sale};

/// What an organiser does in a sale.
#[derive(Clone, Copy, Default)]
struct Plan {
    rate: Option<u32>,
    max_inside: Option<u32>,
    /// The rate is changed by up to twice either way, about so often.
    change_seconds: Option<u64>,
    /// The line is paused for up to two minutes, about so often.
    pause_seconds: Option<u64>,
}

#[derive(Default, Debug)]
struct Told {
    early: u64,
    held: u64,
    late: u64,
    /// Sum of the logarithms of high / low.
    width: f64,
}

impl Told {
    fn all(&self) -> f64 {
        (self.early + self.held + self.late) as f64
    }

    fn coverage(&self) -> f64 {
        self.held as f64 / self.all()
    }

    /// Four in five held, and the intervals are of use: high is below three times low.
    fn expect(&self) {
        let (coverage, width) = (self.coverage(), (self.width / self.all()).exp());
        assert!((0.75..=0.85).contains(&coverage), "{coverage:.3} of {self:?}");
        assert!(width < 3.0, "high is {width:.2} times low");
    }
}

/// Everybody who waits asks every ten seconds or so: twenty of them are listened to.
fn watch(seed: u64, plan: Plan, told: &mut Told) {
    let mut random = Random::new(seed ^ 0xabcd);
    let mut sale = Sale::new(seed, Crowd::default());
    sale.joined = [45_000, 0, 0];
    sale.situation.rate_per_minute = plan.rate;
    sale.situation.max_inside = plan.max_inside;
    let mut pace = Pace::default();
    let mut asked: Vec<(u64, i64, (u64, u64))> = Vec::new();
    let mut pause_left = 0;
    for second in 0..14_400_u64 {
        if plan.change_seconds.is_some_and(|every| random.next().is_multiple_of(every)) {
            let factor = (random.next() % 700 + 700) as f64 / 1_000.0;
            let rate = f64::from(plan.rate.unwrap()) * factor;
            sale.situation.rate_per_minute = Some(rate as u32);
        }
        if plan.pause_seconds.is_some_and(|every| random.next().is_multiple_of(every)) {
            pause_left = random.next() % 120;
        }
        sale.situation.paused = pause_left > 0;
        pause_left = pause_left.saturating_sub(1);
        sale.step();
        let (now_ms, cursor) = (sale.situation.now_ms, sale.cursors[0]);
        let waiting = sale.joined[0] - cursor;
        pace.observe(Sight { now_ms, cursor, waiting, paused: sale.situation.paused });
        asked.retain(|(position, at_ms, (low, high))| {
            if *position >= cursor {
                return true;
            }
            let took = (now_ms - at_ms) as u64 / 1000;
            let count = match took {
                took if took < *low => &mut told.early,
                took if took > *high => &mut told.late,
                _ => &mut told.held,
            };
            *count += 1;
            told.width += (*high as f64 / (*low).max(1) as f64).ln();
            false
        });
        if waiting == 0 {
            assert!(asked.is_empty());
            return;
        }
        if second % 10 == 0 {
            for _ in 0..20 {
                let ahead = random.next() % waiting;
                if let Some(interval) = pace.interval(ahead) {
                    asked.push((cursor + ahead, now_ms, interval));
                }
            }
        }
    }
    panic!("the line did not end");
}

fn watch_many(plan: Plan) -> Told {
    let mut told = Told::default();
    for seed in 0..20 {
        watch(seed, plan, &mut told);
    }
    told
}

const STEADY: Plan =
    Plan { rate: Some(900), max_inside: None, change_seconds: None, pause_seconds: None };

#[test]
fn four_in_five_hold_with_absent_people_at_a_steady_rate() {
    watch_many(STEADY).expect();
}

#[test]
fn four_in_five_hold_when_the_rate_is_changed() {
    watch_many(Plan { change_seconds: Some(900), ..STEADY }).expect();
}

#[test]
fn four_in_five_hold_when_the_line_is_paused_at_times() {
    watch_many(Plan { pause_seconds: Some(600), ..STEADY }).expect();
}

#[test]
fn four_in_five_hold_when_the_room_inside_decides() {
    watch_many(Plan { rate: None, max_inside: Some(3_000), ..STEADY }).expect();
}

#[test]
fn four_in_five_hold_when_all_of_it_happens() {
    let plan = Plan {
        rate: Some(900),
        max_inside: Some(3_000),
        change_seconds: Some(900),
        pause_seconds: Some(900),
    };
    watch_many(plan).expect();
}

fn sight(second: i64, cursor: u64, paused: bool) -> Sight {
    Sight { now_ms: second * 1000, cursor, waiting: 10_000, paused }
}

#[test]
fn nothing_is_told_before_the_line_moved_nor_while_it_is_paused() {
    let mut pace = Pace::default();
    assert_eq!(pace.interval(0), None);
    for second in 0..20 {
        pace.observe(sight(second, 0, false));
        assert_eq!(pace.published(), None);
    }
    for second in 20..40 {
        pace.observe(sight(second, (second as u64 - 19) * 10, false));
    }
    assert!(pace.published().is_some());
    pace.observe(sight(40, 210, true));
    assert_eq!(pace.published(), None);
    pace.observe(sight(41, 210, false));
    assert!(pace.published().is_some());
}

#[test]
fn a_pause_does_not_lower_the_rate() {
    let mut pace = Pace::default();
    let mut cursor = 0;
    for second in 0..600 {
        let paused = (300..500).contains(&second);
        cursor += if paused { 0 } else { 10 };
        pace.observe(sight(second, cursor, paused));
    }
    let frame = pace.published().unwrap();
    assert!(frame.low < 600.0 && frame.high > 590.0, "{frame:?}");
}

#[test]
fn whoever_takes_over_tells_the_same_as_whoever_led_before() {
    let (mut led, mut steps, mut random) = (Pace::default(), Vec::new(), Random::new(7));
    let (mut cursor, joined) = (0, 60_000);
    for second in 0..2_400 {
        let paused = (600..700).contains(&second);
        let moved = if paused { 0 } else { 5 + random.next() % 20 };
        cursor += moved;
        let (now_ms, waiting) = (second * 1_000, joined - cursor);
        if moved > 0 {
            steps.push((now_ms, cursor));
        }
        led.observe(Sight { now_ms, cursor, waiting, paused });
    }
    let taken_over = Pace::from_steps(steps, joined, 2_399_000);
    let (ours, theirs) = (taken_over.published().unwrap(), led.published().unwrap());
    for (ours, theirs) in [(ours.low, theirs.low), (ours.high, theirs.high)] {
        assert!((ours / theirs - 1.0).abs() < 0.05, "{ours} and {theirs}");
    }
    assert_eq!(Pace::from_steps([], 100, 5_000).published(), None);
}

#[test]
fn everybody_computes_the_same_interval_from_the_frame() {
    let frame = PaceFrame { low: 300.0, high: 600.0 };
    assert_eq!(frame.interval(0), (0, 1));
    assert_eq!(frame.interval(599), (60, 120));
    let text = serde_json::to_string(&frame).unwrap();
    assert_eq!(text, r#"{"low":300.0,"high":600.0}"#);
    assert_eq!(PaceFrame { low: 0.0, high: 0.0 }.interval(1).0, 120_000_000);
}
