//! What each metric tells, for `# HELP`. One list, so that nobody has to know which crate counts what;
//! `helm/check/telemetry/metrics.yaml` is compared with it on a running program.

use metrics::{describe_counter, describe_gauge, describe_histogram};

use Kind::{Counter, Gauge, Histogram};

enum Kind {
    Counter,
    Gauge,
    Histogram,
}

const DESCRIPTIONS: &[(Kind, &str, &str)] = &[
    (Counter, "holdfast_http_requests_total", "Requests answered"),
    (
        Histogram,
        "holdfast_http_request_seconds",
        "Time from the head of a request to the head of its answer",
    ),
    (Gauge, "holdfast_http_requests_in_flight", "Requests whose answer has not begun"),
    (
        Counter,
        "holdfast_http_panics_total",
        "Requests that met a defect and were answered with 500",
    ),
    (Counter, "holdfast_holds_total", "Holds asked for by what became of them"),
    (Histogram, "holdfast_hold_call_holds", "Holds that went to the store in one script call"),
    (
        Counter,
        "holdfast_candidates_lost_total",
        "Best-available wishes whose candidates all went to others",
    ),
    (Counter, "holdfast_holds_swept_total", "Holds past their deadline that were tidied up"),
    (Counter, "holdfast_inventory_rebuilds_total", "Inventories laid anew from the ledger"),
    (
        Counter,
        "holdfast_inventory_healed_total",
        "Seats that the store had lost or kept wrongly and that were put right from the ledger",
    ),
    (Gauge, "holdfast_inventory_outbox_waiting", "Changes of seats that the ledger has queued"),
    (
        Counter,
        "holdfast_inventory_outbox_retries_total",
        "Changes of seats queued by the ledger that could not be made this time",
    ),
    (
        Gauge,
        "holdfast_mirror_age_seconds",
        "Time since the oldest map in use was known to be fresh",
    ),
    (
        Counter,
        "holdfast_mirror_mismatches_total",
        "Seats and areas in which a map differed from a full read at the same version",
    ),
    (Counter, "holdfast_lua_calls_total", "Script calls by their answer"),
    (
        Histogram,
        "holdfast_lua_call_seconds",
        "Time that a script call took with its way to the store and back",
    ),
    (Counter, "holdfast_orders_total", "Attempts to make an order by what became of them"),
    (Histogram, "holdfast_ledger_group_operations", "Operations that shared one transaction"),
    (
        Counter,
        "holdfast_ledger_gave_way_total",
        "Transactions that gave way to another one and were tried again",
    ),
    (
        Counter,
        "holdfast_ledger_quarantined_total",
        "Facts that cannot be true of their order and were put aside",
    ),
    (Counter, "holdfast_payments_webhooks_total", "Webhook deliveries by what became of them"),
    (
        Counter,
        "holdfast_payments_inbox_total",
        "Stored events that were worked on by what became of them",
    ),
    (Gauge, "holdfast_payments_inbox_waiting", "Stored events that are not yet worked off"),
    (
        Gauge,
        "holdfast_payments_inbox_oldest_age_seconds",
        "Age of the oldest stored event that is not yet worked off",
    ),
    (
        Histogram,
        "holdfast_payments_event_seconds",
        "Time from the delivery of an event to the end of the work on it",
    ),
    (Gauge, "holdfast_payments_inbox_quarantined", "Stored events that a person has to look at"),
    (Counter, "holdfast_payments_quarantined_total", "Stored events that were set aside"),
    (Counter, "holdfast_payments_outbox_total", "Captures and cancels and refunds that were tried"),
    (
        Gauge,
        "holdfast_payments_outbox_waiting",
        "Captures and cancels and refunds that wait to be sent",
    ),
    (
        Gauge,
        "holdfast_payments_outbox_oldest_age_seconds",
        "Age of the oldest capture or cancel or refund that waits to be sent",
    ),
    (Counter, "holdfast_payments_stripe_calls_total", "Calls to the payment provider"),
    (Counter, "holdfast_payments_facts_total", "Facts about money that were learnt"),
    (Counter, "holdfast_payments_mismatches_total", "Payments that do not fit their order"),
    (Gauge, "holdfast_payments_poll_due", "Orders that the last round of the poller found due"),
    (Counter, "holdfast_payments_poll_faults_total", "Reads of the poller that failed"),
    (
        Counter,
        "holdfast_payments_task_faults_total",
        "Rounds of background work that failed as a whole",
    ),
    (Gauge, "holdfast_queue_joined", "Places given out"),
    (Gauge, "holdfast_queue_waiting", "People who are not yet let in"),
    (Gauge, "holdfast_queue_inside", "People with a pass that lives"),
    (Gauge, "holdfast_queue_admitted", "Positions that the cursors have passed"),
    (Gauge, "holdfast_queue_no_show_share", "Share of those let in who do not enter"),
    (Gauge, "holdfast_queue_arrivals_per_minute", "People who entered in the last minute"),
    (Gauge, "holdfast_queue_target_per_minute", "Arrivals a minute that are aimed at"),
    (Gauge, "holdfast_queue_cursor_age_seconds", "Time since this process read the line"),
    (Counter, "holdfast_queue_joins_total", "Attempts to join a line by what became of them"),
    (Counter, "holdfast_queue_entries_total", "Attempts to enter by what became of them"),
    (Counter, "holdfast_queue_released_total", "People whose turn came"),
    (Gauge, "holdfast_live_sockets", "Open sockets"),
    (Counter, "holdfast_live_frames_total", "Writes to sockets"),
    (Counter, "holdfast_live_snapshots_total", "Whole maps sent"),
    (
        Counter,
        "holdfast_live_conflations_total",
        "Frames that stood for several which a socket had missed",
    ),
    (
        Counter,
        "holdfast_live_resumes_total",
        "Sockets that came with a version and were told the rest",
    ),
    (
        Counter,
        "holdfast_live_resyncs_total",
        "Sockets that came with a version and needed a whole map all the same",
    ),
    (Counter, "holdfast_live_slow_readers_cut_total", "Sockets closed because they did not read"),
    (
        Counter,
        "holdfast_live_breaks_total",
        "Ticks at which the way from the last version was not known",
    ),
    (Counter, "holdfast_live_refused_total", "Sockets that were not opened"),
    (Counter, "holdfast_live_closed_total", "Sockets closed by this side"),
    (
        Histogram,
        "holdfast_live_update_seconds",
        "Most time that a change can have taken from the store to the sockets",
    ),
    (Gauge, "holdfast_audit_violations", "Violations that the last audit of this process found"),
    (
        Gauge,
        "holdfast_audit_completed_timestamp_seconds",
        "When this process last completed an audit",
    ),
    (Gauge, "holdfast_build_info", "The version that runs; always 1"),
    (Gauge, "holdfast_draining", "Whether the process is ending"),
    (Gauge, "holdfast_ready", "Whether a part that readiness depends on answered when last asked"),
];

/// Tells the recorder; to be called once it is installed.
pub(super) fn describe() {
    for (kind, name, help) in DESCRIPTIONS {
        match kind {
            Counter => describe_counter!(*name, *help),
            Gauge => describe_gauge!(*name, *help),
            Histogram => describe_histogram!(*name, *help),
        }
    }
}
