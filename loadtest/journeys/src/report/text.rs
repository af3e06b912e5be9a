//! The report on a terminal.

use super::{Report, millis};
use crate::figures::Row;

impl Report<'_> {
    /// Many lines; the verdict is the last.
    pub fn text(&self) -> String {
        let mut lines = vec![String::new(), self.circumstances(), self.sockets(), String::new()];
        lines.push(format!(
            "{:<7} {:<26} {:>8} {:>9} {:>9} {:>9} {:>8} {:>7} {:>9}",
            "", "milliseconds", "accepted", "p50", "p95", "p99", "refused", "errors", "baseline"
        ));
        for row in &self.run.rows {
            lines.push(self.line(row));
            lines.extend(row.refused.iter().map(|(code, times)| {
                let (p50, p99) = (millis(times.p50), millis(times.p99));
                format!("{:>36}  {:<32} p50 {p50}, p99 {p99}", times.count, code)
            }));
            let errors = row.errors.iter();
            lines.extend(errors.map(|(code, count)| format!("{count:>36}  ERROR {code}")));
        }
        lines.extend([String::new(), self.beside_baseline()]);
        for finding in &self.judgement.findings {
            let mark = if finding.kept { "kept  " } else { "MISSED" };
            lines.push(format!("{mark}  {:<44} {}", finding.rule, finding.found));
        }
        for check in self.audit.checks.iter().filter(|check| check.outcome != "holds") {
            let reason = check.reason.clone().unwrap_or_default();
            let outcome = check.outcome.replace('_', " ");
            lines.push(format!("audit   {} {outcome}: {} {reason}", check.invariant, check.title));
            lines.extend(check.violations.iter().take(5).map(|it| format!("        {it}")));
        }
        let verdict = if self.judgement.passed() { "The run passed." } else { "The run FAILED." };
        lines.push(verdict.to_owned());
        lines.join("\n") + "\n"
    }

    fn line(&self, row: &Row) -> String {
        let ratio = self
            .judgement
            .comparison(row)
            .map(|it| format!("{:.2}x{}", it.p99, if it.is_slower { "!" } else { "" }));
        let times = row.accepted;
        format!(
            "{:<7} {:<26} {:>8} {:>9} {:>9} {:>9} {:>8} {:>7} {:>9}",
            row.kind.label(),
            row.name,
            times.count,
            millis(times.p50),
            millis(times.p95),
            millis(times.p99),
            row.refused_count(),
            row.error_count(),
            ratio.unwrap_or_default(),
        )
    }
}
