//! What a browser may do with a page: the security headers, and the two content security policies.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};

/// Which policy a page needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Nothing from anywhere but this origin.
    Own,
    /// Also Stripe's script, its frames and its API: the page on which people pay, and no other.
    Payment,
}

const OWN: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

const PAYMENT: &str = "default-src 'none'; script-src 'self' https://js.stripe.com https://*.js.stripe.com; style-src 'self'; \
     img-src 'self' data: blob:; connect-src 'self' https://api.stripe.com; font-src 'self'; \
     manifest-src 'self'; frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

impl Policy {
    fn text(self) -> &'static str {
        match self {
            Self::Own => OWN,
            Self::Payment => PAYMENT,
        }
    }
}

/// Puts the headers of a page over what is there.
pub(crate) fn secure(headers: &mut HeaderMap, policy: Policy) {
    let (permissions, opener) = match policy {
        Policy::Own => {
            ("camera=(), geolocation=(), microphone=(), payment=(), usb=()", "same-origin")
        }
        // Some ways to pay confirm in a window of their own.
        Policy::Payment => (
            "camera=(), geolocation=(), microphone=(), payment=(self \"https://js.stripe.com\"), usb=()",
            "same-origin-allow-popups",
        ),
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy.text()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("permissions-policy"), permissions),
        (HeaderName::from_static("cross-origin-opener-policy"), opener),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// A page that was made for one person: never stored, under the strict policy.
pub fn page_response(status: StatusCode, html: String) -> Response {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    secure(headers, Policy::Own);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
