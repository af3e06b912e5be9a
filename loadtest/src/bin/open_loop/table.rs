//! The run as a table for people.

use std::fmt::Write as _;

use loadtest::{
    auditor::Audit,
    open_loop::{Figures, Verdict},
};

use crate::profiles::Run;

const PERCENTS: [f64; 5] = [50.0, 90.0, 99.0, 99.9, 100.0];

pub fn text(run: &Run, figures: &Figures, audit: &Audit, verdict: &Verdict) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = writeln!(
        text,
        "\n{:<20} {:>9} {:>8} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "ms from intended", "accepted", "refused", "failed", "p50", "p90", "p99", "p99.9", "most"
    );
    for (name, step) in &figures.steps {
        let (refused, failed) =
            (step.refused.values().sum::<u64>(), step.failed.values().sum::<u64>());
        let accepted = step.accepted.count();
        let _ = write!(text, "{name:<20} {accepted:>9} {refused:>8} {failed:>7}");
        for percent in PERCENTS {
            let _ = write!(text, " {:>9.2}", step.accepted.millis_at(percent));
        }
        text.push('\n');
    }
    for step in figures.steps.values() {
        for (what, count) in step.refused.iter().chain(&step.failed) {
            let _ = writeln!(text, "  {what}: {count}");
        }
    }
    let shares: Vec<String> =
        figures.cpu_shares.iter().map(|share| format!("{:.0} %", share * 100.0)).collect();
    let _ = writeln!(
        text,
        "\nThe generator: {} people; {} connections; late by {:.2} ms at the median, {:.2} at p99 (void \
         above {}); of a core, each process: {} (void above {:.0} %).",
        figures.people,
        figures.connections,
        figures.lateness.millis_at(50.0),
        figures.lateness.millis_at(99.0),
        run.limits.lateness_p99_ms,
        shares.join(", "),
        run.limits.cpu_share * 100.0,
    );
    let _ = writeln!(text, "The auditor: {}.", audit.verdict());
    let (verdict, reasons) = match verdict {
        Verdict::Passed if audit.is_passed() => ("passed", &[][..]),
        Verdict::Passed => ("MISSED: the audit is not clean", &[][..]),
        Verdict::Missed(reasons) => ("MISSED", &reasons[..]),
        Verdict::Void(reasons) => {
            ("VOID: the generator was the bottleneck, these are its own figures", &reasons[..])
        }
    };
    let _ = writeln!(text, "The run: {verdict}.");
    for reason in reasons {
        let _ = writeln!(text, "  {reason}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;
    use loadtest::{auditor::Check, journey::Outcome};

    use super::*;
    use crate::options::Options;

    #[test]
    fn a_void_run_says_so_before_anybody_quotes_it() {
        let options = Options::try_parse_from(["open_loop", "constant"]).expect("options");
        let run = Run::new(&options, "127.0.0.1:1".parse().expect("an address"));
        let mut figures = Figures { cpu_shares: vec![0.97], ..Figures::default() };
        figures.note_sent(Duration::from_millis(1));
        figures.note("hold", Outcome::Accepted(Duration::from_millis(12)));
        figures.note("hold", Outcome::Refused("409 seats_unavailable".into()));
        let check = Check {
            invariant: "I1".into(),
            title: "one claim a seat".into(),
            outcome: "holds".into(),
            violations: Vec::new(),
        };
        let audit = Audit { clean: true, checks: vec![check] };
        let verdict = Verdict::of(&figures, &run.limits, &run.thresholds);
        let text = text(&run, &figures, &audit, &verdict);
        for line in [
            "The run: VOID: the generator was the bottleneck",
            "a process used 97 % of a core, 85 % is the bound",
            "409 seats_unavailable: 1",
            "1 of 1 invariants hold",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
