//! One answer of the API.

use axum::http::HeaderMap;
use serde_json::Value;

use super::{Pass, Place};

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

    /// A place that somebody got by this answer.
    #[track_caller]
    pub fn expect_new(self) -> Place {
        Place::read(&self.expect(201))
    }

    /// A place that somebody had before.
    #[track_caller]
    pub fn expect_known(self) -> Place {
        Place::read(&self.expect(200))
    }

    #[track_caller]
    pub fn expect_pass(self, status: u16) -> Pass {
        Pass::read(&self.expect(status))
    }

    /// Empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("visible ASCII"))
    }

    pub fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == "true"
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).expect("UTF-8")
    }

    /// The whole line that sets a cookie whose name begins so.
    #[track_caller]
    pub fn cookie_line(&self, name: &str) -> &str {
        let lines = self.headers.get_all("set-cookie").iter();
        lines
            .map(|value| value.to_str().expect("visible ASCII"))
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("no cookie {name} in {:?}", self.headers))
    }

    /// `name=value` of such a cookie, as a browser sends it back.
    #[track_caller]
    pub fn cookie(&self, name: &str) -> String {
        self.cookie_line(name).split(';').next().expect("a part").to_owned()
    }
}
