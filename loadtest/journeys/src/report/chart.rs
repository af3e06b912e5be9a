//! The report's pictures, as SVG inside the page: each second of the run, and each request's
//! latencies on one scale.

use std::fmt::Write;

use crate::{baseline::Run, figures::Times, load::Second};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 180.0;
/// The scale of latencies: 100 µs to 100 s, each decade as wide.
const DECADES: (f64, f64) = (2.0, 8.0);
pub const SCALE_WIDTH: f64 = 240.0;

/// Answers a second, refusals and errors on top.
pub fn timeline(seconds: &[Second]) -> String {
    let total = |second: &Second| second.accepted + second.refused + second.errors;
    let top = seconds.iter().map(total).max().unwrap_or_default().max(1);
    let width = WIDTH / seconds.len().max(1) as f64;
    let height = |count: u32| f64::from(count) / f64::from(top) * HEIGHT;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" class=\"timeline\" role=\"img\" \
         preserveAspectRatio=\"none\"><title>Answers in each second, at most {top}</title>"
    );
    for (index, second) in seconds.iter().enumerate() {
        let mut y = HEIGHT;
        let parts =
            [(second.accepted, "ok"), (second.refused, "refused"), (second.errors, "error")];
        for (count, class) in parts.into_iter().filter(|(count, _)| *count > 0) {
            y -= height(count);
            let (x, bar) = (index as f64 * width, (width - 1.0).max(0.5));
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{bar:.1}\" \
                 height=\"{:.1}\"><title>second {index}: {count} {class}</title></rect>",
                height(count)
            );
        }
    }
    svg + "</svg>"
}

/// From the median to the 99th percentile, with the 95th between; the baseline's 99th as a line.
pub fn latencies(times: Times, baseline: Option<Times>) -> String {
    let (p50, p95, p99) = (at(times.p50), at(times.p95), at(times.p99));
    let mut svg =
        format!("<svg viewBox=\"0 0 {SCALE_WIDTH} 14\" class=\"latency\" aria-hidden=\"true\">");
    for decade in 1..(DECADES.1 - DECADES.0) as u32 {
        let x = f64::from(decade) * SCALE_WIDTH / (DECADES.1 - DECADES.0);
        let _ = write!(svg, "<path class=\"grid\" d=\"M{x:.1} 0V14\"/>");
    }
    let wide = |from: f64, to: f64| (to - from).max(1.5);
    let _ = write!(
        svg,
        "<rect class=\"tail\" x=\"{p95:.1}\" y=\"5\" width=\"{:.1}\" height=\"4\"/>\
         <rect class=\"body\" x=\"{p50:.1}\" y=\"3\" width=\"{:.1}\" height=\"8\"/>",
        wide(p95, p99),
        wide(p50, p95),
    );
    if let Some(then) = baseline {
        let _ = write!(svg, "<path class=\"then\" d=\"M{:.1} 1V13\"/>", at(then.p99));
    }
    svg + "</svg>"
}

/// Where a latency stands on the scale.
fn at(micros: u64) -> f64 {
    let decades = (micros.max(1) as f64).log10().clamp(DECADES.0, DECADES.1) - DECADES.0;
    decades / (DECADES.1 - DECADES.0) * SCALE_WIDTH
}

/// A request's times in the baseline.
pub fn then(baseline: Option<&Run>, row: &crate::figures::Row) -> Option<Times> {
    let times = baseline?.row(row.kind, &row.name)?.accepted;
    (times.count > 0).then_some(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_grows_with_the_latency_and_keeps_its_ends() {
        assert_eq!(at(0), 0.0);
        assert_eq!(at(u64::MAX), SCALE_WIDTH);
        assert!(at(1_000) < at(10_000));
    }

    #[test]
    fn each_second_is_drawn_with_what_happened_in_it() {
        let seconds = [
            Second { accepted: 8, refused: 2, errors: 0 },
            Second::default(),
            Second { accepted: 5, refused: 0, errors: 1 },
        ];
        let svg = timeline(&seconds);
        assert_eq!(svg.matches("<rect").count(), 4);
        assert!(svg.contains("second 2: 1 error"));
        assert!(timeline(&[]).ends_with("</svg>"));
    }
}
