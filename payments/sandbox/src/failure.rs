//! Refused API calls in Stripe's shape: status, type, code, message, parameter, and the objects they are about.

use serde_json::{Map, Value, json};

/// One refused call.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) code: Option<&'static str>,
    pub(crate) param: Option<String>,
    pub(crate) message: String,
    /// More members of the error object: `payment_intent`, `decline_code`, …
    pub(crate) details: Map<String, Value>,
    /// Whether the call began to run, so that its idempotency key keeps this answer.
    pub(crate) kept: bool,
    /// Whether the account changed all the same: a declined card is remembered. Otherwise nothing did.
    pub(crate) has_effect: bool,
    /// `Stripe-Should-Retry`.
    pub(crate) retry: bool,
}

impl Failure {
    fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            code: None,
            param: None,
            message: message.into(),
            details: Map::new(),
            kept: false,
            has_effect: false,
            retry: false,
        }
    }

    fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(crate) fn param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    pub(crate) fn detail(mut self, name: &str, value: Value) -> Self {
        self.details.insert(name.to_owned(), value);
        self
    }

    fn kept(mut self) -> Self {
        self.kept = true;
        self
    }

    // Refused before anything ran.

    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    pub(crate) fn invalid(param: &str, message: String) -> Self {
        Self::invalid_request(message).param(param)
    }

    pub(crate) fn missing(param: &str) -> Self {
        Self::invalid(param, format!("Missing required param: {param}.")).code("parameter_missing")
    }

    pub(crate) fn empty(param: &str) -> Self {
        let message = format!(
            "You passed an empty string for '{param}'. We assume empty values are an attempt to unset a \
             parameter; however '{param}' cannot be unset. You should remove '{param}' from your request or \
             supply a non-empty value."
        );
        Self::invalid(param, message).code("parameter_invalid_empty")
    }

    pub(crate) fn unknown_parameter(param: &str) -> Self {
        Self::invalid(param, format!("Received unknown parameter: {param}"))
            .code("parameter_unknown")
    }

    pub(crate) fn invalid_integer(param: &str, text: &str) -> Self {
        Self::invalid(param, format!("Invalid integer: {text}")).code("parameter_invalid_integer")
    }

    pub(crate) fn too_small(param: &str, min: i64) -> Self {
        let message = format!("This value must be greater than or equal to {min}.");
        Self::invalid(param, message).code("parameter_invalid_integer")
    }

    pub(crate) fn amount_too_large(param: &str, message: String) -> Self {
        Self::invalid(param, message).code("amount_too_large")
    }

    pub(crate) fn exclusive(param: &str, names: &str) -> Self {
        let message = format!("You may only specify one of these parameters: {names}.");
        Self::invalid(param, message).code("parameters_exclusive")
    }

    pub(crate) fn no_key() -> Self {
        let message = "You did not provide an API key. You need to provide your API key in the \
                       Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').";
        Self::new(401, "invalid_request_error", message)
    }

    pub(crate) fn wrong_key() -> Self {
        // Stripe repeats a part of the key; a text that may reach a log repeats none of it.
        Self::new(401, "invalid_request_error", "Invalid API Key provided: ********")
    }

    pub(crate) fn secret_key_required() -> Self {
        let message = "This API call cannot be made with a publishable API key. Please use a secret API key. \
                       You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.";
        Self::new(403, "invalid_request_error", message).code("secret_key_required")
    }

    pub(crate) fn unrecognized_url(method: &str, path: &str) -> Self {
        let message = format!(
            "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at \
             https://support.stripe.com/."
        );
        Self::new(404, "invalid_request_error", message)
    }

    pub(crate) fn rate_limited(reason: RateReason) -> Self {
        let (code, message) = match reason {
            RateReason::Lock => (
                "lock_timeout",
                "This object cannot be accessed right now because another API request or Stripe process is \
                 currently accessing it. If you see this error intermittently, retry the request. If you see \
                 this error frequently and are making multiple concurrent requests to a single object, make \
                 your requests serially or at a lower rate.",
            ),
            RateReason::Account | RateReason::Endpoint => (
                "rate_limit",
                "Request rate limit exceeded. Learn more about rate limits here \
                 https://stripe.com/docs/rate-limits.",
            ),
        };
        let mut failure = Self::new(429, "invalid_request_error", message).code(code);
        failure.retry = true;
        failure
    }

    pub(crate) fn key_too_long(max: usize) -> Self {
        Self::invalid_request(format!("Idempotency key must be at most {max} characters long."))
    }

    pub(crate) fn key_reused(key: &str) -> Self {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. \
             Try using a key other than '{key}' if you meant to execute a different request."
        );
        Self::new(400, "idempotency_error", message)
    }

    pub(crate) fn key_in_use(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Idempotent Key (that probably means you \
             submitted twice, and the other request is still going through): {key}. Please try again later."
        );
        let mut failure =
            Self::new(409, "idempotency_error", message).code("idempotency_key_in_use");
        failure.retry = true;
        failure
    }

    // Refused while running: kept under the idempotency key.

    pub(crate) fn no_such(object: &str, id: &str, param: &str) -> Self {
        Self::new(404, "invalid_request_error", format!("No such {object}: '{id}'"))
            .code("resource_missing")
            .param(param)
            .kept()
    }

    pub(crate) fn unexpected_state(message: String, intent: Value) -> Self {
        Self::new(400, "invalid_request_error", message)
            .code("payment_intent_unexpected_state")
            .detail("payment_intent", intent)
            .kept()
    }

    pub(crate) fn refused(code: Option<&'static str>, message: impl Into<String>) -> Self {
        let failure = Self::new(400, "invalid_request_error", message).kept();
        match code {
            Some(code) => failure.code(code),
            None => failure,
        }
    }

    pub(crate) fn card(code: &'static str, message: &str) -> Self {
        Self::new(402, "card_error", message).code(code).kept()
    }

    /// Something broke on this side of the wire; also what `POST /control` orders for a share of the calls.
    pub(crate) fn ordered(status: u16, lock: bool) -> Self {
        match status {
            401 => Self::wrong_key(),
            402 => Self::card("card_declined", "Your card was declined."),
            409 => Self::key_in_use("unknown"),
            429 if lock => Self::rate_limited(RateReason::Lock),
            429 => Self::rate_limited(RateReason::Account),
            400..=499 => Self::new(status, "invalid_request_error", "The request was refused."),
            _ => {
                let message = "An unknown error occurred. Please try again, or contact support if it persists.";
                let mut failure = Self::new(status, "api_error", message);
                failure.retry = true;
                failure
            }
        }
    }

    /// The error object, as `error` of an answer and as `last_payment_error` of an intent.
    pub(crate) fn error(&self) -> Value {
        let mut error = self.details.clone();
        error.insert("type".to_owned(), json!(self.kind));
        error.insert("message".to_owned(), json!(self.message));
        if let Some(code) = self.code {
            error.insert("code".to_owned(), json!(code));
            let page = code.replace('_', "-");
            error.insert(
                "doc_url".to_owned(),
                json!(format!("https://stripe.com/docs/error-codes/{page}")),
            );
        }
        if let Some(param) = &self.param {
            error.insert("param".to_owned(), json!(param));
        }
        Value::Object(error)
    }

    /// The whole answer to the request of this id.
    pub(crate) fn body(&self, request_id: &str, now: i64) -> Value {
        let mut error = self.error();
        error["request_log_url"] = json!(format!(
            "https://dashboard.stripe.com/test/logs/{request_id}?t={}",
            now.div_euclid(1000)
        ));
        json!({ "error": error })
    }
}

/// Which limit a refused call ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RateReason {
    Account,
    Endpoint,
    Lock,
}
