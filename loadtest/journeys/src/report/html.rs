//! The report as one page. Everything is inside it, and its own policy forbids to load anything.

use super::{
    Report,
    chart::{latencies, then, timeline},
    millis,
};
use crate::figures::{Kind, Row};

const STYLE: &str = include_str!("style.css");

impl Report<'_> {
    /// A whole document without scripts and without addresses.
    pub fn html(&self) -> String {
        let passed = self.judgement.passed();
        let (class, verdict) = if passed { ("good", "Passed") } else { ("bad", "Failed") };
        [
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'unsafe-inline'\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\">"
                .to_owned(),
            format!("<title>Holdfast load: {verdict}</title><style>{STYLE}</style></head><body>"),
            format!(
                "<header><h1>Load run <span class=\"{class}\">{verdict}</span></h1><p>{}</p>\
                 <p>{}</p></header><main>",
                escaped(&self.circumstances()),
                escaped(&self.sockets())
            ),
            self.findings(),
            self.timeline(),
            self.requests(),
            self.audit(),
            "<footer><p>The crowd is a closed loop: who waits for an answer sends nothing \
             meanwhile, so a stall is seen once by each person and not once for every request that \
             would have come. These latencies tell runs apart; they are no headline figures.</p>\
             </footer></main></body></html>"
                .to_owned(),
        ]
        .concat()
    }

    fn findings(&self) -> String {
        let lines = self.judgement.findings.iter().map(|finding| {
            let (class, mark) = if finding.kept { ("good", "kept") } else { ("bad", "missed") };
            let (rule, found) = (escaped(&finding.rule), escaped(&finding.found));
            format!("<li><span class=\"{class}\">{mark}</span><b>{rule}</b><i>{found}</i></li>")
        });
        let lines: String = lines.collect();
        let beside = escaped(&self.beside_baseline());
        format!("<section><h2>Rules</h2><ul class=\"rules\">{lines}</ul><p>{beside}</p></section>")
    }

    fn timeline(&self) -> String {
        format!(
            "<section><h2>Each second</h2>{}<p class=\"legend\"><span class=\"key ok\"></span>\
             accepted <span class=\"key refused\"></span>refused as declared \
             <span class=\"key error\"></span>errors</p></section>",
            timeline(&self.load.seconds())
        )
    }

    fn requests(&self) -> String {
        let mut table = String::from(
            "<section><h2>Requests, sockets and waits</h2><div class=\"wide\"><table><thead><tr>\
             <th>milliseconds</th><th>accepted</th><th>p50</th><th>p95</th><th>p99</th>\
             <th>0.1 ms to 100 s</th><th>refused</th><th>errors</th><th>p99 to baseline</th>\
             </tr></thead>",
        );
        for kind in Kind::ALL {
            let title = match kind {
                Kind::Rest => "Requests",
                Kind::Socket => "Sockets",
                Kind::Wait => "What people waited for",
            };
            table += &format!("<tbody><tr class=\"kind\"><th colspan=\"9\">{title}</th></tr>");
            for row in self.run.rows.iter().filter(|row| row.kind == kind) {
                table += &self.row(row);
            }
            table += "</tbody>";
        }
        table
            + "</table></div><p class=\"legend\"><span class=\"key body\"></span>p50 to p95 \
               <span class=\"key tail\"></span>p95 to p99 <span class=\"key then\"></span>the \
               baseline's p99. Each line of the grid is ten times the one before.</p></section>"
    }

    fn row(&self, row: &Row) -> String {
        let baseline = self.judgement.baseline.as_ref().map(|(run, _)| run);
        let times = row.accepted;
        let (class, ratio) = match self.judgement.comparison(row) {
            Some(it) if it.is_slower => ("bad", format!("{:.2} slower", it.p99)),
            Some(it) => ("", format!("{:.2}", it.p99)),
            None => ("", String::new()),
        };
        let refused = row.refused.iter().map(|(code, times)| {
            let (code, p99) = (escaped(code), millis(times.p99));
            format!("<div>{} {code} <small>p99 {p99}</small></div>", times.count)
        });
        let errors = row
            .errors
            .iter()
            .map(|(code, count)| format!("<div class=\"bad\">{count} {}</div>", escaped(code)));
        let cells = match times.count {
            0 => "<td>0</td><td></td><td></td><td></td><td></td>".to_owned(),
            count => format!(
                "<td>{count}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>",
                millis(times.p50),
                millis(times.p95),
                millis(times.p99),
                latencies(times, then(baseline, row)),
            ),
        };
        format!(
            "<tr><th>{}</th>{cells}<td class=\"codes\">{}</td><td class=\"codes\">{}</td>\
             <td class=\"{class}\">{ratio}</td></tr>",
            escaped(&row.name),
            refused.collect::<String>(),
            errors.collect::<String>(),
        )
    }

    fn audit(&self) -> String {
        let lines = self.audit.checks.iter().map(|check| {
            let (class, word) = match check.outcome.as_str() {
                "holds" => ("good", "holds"),
                "violated" => ("bad", "violated"),
                _ => ("unknown", "not checked"),
            };
            let more = check.reason.iter().cloned();
            let found = check.violations.iter().map(|violation| violation.to_string());
            let more: Vec<String> = more.chain(found.take(20)).collect();
            format!(
                "<tr><th>{}</th><td class=\"{class}\">{word}</td><td class=\"codes\">{} \
                 <small>{}</small></td></tr>",
                escaped(&check.invariant),
                escaped(&check.title),
                escaped(&more.join("; "))
            )
        });
        let lines: String = lines.collect();
        format!(
            "<section><h2>The auditor</h2><div class=\"wide\"><table class=\"audit\">{lines}\
             </table></div></section>"
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        figures::{Times, Verdict},
        hosts::Hosts,
        judgement::{
            Judgement, Thresholds,
            tests::{clean_audit, options, run},
        },
        load::Load,
        organizer::Sale,
        seats::Seats,
    };

    fn page(errors: bool) -> String {
        let chart =
            serde_json::json!({"zones": [{"rows": [{"seats": [{"index": 0, "label": "A"}]}]}]});
        let seats = Seats::of_chart(&chart).expect("a chart");
        let sale = Sale { slug: "sale".into(), seats };
        let load = Load::new(Hosts::one("http://127.0.0.1:1"), sale, Duration::from_secs(5));
        load.count(&Verdict::Accepted);
        let (mut run, options) = (run(50), options(&[]));
        let row = &mut run.rows[0];
        row.refused.insert("409 seats_unavailable".into(), Times { count: 7, ..Times::default() });
        if errors {
            row.errors.insert("500 <script>".into(), 3);
        }
        let audit = clean_audit();
        let thresholds = Thresholds::of(&options);
        let judgement = Judgement::new(&run, &thresholds, &audit, Some(run.clone()), &options);
        let report = Report { run: &run, judgement: &judgement, audit: &audit, load: &load };
        for row in &run.rows {
            assert!(report.html().contains(&format!("<th>{}</th>", row.name)), "{}", row.name);
            assert!(report.text().contains(&row.name), "{}", row.name);
        }
        report.html()
    }

    #[test]
    fn the_page_has_every_row_and_loads_nothing() {
        let page = page(false);
        for outside in ["http://", "https://", "<script", "<link", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.contains("7 409 seats_unavailable"));
        assert!(page.contains(">Passed<"));
    }

    #[test]
    fn an_error_is_shown_and_cannot_write_into_the_page() {
        let page = page(true);
        assert!(page.contains("3 500 &lt;script&gt;"));
        assert!(page.contains(">Failed<"));
    }
}
