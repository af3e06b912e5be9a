//! Whether a run passed: the thresholds, the audit, and the baseline where it is to be obeyed.

use crate::{
    baseline::{Comparison, Run},
    figures::{Kind, Row},
    options::Options,
    organizer::Audit,
};

/// What a run must keep. Milliseconds at the 99th percentile.
pub struct Thresholds {
    latencies: Vec<(Kind, &'static str, u64)>,
}

impl Thresholds {
    pub fn of(options: &Options) -> Self {
        Self {
            latencies: vec![
                (Kind::Rest, "hold named seats", options.hold_p99_ms),
                (Kind::Rest, "hold best available", options.hold_p99_ms),
                (Kind::Rest, "availability", options.availability_p99_ms),
                (Kind::Wait, "paid to confirmed", options.confirmed_p99_ms),
            ],
        }
    }
}

/// One rule and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub rule: String,
    pub found: String,
    pub kept: bool,
}

pub struct Judgement {
    pub findings: Vec<Finding>,
    pub comparisons: Vec<Comparison>,
    /// The baseline's circumstances, where there is one, and whether they are this run's.
    pub baseline: Option<(Run, bool)>,
}

impl Judgement {
    pub fn new(
        run: &Run,
        thresholds: &Thresholds,
        audit: &Audit,
        baseline: Option<Run>,
        options: &Options,
    ) -> Self {
        let mut findings = vec![of_audit(audit), of_errors(run)];
        for (kind, name, most_ms) in &thresholds.latencies {
            findings.push(of_latency(run, *kind, name, *most_ms));
        }
        let comparisons = match &baseline {
            Some(baseline) => run.compare(baseline, options.slower),
            None => Vec::new(),
        };
        if options.strict {
            findings.push(of_baseline(&comparisons, baseline.is_some()));
        }
        let baseline = baseline.map(|baseline| {
            let is_comparable = run.is_comparable(&baseline);
            (baseline, is_comparable)
        });
        Self { findings, comparisons, baseline }
    }

    /// A request beside the baseline's, where both have it.
    pub fn comparison(&self, row: &Row) -> Option<&Comparison> {
        self.comparisons.iter().find(|it| it.kind == row.kind && it.name == row.name)
    }

    pub fn passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.kept)
    }
}

fn of_audit(audit: &Audit) -> Finding {
    let of = |outcome| audit.checks.iter().filter(|check| check.outcome == outcome).count();
    let (violated, holds, unchecked) = (of("violated"), of("holds"), of("not_checked"));
    Finding {
        rule: "the auditor finds no violation".to_owned(),
        found: format!("{holds} hold, {violated} violated, {unchecked} not checked"),
        kept: audit.clean && violated == 0 && holds > 0,
    }
}

fn of_errors(run: &Run) -> Finding {
    let errors: u64 = run.rows.iter().map(|row| row.error_count()).sum();
    let answers: u64 = run.rows.iter().map(|row| row.accepted.count).sum();
    Finding {
        rule: "no error beyond declared refusals".to_owned(),
        found: format!("{errors}"),
        kept: errors == 0 && answers > 0,
    }
}

/// A request that nobody made misses its threshold: the run did not test it.
fn of_latency(run: &Run, kind: Kind, name: &str, most_ms: u64) -> Finding {
    let times = run.row(kind, name).map(|row| row.accepted).unwrap_or_default();
    Finding {
        rule: format!("{name}: p99 at most {most_ms} ms"),
        found: match times.count {
            0 => "never seen".to_owned(),
            _ => format!("{:.1} ms", times.p99 as f64 / 1_000.0),
        },
        kept: times.count > 0 && times.p99 <= most_ms * 1_000,
    }
}

fn of_baseline(comparisons: &[Comparison], is_there: bool) -> Finding {
    let slower: Vec<&str> =
        comparisons.iter().filter(|it| it.is_slower).map(|it| it.name.as_str()).collect();
    Finding {
        rule: "nothing is slower than in the baseline".to_owned(),
        found: match (is_there, slower.is_empty()) {
            (false, _) => "no baseline".to_owned(),
            (true, true) => "nothing".to_owned(),
            (true, false) => slower.join(", "),
        },
        kept: is_there && slower.is_empty(),
    }
}

