//! One answer of the API.

use axum::http::HeaderMap;
use serde_json::Value;

/// Status, headers, and the body as bytes and, where it is JSON, as a value.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The refusal's code, which must come with `status` and as a problem.
    #[track_caller]
    pub fn expect_refusal(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.body
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        self.body
    }

    /// Empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("visible ASCII"))
    }

    pub fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == "true"
    }
}
