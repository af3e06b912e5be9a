//! Header names of the public contract.

use axum::http::HeaderName;

pub const HOLDFAST_DEVICE: HeaderName = HeaderName::from_static("holdfast-device");
pub const HOLDFAST_HOLD: HeaderName = HeaderName::from_static("holdfast-hold");
pub const HOLDFAST_ORDER: HeaderName = HeaderName::from_static("holdfast-order");
pub const HOLDFAST_PASS: HeaderName = HeaderName::from_static("holdfast-pass");
pub const HOLDFAST_PLACE: HeaderName = HeaderName::from_static("holdfast-place");
pub const HOLDFAST_WORK: HeaderName = HeaderName::from_static("holdfast-work");
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
pub(crate) const RATE_LIMIT_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
pub(crate) const RATE_LIMIT_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
pub(crate) const RATE_LIMIT_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
