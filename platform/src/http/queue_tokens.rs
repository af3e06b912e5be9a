//! Places and passes as they come in. Genuine ones are taken only together with the device key to
//! which they are bound.

use std::{convert::Infallible, fmt};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use domain::{id::EventId, time::Timestamp};

use super::{
    Device, Problem,
    names::{HOLDFAST_PASS, HOLDFAST_PLACE},
    owner::header_text,
};
use crate::{
    Keys,
    tokens::{DeviceBinding, QueueToken, TokenKind},
};

macro_rules! queue_token {
    ($(#[$doc:meta])* $name:ident, $header:expr, $kind:expr) => {
        $(#[$doc])*
        #[derive(Clone, Default)]
        pub struct $name(Option<String>);

        impl $name {
            /// One that came in another way than by its header.
            pub fn new(text: Option<String>) -> Self {
                Self(text)
            }

            pub fn from_headers(headers: &HeaderMap) -> Self {
                Self(header_text(headers, &$header))
            }

            pub fn is_absent(&self) -> bool {
                self.0.is_none()
            }

            /// `None` when none came. 401 `token_invalid` when it is broken or foreign, 401
            /// `pass_bound` without the device key it is bound to. Its end is the caller's question.
            pub fn read(
                &self,
                keys: &Keys,
                event: &EventId,
                device: &Device,
                now: Timestamp,
            ) -> Result<Option<QueueToken>, Problem> {
                let Some(text) = &self.0 else { return Ok(None) };
                let token = keys
                    .read_token($kind, text, event, now)
                    .map_err(|_| Problem::token_invalid())?;
                match &device.0 {
                    Some(key) if DeviceBinding::of(key) == token.device => Ok(Some(token)),
                    _ => Err(Problem::pass_bound()),
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }

        impl<S: Send + Sync> FromRequestParts<S> for $name {
            type Rejection = Infallible;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
                Ok(Self::from_headers(&parts.headers))
            }
        }
    };
}

queue_token!(
    /// `Holdfast-Place`
    PlaceToken, HOLDFAST_PLACE, TokenKind::Place
);
queue_token!(
    /// `Holdfast-Pass`
    PassToken, HOLDFAST_PASS, TokenKind::Pass
);
