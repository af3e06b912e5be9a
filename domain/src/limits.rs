//! Every bound on what comes in, by name, in one place.

/// Seats of one event, named seats and area capacity together.
pub const EVENT_SEATS_MAX: usize = 150_000;
/// Areas of one event.
pub const EVENT_AREAS_MAX: usize = 64;
/// Categories of one event.
pub const EVENT_CATEGORIES_MAX: usize = 64;
/// Characters of a seat label, a name of a zone, row, area or category.
pub const LABEL_LENGTH_MAX: usize = 64;
/// Characters of an event's name.
pub const EVENT_NAME_LENGTH_MAX: usize = 200;
/// Characters of an event's description.
pub const EVENT_DESCRIPTION_LENGTH_MAX: usize = 10_000;
/// Characters of an event's slug.
pub const SLUG_LENGTH_MAX: usize = 64;
/// Minor units of one seat: a hundred million units with two decimals.
pub const PRICE_MAX: i64 = 10_000_000_000;
/// Highest `max_per_customer`, and so the most seats of one hold.
pub const SEATS_PER_HOLD_MAX: u32 = 50;
/// `hold_seconds` of an event.
pub const HOLD_SECONDS_MAX: i64 = 1_800;
/// `pay_seconds` of an event, at least.
pub const PAY_SECONDS_MIN: i64 = 30;
/// `pay_seconds` of an event, at most.
pub const PAY_SECONDS_MAX: i64 = 1_800;
/// `extensions` of an event.
pub const EXTENSIONS_MAX: u32 = 10;
/// Added once to the time to pay when 3-D Secure starts.
pub const AUTHENTICATION_EXTENSION_SECONDS: i64 = 300;
/// Holds combined into one script call (performance: a call of 64 blocks a shard about 160 µs).
pub const HOLDS_PER_CALL_MAX: usize = 64;
/// Candidates of one best-available hold that a script tries.
pub const CANDIDATES_MAX: usize = 4;
/// Bytes of a request body.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Bytes of the body that creates an event (it carries the seating plan).
pub const EVENT_BODY_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes of a webhook body.
pub const WEBHOOK_BODY_BYTES_MAX: usize = 256 * 1024;
/// Characters of an idempotency key.
pub const IDEMPOTENCY_KEY_LENGTH_MAX: usize = 255;
/// Characters of an idempotency key that belongs to nobody: it must be unguessable.
pub const ANONYMOUS_IDEMPOTENCY_KEY_LENGTH_MIN: usize = 22;
/// How long an answer is kept under its idempotency key.
pub const IDEMPOTENCY_KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// Characters of a device key: 128 bits in base64url.
pub const DEVICE_KEY_LENGTH_MIN: usize = 22;
/// Characters of a device key, at most.
pub const DEVICE_KEY_LENGTH_MAX: usize = 128;
/// Characters of an e-mail address (RFC 5321).
pub const EMAIL_LENGTH_MAX: usize = 254;
/// Items of one page of a list.
pub const PAGE_LIMIT_MAX: u32 = 100;
/// Items of one page when the caller does not say.
pub const PAGE_LIMIT_DEFAULT: u32 = 20;
/// Characters of the name that is written on an order's tickets.
pub const HOLDER_NAME_LENGTH_MAX: usize = 200;
/// `pass_seconds` of a queue, at least.
pub const PASS_SECONDS_MIN: i64 = 1;
/// `turn_seconds` of a queue, at least.
pub const TURN_SECONDS_MIN: i64 = 1;
/// `pass_seconds` and `turn_seconds` of a queue, at most: a day.
pub const QUEUE_SECONDS_MAX: i64 = 86_400;
/// `admit_per_minute` and `max_inside` of a queue.
pub const QUEUE_PEOPLE_MAX: u32 = 1_000_000;
/// `max_waiting` of a queue.
pub const QUEUE_WAITING_MAX: u32 = 10_000_000;
/// `priority_share` of a queue, in percent.
pub const PRIORITY_SHARE_MAX: u32 = 50;
