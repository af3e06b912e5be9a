//! HTTP manners that all services share: what a request must bring along, as extractors; what a
//! refusal looks like; and the layers around every router.
//!
//! A handler that takes [`Organizer`] or [`IdempotencyKey`] as an argument cannot run without
//! one. The layers are put on by [`Edge::wrap`], the routes' own state is not touched.

mod address;
mod body;
mod content;
mod cookies;
mod cors;
mod edge;
mod from_memory;
mod headers;
mod json;
mod json_answer;
mod meters;
mod names;
mod owner;
mod params;
mod path_ids;
mod principal;
mod problem;
mod queue_tokens;
mod rate_limit;
mod request_id;
mod strict_json;
#[cfg(test)]
mod tests;

pub use address::{AddressError, ClientAddress, IpNetwork, PeerAddress};
pub use body::RawBody;
pub use content::Content;
pub use cookies::{cookie, device_cookie, is_same_origin, is_secure, set_cookie};
pub use cors::{CorsOrigins, OriginError};
pub use edge::{Edge, EdgeSettings};
pub use from_memory::{FromMemory, MemoryReads};
pub use headers::{Device, DeviceKey, Organizer};
pub use json::{BodyDigest, EmptyBody, JsonBody, OptionalJsonBody};
pub use json_answer::Json;
pub use names::{
    HOLDFAST_DEVICE, HOLDFAST_HOLD, HOLDFAST_ORDER, HOLDFAST_PASS, HOLDFAST_PLACE, HOLDFAST_WORK,
    IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED,
};
pub use owner::{HoldToken, OrderToken};
pub use params::{PathParams, QueryParams};
pub use principal::{IdempotencyKey, Principal, address_key, customer_key, digest, email_key};
pub use problem::{Problem, ProblemBody};
pub use queue_tokens::{PassToken, PlaceToken};
pub use rate_limit::{Allowance, RateLimiter};
pub use request_id::RequestId;
