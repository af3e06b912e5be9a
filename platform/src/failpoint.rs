//! Named steps at which a test may kill the process.
//!
//! Without the feature `failpoints` (never in a shipped binary) a call is empty. With it, the
//! environment variable `FAILPOINTS` chooses steps: `FAILPOINTS="order_committed=return"` ends the
//! process there, at once and without any clean-up, as a power cut does.

/// Every step that has a name, in the order of a checkout, then of a draw.
pub const NAMES: [&str; 19] = [
    "order_committed",
    "order_promoted",
    "before_intent_created",
    "intent_created",
    "intent_stored",
    "webhook_stored",
    "authorised_learned",
    "before_capture_sent",
    "capture_sent",
    "paid_learned",
    "cancel_marked",
    "cancel_sent",
    "voided_learned",
    "line_drawing",
    "entries_closed",
    "closing_stored",
    "round_named",
    "draw_stored",
    "draw_shown",
];

/// Passes, or ends the process when the environment says so. `name` is one of [`NAMES`].
#[inline]
pub fn failpoint(name: &'static str) {
    debug_assert!(NAMES.contains(&name), "{name} is not in the list of fail points");
    #[cfg(feature = "failpoints")]
    fail::fail_point!(name, |_| -> () {
        eprintln!("fail point {name}: the process ends here");
        std::process::abort()
    });
}

/// What a test may switch off, by the same variable: `FAILPOINTS="no_sweep=return"`.
pub const SWITCHES: [&str; 1] = ["no_sweep"];

/// Whether a test chose one of [`SWITCHES`]; never without the feature.
pub fn is_chosen(switch: &'static str) -> bool {
    debug_assert!(SWITCHES.contains(&switch), "{switch} is not in the list of switches");
    #[cfg(feature = "failpoints")]
    fail::fail_point!(switch, |_| true);
    false
}

/// Reads `FAILPOINTS`. To be called once, first thing in `main`. Panics on an unknown step, so
/// that a misspelt test cannot pass.
pub fn setup() {
    #[cfg(feature = "failpoints")]
    {
        let chosen = std::env::var("FAILPOINTS").unwrap_or_default();
        for one in chosen.split(';').map(str::trim).filter(|one| !one.is_empty()) {
            let name = one.split('=').next().unwrap_or_default().trim();
            let known = NAMES.contains(&name) || SWITCHES.contains(&name);
            assert!(known, "FAILPOINTS names no step: {name:?}");
        }
        // Dropped, it would switch the points off again.
        std::mem::forget(fail::FailScenario::setup());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fail_point_passes_unless_it_is_chosen() {
        NAMES.iter().for_each(|name| failpoint(name));
    }
}
