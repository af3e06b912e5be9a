//! What the lines tell operators. Series are bounded by the events whose lines are on.

use domain::{id::EventId, queue::Way};
use metrics::{counter, gauge};

pub fn joined(outcome: &'static str) {
    counter!("holdfast_queue_joins_total", "outcome" => outcome).increment(1);
}

pub fn entered(outcome: &'static str) {
    counter!("holdfast_queue_entries_total", "outcome" => outcome).increment(1);
}

pub fn released(event: &EventId, way: Way, people: u64) {
    let way = match way {
        Way::General => "general",
        Way::Priority => "priority",
        Way::Grace => "grace",
    };
    counter!("holdfast_queue_released_total", "event" => event.to_string(), "way" => way)
        .increment(people);
}

/// A line as its controller sees it each second.
#[derive(Default)]
pub struct LineMeters {
    pub joined: u64,
    pub waiting: u64,
    pub inside: u64,
    pub admitted: u64,
    pub show_share: f64,
    /// Arrivals of the last minute beside those that were aimed at.
    pub arrivals_per_minute: f64,
    pub target_per_minute: f64,
}

pub fn line(event: &EventId, line: &LineMeters) {
    let set = |name: &'static str, value: f64| {
        gauge!(name, "event" => event.to_string()).set(value);
    };
    set("holdfast_queue_joined", line.joined as f64);
    set("holdfast_queue_waiting", line.waiting as f64);
    set("holdfast_queue_inside", line.inside as f64);
    set("holdfast_queue_admitted", line.admitted as f64);
    set("holdfast_queue_no_show_share", 1.0 - line.show_share);
    set("holdfast_queue_arrivals_per_minute", line.arrivals_per_minute);
    set("holdfast_queue_target_per_minute", line.target_per_minute);
}

/// Somebody else tells of the line from now on, or nobody: what stood here last would be taken for
/// its present length.
pub fn line_left(event: &EventId) {
    line(event, &LineMeters { show_share: 1.0, ..LineMeters::default() });
}

pub fn cursor_age(event: &EventId, seconds: f64) {
    gauge!("holdfast_queue_cursor_age_seconds", "event" => event.to_string()).set(seconds);
}