#[cfg(test)]
pub mod tests {
    use clap::Parser;

    use super::*;
    use crate::{figures::Times, organizer::Check};

    pub fn options(more: &[&str]) -> Options {
        Options::parse_from([&["load"], more].concat())
    }

    pub fn clean_audit() -> Audit {
        let check = Check { invariant: "I1".into(), outcome: "holds".into(), ..Check::default() };
        Audit { clean: true, checks: vec![check] }
    }

    /// A run in which every threshold's request took `p99_ms`.
    pub fn run(p99_ms: u64) -> Run {
        let options = options(&[]);
        let rows = Thresholds::of(&options).latencies.into_iter().map(|(kind, name, _)| {
            let mut row = Row::new(kind, name);
            let p99 = p99_ms * 1_000;
            row.accepted = Times { count: 1_000, p50: p99 / 2, p95: p99, p99, max: p99 };
            row
        });
        Run { rows: rows.collect(), ..Run::default() }
    }

    fn judge(run: &Run, audit: &Audit, baseline: Option<Run>, more: &[&str]) -> Judgement {
        let options = options(more);
        Judgement::new(run, &Thresholds::of(&options), audit, baseline, &options)
    }

    fn missed(judgement: &Judgement) -> Vec<&str> {
        let missed = judgement.findings.iter().filter(|finding| !finding.kept);
        missed.map(|finding| finding.rule.as_str()).collect()
    }

    #[test]
    fn a_quick_and_clean_run_passes() {
        assert!(judge(&run(50), &clean_audit(), None, &[]).passed());
    }

    #[test]
    fn a_slow_hold_misses_its_threshold_which_an_option_sets() {
        let judgement = judge(&run(150), &clean_audit(), None, &[]);
        let expected =
            ["hold named seats: p99 at most 100 ms", "hold best available: p99 at most 100 ms"];
        assert_eq!(missed(&judgement), expected);
        assert!(judge(&run(150), &clean_audit(), None, &["--hold-p99-ms", "150"]).passed());
    }

    #[test]
    fn one_error_fails_the_run_and_refusals_do_not() {
        let mut refused = run(50);
        refused.rows[0].refused.insert("409 seats_unavailable".into(), Times::default());
        assert!(judge(&refused, &clean_audit(), None, &[]).passed());
        refused.rows[0].errors.insert("500 internal".into(), 1);
        let judgement = judge(&refused, &clean_audit(), None, &[]);
        assert_eq!(missed(&judgement), ["no error beyond declared refusals"]);
    }

    #[test]
    fn a_run_that_did_not_make_a_request_misses_its_threshold() {
        let mut run = run(50);
        run.rows.retain(|row| row.name != "availability");
        let judgement = judge(&run, &clean_audit(), None, &[]);
        assert_eq!(missed(&judgement), ["availability: p99 at most 200 ms"]);
    }

    #[test]
    fn a_violation_or_an_audit_that_checked_nothing_fails_the_run() {
        let mut violated = clean_audit();
        violated.checks[0].outcome = "violated".into();
        for audit in [violated, Audit { clean: true, checks: Vec::new() }] {
            let judgement = judge(&run(50), &audit, None, &[]);
            assert_eq!(missed(&judgement), ["the auditor finds no violation"]);
        }
    }

    #[test]
    fn slower_than_the_baseline_is_told_and_fails_only_when_strict() {
        let (now, then) = (run(80), run(20));
        let judgement = judge(&now, &clean_audit(), Some(then.clone()), &[]);
        assert!(judgement.passed());
        assert!(judgement.comparisons.iter().all(|comparison| comparison.is_slower));
        assert!(!judge(&now, &clean_audit(), Some(then), &["--strict"]).passed());
        assert!(!judge(&now, &clean_audit(), None, &["--strict"]).passed(), "no baseline");
        assert!(judge(&now, &clean_audit(), Some(now.clone()), &["--strict"]).passed());
    }
}
