//! The pooled HTTP client under the async-stripe request types.
//!
//! Connections are kept and reused, the API version is the crate family's, redirects are never
//! followed, every call has a time-out and a token of the budget. A call is sent once: whether to
//! send it again is the caller's decision, because only the caller knows the idempotency key. Each
//! call is a span; no `traceparent` goes out.

use std::{fmt, time::Duration};

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderValue};
use stripe_client_core::{CustomizedStripeRequest, RequestBuilder, StripeClient, StripeMethod};

use tracing::{Instrument, Span};

use super::{Budget, Error, Priority, span};

/// Connecting takes at most this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A read, or the creation of an unconfirmed intent: no bank is asked.
const QUICK_TIMEOUT: Duration = Duration::from_secs(8);
/// A capture, cancel or refund: Stripe may ask a bank.
const BANK_TIMEOUT: Duration = Duration::from_secs(20);
/// Waiting for a token of the budget, while a buyer waits for the answer or a lease runs.
const BUDGET_WAIT: Duration = Duration::from_secs(5);
/// Bytes of an answer: a page of a hundred intents is far below.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where Stripe is and who we are.
#[derive(Clone)]
pub struct TransportSettings {
    /// `https://api.stripe.com`, with or without `/v1` and a trailing slash.
    pub api_base: String,
    /// `sk_…` or `rk_…`
    pub secret_key: String,
}

/// The client. Cheap to share, holds the connection pool.
pub struct Transport {
    http: reqwest::Client,
    base: String,
    budget: Budget,
    /// Without a key nothing is sent.
    has_key: bool,
}

/// The client could not be made: the settings are not usable.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error("the Stripe secret key has characters that no HTTP header can carry")]
    SecretKey,
    #[error("the HTTP client for Stripe cannot be built")]
    Client(#[source] reqwest::Error),
}

impl Transport {
    pub fn new(settings: &TransportSettings, budget: Budget) -> Result<Self, TransportError> {
        // A second installation is refused and harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", settings.secret_key))
            .map_err(|_| TransportError::SecretKey)?;
        authorization.set_sensitive(true);
        let version = stripe_client_core::VERSION;
        let mut headers = HeaderMap::new();
        headers.insert("authorization", authorization);
        headers.insert(
            "stripe-version",
            HeaderValue::from_str(version.as_str()).expect("a version is plain ASCII"),
        );
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(64)
            .pool_idle_timeout(Duration::from_secs(60))
            .tcp_nodelay(true)
            .build()
            .map_err(TransportError::Client)?;
        let has_key = !settings.secret_key.is_empty();
        Ok(Self { http, base: public_base(&settings.api_base), budget, has_key })
    }

    /// The base without `/v1` and without a trailing slash, as a browser needs it.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// One call's view of the client.
    pub fn at(&self, priority: Priority) -> Call<'_> {
        Call { transport: self, priority }
    }

    async fn send(
        &self,
        request: RequestBuilder,
        key: Option<&str>,
        timeout: Duration,
    ) -> Result<Bytes, Error> {
        let query = request.query.as_deref().filter(|query| !query.is_empty());
        let url = match query {
            Some(query) => format!("{}/v1{}?{query}", self.base, request.path),
            None => format!("{}/v1{}", self.base, request.path),
        };
        let mut call = match request.method {
            StripeMethod::Get => self.http.get(url),
            StripeMethod::Post => self.http.post(url),
            StripeMethod::Delete => self.http.delete(url),
        };
        if let Some(key) = key {
            call = call.header("idempotency-key", key);
        }
        if let Some(body) = request.body {
            call = call.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let answer = call.timeout(timeout).send().await.map_err(not_answered)?;
        let status = answer.status().as_u16();
        Span::current().record("http.response.status_code", i64::from(status));
        let repeat = answer
            .headers()
            .get("stripe-should-retry")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.parse().ok());
        let body = read_body(answer).await?;
        match status {
            200..300 => Ok(body),
            // A redirect is not followed, and no answer either: whoever sends it is not Stripe.
            300..400 => Err(Error::Unreadable),
            _ => Err(Error::from_answer(status, repeat, &body)),
        }
    }
}

async fn read_body(mut answer: reqwest::Response) -> Result<Bytes, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| Error::UnknownEffect)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Error::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

fn not_answered(error: reqwest::Error) -> Error {
    if error.is_connect() { Error::Unavailable } else { Error::UnknownEffect }
}

fn public_base(api_base: &str) -> String {
    let base = api_base.trim().trim_end_matches('/');
    base.strip_suffix("/v1").unwrap_or(base).trim_end_matches('/').to_owned()
}

/// A [`Transport`] with the priority of the call that is about to be made.
pub struct Call<'a> {
    transport: &'a Transport,
    priority: Priority,
}

impl StripeClient for Call<'_> {
    type Err = Error;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, Error> {
        let (request, overrides) = request.into_pieces();
        let key = overrides.request_strategy.as_ref().and_then(|strategy| strategy.get_key());
        let timeout = overrides.timeout.unwrap_or(match self.priority {
            Priority::Cancel | Priority::Capture | Priority::Refund => BANK_TIMEOUT,
            Priority::Confirm | Priority::Create | Priority::Read => QUICK_TIMEOUT,
        });
        let operation = self.priority.as_str();
        let answer = if !self.transport.has_key {
            Err(Error::Unauthorized)
        } else if self.transport.budget.take(self.priority, BUDGET_WAIT).await {
            let span = span::of_call(self.transport.base(), &request);
            let key = key.as_ref().map(|key| key.as_str());
            let sending = self.transport.send(request, key, timeout).instrument(span.clone());
            let answer = sending.await;
            span::end(&span, answer.as_ref().err());
            answer
        } else {
            Err(Error::NoBudget)
        };
        let outcome = answer.as_ref().err().map_or("done", Error::kind);
        metrics::counter!("holdfast_payments_stripe_calls_total",
            "operation" => operation, "outcome" => outcome)
        .increment(1);
        answer
    }
}

/// Without the key.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Without the key.
impl fmt::Debug for TransportSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportSettings")
            .field("api_base", &self.api_base)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_the_same_with_and_without_version_and_slash() {
        for base in ["http://h:1/sandbox/stripe", "http://h:1/sandbox/stripe/v1/"] {
            assert_eq!(public_base(base), "http://h:1/sandbox/stripe");
        }
    }

    #[test]
    fn the_secret_key_is_not_printed() {
        let settings =
            TransportSettings { api_base: "http://h".to_owned(), secret_key: "sk_x".to_owned() };
        let transport = Transport::new(&settings, Budget::new(Rate::OFF)).unwrap();
        assert!(!format!("{settings:?}{transport:?}").contains("sk_x"));
    }

    use super::super::Rate;
}
