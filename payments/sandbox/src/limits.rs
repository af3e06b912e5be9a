//! Every limit of the sandbox, in one place.

/// The API version of the objects, the one that the client crates are generated from.
pub(crate) const API_VERSION: &str = "2026-09-30.endive";

/// Longest request body, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;
/// Most parameters in one request, nested ones counted each.
pub(crate) const PARAMETERS_MAX: usize = 1000;
/// Deepest `a[b][c]` nesting.
pub(crate) const PARAMETER_DEPTH_MAX: usize = 8;

/// Stripe's own: amounts have at most eight digits.
pub(crate) const AMOUNT_MAX: i64 = 99_999_999;
pub(crate) const METADATA_KEYS_MAX: usize = 50;
pub(crate) const METADATA_KEY_CHARS_MAX: usize = 40;
pub(crate) const METADATA_VALUE_CHARS_MAX: usize = 500;
pub(crate) const DESCRIPTION_CHARS_MAX: usize = 1000;
pub(crate) const PAGE_DEFAULT: i64 = 10;
pub(crate) const PAGE_MAX: i64 = 100;
pub(crate) const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// Stripe forgets an idempotency key after a day.
pub(crate) const ANSWER_KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// An authorisation that nobody captures ends after seven days.
pub(crate) const AUTHORIZATION_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// How long a refund that pends, or fails later, takes to do so.
pub(crate) const REFUND_SETTLES_MS: i64 = 2000;

/// Delivered events beyond this number are forgotten, oldest first (Stripe: after 30 days).
pub(crate) const EVENTS_KEPT: usize = 10_000;
/// Webhooks on their way at once.
pub(crate) const DELIVERIES_AT_ONCE: usize = 32;
pub(crate) const DELIVERY_TIMEOUT_SECONDS: u64 = 10;
/// The wait after a failed delivery: doubles from the first to the last.
pub(crate) const REDELIVERY_FIRST_MS: i64 = 1000;
pub(crate) const REDELIVERY_LAST_MS: i64 = 5 * 60 * 1000;
/// Stripe gives up after three days.
pub(crate) const DELIVERY_GIVEN_UP_MS: i64 = 3 * 24 * 60 * 60 * 1000;
/// `shuffle` delays each delivery by a random time below this.
pub(crate) const SHUFFLE_WINDOW_MS: u64 = 500;

/// The journal is rewritten when it has grown by this much, and to twice its size, since the last time.
pub(crate) const JOURNAL_GROWTH_BYTES: u64 = 64 * 1024 * 1024;

/// Bounds of what `POST /control` takes.
pub(crate) const CONTROL_DELAY_MS_MAX: u64 = 24 * 60 * 60 * 1000;
pub(crate) const CONTROL_REPEAT_MAX: u32 = 100;
