//! Tokens that own a hold or an order, as they come in. They are compared by [`Keys`]; a missing
//! one is no refusal of its own, because it must look like a hold that does not exist.

use std::{convert::Infallible, fmt};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, request::Parts},
};
use domain::id::{HoldId, OrderId};

use super::names::{HOLDFAST_HOLD, HOLDFAST_ORDER};
use crate::Keys;

macro_rules! owner_token {
    ($(#[$doc:meta])* $name:ident, $header:expr, $id:ty, $owns:ident) => {
        $(#[$doc])*
        #[derive(Clone, Default)]
        pub struct $name(Option<String>);

        impl $name {
            /// A token that came in another way than by its header.
            pub fn new(text: Option<String>) -> Self {
                Self(text)
            }

            /// Whether it came, and owns this one.
            pub fn owns(&self, keys: &Keys, id: &$id) -> bool {
                keys.$owns(id, self.0.as_deref())
            }

            /// The text as it came.
            pub fn expose(&self) -> Option<&str> {
                self.0.as_deref()
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
                Ok(Self(header_text(&parts.headers, &$header)))
            }
        }
    };
}

owner_token!(
    /// `Holdfast-Hold`
    HoldToken, HOLDFAST_HOLD, HoldId, owns_hold
);
owner_token!(
    /// `Holdfast-Order`, or `?token=` of a ticket's image.
    OrderToken, HOLDFAST_ORDER, OrderId, owns_order
);

pub(super) fn header_text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
