//! One person with one device: asks, and has every answer measured and judged.
//!
//! The clock runs from the sending to the last byte of the answer. An answer is accepted (2xx, 304),
//! a refusal that the request declares, or an error; nothing else exists.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use goose::goose::GooseUser;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::time::sleep;

use crate::{
    figures::{Kind, Verdict},
    load::Load,
    random::Random,
};

/// Refusals that any request may meet.
const ALWAYS: &[&str] = &["429 rate_limited"];
/// A server that answers nothing is not asked in a tight loop.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// Why a journey ends before its end.
#[derive(Debug)]
pub enum Stop {
    /// The run is over.
    Over,
    /// Something went wrong, and was counted.
    Failed,
    /// Nothing is left to buy.
    SoldOut,
}

pub type Step<T> = Result<T, Stop>;

/// A request before it is sent.
pub struct Ask {
    pub name: &'static str,
    pub request: RequestBuilder,
    /// Refusals that belong to a sale: `409 seats_unavailable`.
    pub foreseen: &'static [&'static str],
}

/// An answer that was accepted.
pub struct Accepted {
    pub status: u16,
    pub etag: Option<String>,
    pub is_replay: bool,
    pub bytes: Vec<u8>,
    /// When it was asked.
    pub asked: Instant,
}

impl Accepted {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }
}

/// Accepted, or a foreseen refusal's status and code.
pub type Reply = Result<Accepted, String>;

pub struct Person<'user> {
    user: &'user mut GooseUser,
    pub load: Arc<Load>,
    pub random: Random,
    pub device: String,
    pub place: Option<String>,
    pub pass: Option<String>,
}

impl<'user> Person<'user> {
    /// Somebody new, on a new device.
    pub fn new(user: &'user mut GooseUser, load: Arc<Load>) -> Self {
        let mut random = Random::new();
        let device = random.text();
        Self { user, load, random, device, place: None, pass: None }
    }

    /// A request of this device, with what it knows of the line. `path` is one of the event's.
    pub fn at_event(&self, method: Method, path: &str) -> RequestBuilder {
        self.to(method, &self.load.event_url(path))
    }

    /// A request of this device to any path of the service.
    pub fn at(&self, method: Method, path: &str) -> RequestBuilder {
        self.to(method, &self.load.hosts.url(path))
    }

    fn to(&self, method: Method, url: &str) -> RequestBuilder {
        let mut request = self.user.client.request(method, url);
        request = request.header("Holdfast-Device", &self.device);
        if let Some(place) = &self.place {
            request = request.header("Holdfast-Place", place);
        }
        if let Some(pass) = &self.pass {
            request = request.header("Holdfast-Pass", pass);
        }
        request
    }

    /// A request without anything of the device's: to the payment provider.
    pub fn outside(&self, method: Method, url: &str) -> RequestBuilder {
        self.user.client.request(method, url)
    }

    /// Sends it; who is refused as foreseen goes on.
    pub async fn try_ask(&mut self, ask: Ask) -> Step<Reply> {
        if self.load.time_left().is_zero() {
            return Err(Stop::Over);
        }
        let asked = Instant::now();
        let answer = match ask.request.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(self.broken(ask.name, asked, &error).await),
        };
        let status = answer.status();
        let etag = answer.headers().get("etag").and_then(|it| it.to_str().ok()).map(str::to_owned);
        let is_replay = answer.headers().contains_key("idempotent-replayed");
        let bytes = match answer.bytes().await {
            Ok(bytes) => bytes.to_vec(),
            Err(error) => return Err(self.broken(ask.name, asked, &error).await),
        };
        let verdict = judge(status, &bytes, ask.foreseen);
        self.record(Kind::Rest, ask.name, asked.elapsed(), &verdict).await;
        match verdict {
            Verdict::Accepted => {
                Ok(Ok(Accepted { status: status.as_u16(), etag, is_replay, bytes, asked }))
            }
            Verdict::Refused(code) => Ok(Err(code)),
            Verdict::Failed(_) => {
                sleep(AFTER_ERROR).await;
                Err(Stop::Failed)
            }
        }
    }

    /// Sends what is never refused.
    pub async fn ask(&mut self, name: &'static str, request: RequestBuilder) -> Step<Accepted> {
        let reply = self.try_ask(Ask { name, request, foreseen: &[] }).await?;
        reply.map_err(|_| Stop::Failed)
    }

    async fn broken(&mut self, name: &str, asked: Instant, error: &reqwest::Error) -> Stop {
        let what = match error {
            error if error.is_timeout() => "no answer in time",
            error if error.is_connect() => "no connection",
            _ => "broken answer",
        };
        self.record(Kind::Rest, name, asked.elapsed(), &Verdict::Failed(what.to_owned())).await;
        sleep(AFTER_ERROR).await;
        Stop::Failed
    }

    /// Counts an answer that came in good order and says the wrong thing.
    pub async fn wrong(&mut self, kind: Kind, name: &str, what: &str) -> Stop {
        self.record(kind, name, Duration::ZERO, &Verdict::Failed(what.to_owned())).await;
        Stop::Failed
    }

    pub async fn record(&mut self, kind: Kind, name: &str, took: Duration, verdict: &Verdict) {
        self.load.count(verdict);
        let (name, ok) = (verdict.name(name), !matches!(verdict, Verdict::Failed(_)));
        // Refused only for a name that is empty, which none is.
        let _ = self
            .user
            .record_custom_request_duration(kind.label(), &name, took, ok, None, None)
            .await;
    }

    /// Looks at the page for a moment, or goes home when the run is over.
    pub async fn think(&mut self, millis: std::ops::Range<u64>) -> Step<()> {
        let pause = self.random.millis(millis);
        self.wait(pause).await
    }

    pub async fn wait(&mut self, pause: Duration) -> Step<()> {
        let left = self.load.time_left();
        sleep(pause.min(left)).await;
        if pause < left { Ok(()) } else { Err(Stop::Over) }
    }
}

fn judge(status: StatusCode, body: &[u8], foreseen: &[&str]) -> Verdict {
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        return Verdict::Accepted;
    }
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    // Ours, or the payment provider's.
    let code = body["code"].as_str().or(body["error"]["code"].as_str()).unwrap_or("without a code");
    let what = format!("{} {code}", status.as_u16());
    if foreseen.contains(&what.as_str()) || ALWAYS.contains(&what.as_str()) {
        Verdict::Refused(what)
    } else {
        Verdict::Failed(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_declared_refusals_are_no_errors() {
        let taken = br#"{"code": "seats_unavailable"}"#;
        let foreseen = &["409 seats_unavailable"];
        let of = |status, body: &[u8], foreseen: &[&str]| {
            judge(StatusCode::from_u16(status).expect("a status"), body, foreseen)
        };
        assert_eq!(of(201, b"{}", &[]), Verdict::Accepted);
        assert_eq!(of(304, b"", &[]), Verdict::Accepted);
        assert_eq!(of(409, taken, foreseen), Verdict::Refused("409 seats_unavailable".into()));
        assert_eq!(of(409, taken, &[]), Verdict::Failed("409 seats_unavailable".into()));
        assert_eq!(
            of(429, br#"{"code": "rate_limited"}"#, &[]),
            Verdict::Refused("429 rate_limited".into())
        );
        assert_eq!(
            of(402, br#"{"error": {"code": "card_declined"}}"#, &["402 card_declined"]),
            Verdict::Refused("402 card_declined".into())
        );
        assert_eq!(of(500, b"oops", foreseen), Verdict::Failed("500 without a code".into()));
    }
}
