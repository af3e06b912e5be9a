//! Whether a run's figures are the server's at all, and whether they are as wanted.

use serde::Serialize;

use super::Figures;

/// What a generator must keep so that it measures the server and not itself.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Limits {
    /// Most milliseconds between intended and actual sending, 99 of 100.
    pub lateness_p99_ms: f64,
    /// Most of a core, of each of its threads.
    pub cpu_share: f64,
}

impl Limits {
    pub const CPU_SHARE: f64 = 0.85;
}

/// Everybody wants something else, so that hardly anybody should be refused.
const REFUSED_SHARE_MAX: f64 = 0.01;

/// Most milliseconds of one step, 99 of 100.
#[derive(Debug, Clone, Serialize)]
pub struct Threshold {
    pub step: &'static str,
    pub p99_ms: f64,
}

/// Each with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "reasons")]
pub enum Verdict {
    Passed,
    /// The server did not do what is wanted of it.
    Missed(Vec<String>),
    /// The generator was the bottleneck: no figure of the run means anything.
    Void(Vec<String>),
}

impl Verdict {
    pub fn of(figures: &Figures, limits: &Limits, thresholds: &[Threshold]) -> Self {
        let void = of_generator(figures, limits);
        if !void.is_empty() {
            return Self::Void(void);
        }
        let mut missed: Vec<String> = figures
            .failures()
            .into_iter()
            .map(|(what, count)| format!("{what}, {count} times"))
            .collect();
        for (name, step) in &figures.steps {
            let refused = step.refused.values().sum::<u64>() as f64;
            let share = refused / (refused + step.accepted.count() as f64).max(1.0);
            if share > REFUSED_SHARE_MAX {
                missed.push(format!("{name}: {:.0} % were refused", share * 100.0));
            }
        }
        for Threshold { step, p99_ms } in thresholds {
            let times = figures.steps.get(*step).map(|figures| &figures.accepted);
            match times.filter(|times| times.count() > 0).map(|times| times.millis_at(99.0)) {
                Some(p99) if p99 <= *p99_ms => {}
                Some(p99) => missed.push(format!("{step}: p99 {p99:.1} ms, at most {p99_ms} ms")),
                None => missed.push(format!("{step}: nothing was accepted")),
            }
        }
        if missed.is_empty() { Self::Passed } else { Self::Missed(missed) }
    }
}

fn of_generator(figures: &Figures, limits: &Limits) -> Vec<String> {
    let mut reasons = Vec::new();
    if figures.people == 0 {
        reasons.push("nobody came".to_owned());
    }
    let (late, most) = (figures.lateness.millis_at(99.0), limits.lateness_p99_ms);
    if late > most {
        reasons.push(format!("it sent {late:.1} ms late at p99, {most} ms is the bound"));
    }
    for share in figures.cpu_shares.iter().filter(|share| **share > limits.cpu_share) {
        let (share, most) = (share * 100.0, limits.cpu_share * 100.0);
        reasons.push(format!("a process used {share:.0} % of a core, {most:.0} % is the bound"));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::journey::Outcome;

    const LIMITS: Limits = Limits { lateness_p99_ms: 5.0, cpu_share: Limits::CPU_SHARE };
    const THRESHOLDS: [Threshold; 1] = [Threshold { step: "hold", p99_ms: 100.0 }];

    fn figures(late_ms: u64, hold_ms: u64, cpu_share: f64) -> Figures {
        let mut figures = Figures { cpu_shares: vec![0.1, cpu_share], ..Figures::default() };
        for _ in 0..200 {
            figures.note_sent(Duration::from_millis(late_ms));
            figures.note("hold", Outcome::Accepted(Duration::from_millis(hold_ms)));
        }
        figures
    }

    #[test]
    fn a_quick_server_and_an_idle_generator_pass() {
        assert_eq!(Verdict::of(&figures(1, 20, 0.5), &LIMITS, &THRESHOLDS), Verdict::Passed);
    }

    #[test]
    fn a_generator_that_was_late_or_busy_voids_the_run() {
        for (late_ms, cpu_share) in [(20, 0.5), (1, 0.9)] {
            let verdict = Verdict::of(&figures(late_ms, 20, cpu_share), &LIMITS, &THRESHOLDS);
            assert!(matches!(&verdict, Verdict::Void(why) if why.len() == 1), "{verdict:?}");
        }
        let nobody = Verdict::of(&Figures::default(), &LIMITS, &[]);
        assert_eq!(nobody, Verdict::Void(vec!["nobody came".into()]));
    }

    #[test]
    fn slow_answers_failures_and_steps_never_taken_miss() {
        let slow = Verdict::of(&figures(1, 150, 0.5), &LIMITS, &THRESHOLDS);
        assert!(matches!(slow, Verdict::Missed(why) if why[0].starts_with("hold: p99 1")));
        let mut failed = figures(1, 20, 0.5);
        failed.note("hold", Outcome::Failed("500 internal".into()));
        let failed = Verdict::of(&failed, &LIMITS, &THRESHOLDS);
        assert_eq!(failed, Verdict::Missed(vec!["hold: 500 internal, 1 times".into()]));
        let mut refused = figures(1, 20, 0.5);
        refused.note("hold", Outcome::Refused("409 seats_unavailable".into()));
        assert_eq!(Verdict::of(&refused, &LIMITS, &THRESHOLDS), Verdict::Passed, "one of 200");
        (0..50).for_each(|_| refused.note("hold", Outcome::Refused("409".into())));
        let refused = Verdict::of(&refused, &LIMITS, &THRESHOLDS);
        assert_eq!(refused, Verdict::Missed(vec!["hold: 20 % were refused".into()]));
        let never = [Threshold { step: "order", p99_ms: 1.0 }];
        assert!(matches!(Verdict::of(&figures(1, 2, 0.1), &LIMITS, &never), Verdict::Missed(_)));
    }
}
