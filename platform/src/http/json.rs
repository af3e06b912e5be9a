//! JSON bodies: media type → 415, size → 413, syntax → 400, meaning and unknown fields → 422.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use domain::limits::BODY_BYTES_MAX;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{Problem, body, strict_json::Strict};

/// SHA-256 of the body's bytes: under one idempotency key it must not change. No body counts as
/// `{}` where nothing is expected.
pub type BodyDigest = [u8; 32];

/// A JSON body of at most `LIMIT` bytes. The target type refuses unknown fields itself
/// (`#[serde(deny_unknown_fields)]`).
#[derive(Clone, Debug)]
pub struct JsonBody<T, const LIMIT: usize = BODY_BYTES_MAX> {
    pub value: T,
    pub digest: BodyDigest,
}

impl<T: DeserializeOwned, S: Send + Sync, const LIMIT: usize> FromRequest<S>
    for JsonBody<T, LIMIT>
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        require_json(request.headers())?;
        let bytes = body::read(request, LIMIT).await?;
        let value = parse(&bytes)?;
        Ok(Self { value, digest: Sha256::digest(&bytes).into() })
    }
}

/// A JSON body that may be missing: then it is what `{}` would be.
#[derive(Clone, Debug)]
pub struct OptionalJsonBody<T> {
    pub value: T,
    pub digest: BodyDigest,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let json = require_json(request.headers());
        let mut bytes = body::read(request, BODY_BYTES_MAX).await?;
        if bytes.is_empty() {
            bytes = Bytes::from_static(b"{}");
        } else {
            json?;
        }
        let value = parse(&bytes)?;
        Ok(Self { value, digest: Sha256::digest(&bytes).into() })
    }
}

/// The body of an operation that takes none: nothing, or `{}`.
#[derive(Clone, Copy, Debug)]
pub struct EmptyBody {
    pub digest: BodyDigest,
}

impl<S: Send + Sync> FromRequest<S> for EmptyBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let json = require_json(request.headers());
        let bytes = body::read(request, BODY_BYTES_MAX).await?;
        if !bytes.is_empty() {
            json?;
            let members: serde_json::Map<String, serde_json::Value> = parse(&bytes)?;
            if let Some(name) = members.keys().next() {
                let name: String = name.chars().take(64).collect();
                return Err(Problem::invalid_request(format!("unknown field `{name}`")));
            }
        }
        Ok(Self { digest: Sha256::digest(b"{}").into() })
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(media_type) = media_type else {
        return Err(Problem::unsupported_media_type("send Content-Type: application/json"));
    };
    let mut parts = media_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    let is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    if is_json && is_utf8 {
        Ok(())
    } else {
        Err(Problem::unsupported_media_type("send Content-Type: application/json, in UTF-8"))
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Syntax first, on its own: what is left afterwards is a matter of meaning.
    serde_json::from_slice::<Strict>(bytes)
        .map_err(|error| Problem::malformed_json(public_text(&error)))?;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let (path, error) = (error.path().to_string(), error.into_inner());
        match error.classify() {
            // `.`: the body as a whole.
            serde_json::error::Category::Data if path == "." => {
                Problem::invalid_request(public_text(&error))
            }
            serde_json::error::Category::Data => {
                Problem::invalid_request(format!("{path}: {}", public_text(&error)))
            }
            _ => Problem::malformed_json(public_text(&error)),
        }
    })
}

/// The parser's message without names of our own types, and not longer than a line.
fn public_text(error: &serde_json::Error) -> String {
    const LENGTH_MAX: usize = 300;
    let message = error.to_string();
    let mut text = String::new();
    let mut words = message.split(' ').peekable();
    while let Some(word) = words.next() {
        let replacement = match word {
            "struct" => "an object",
            "enum" => "one of the known forms",
            "union" | "newtype" | "tuple" => continue,
            "i64" | "u64" | "u32" | "u16" => {
                text.push_str("a whole number ");
                continue;
            }
            other => {
                text.push_str(other);
                text.push(' ');
                continue;
            }
        };
        // `expected struct NewHold with …`: the name that follows is ours.
        words.next();
        text.push_str(replacement);
        text.push(' ');
    }
    text.trim_end().chars().take(LENGTH_MAX).collect()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::StatusCode};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NewHold {
        seats: Vec<String>,
    }

    async fn take(media_type: &str, body: impl Into<Body>) -> Result<NewHold, (u16, &'static str)> {
        let mut request = Request::builder().method("POST");
        if !media_type.is_empty() {
            request = request.header("content-type", media_type);
        }
        let request = request.body(body.into()).unwrap();
        match JsonBody::<NewHold, 1000>::from_request(request, &()).await {
            Ok(body) => Ok(body.value),
            Err(problem) => Err((problem.status.as_u16(), problem.code)),
        }
    }

    #[tokio::test]
    async fn a_json_body_is_read() {
        for media_type in
            ["application/json", "Application/JSON; charset=UTF-8", "application/a+json"]
        {
            let hold = take(media_type, r#"{"seats": ["A-1"]}"#).await.unwrap();
            assert_eq!(hold.seats, ["A-1"]);
        }
    }

    #[tokio::test]
    async fn another_media_type_is_refused() {
        let refusal = (415, "unsupported_media_type");
        for media_type in ["", "text/plain", "application/xml", "application/json; charset=latin1"]
        {
            let refused = take(media_type, r#"{"seats": []}"#).await.unwrap_err();
            assert_eq!(refused, refusal, "{media_type:?}");
        }
        let request = Request::builder()
            .header("content-type", "application/json")
            .header("content-encoding", "gzip")
            .body(Body::from("{}"))
            .unwrap();
        let refused = JsonBody::<NewHold>::from_request(request, &()).await.unwrap_err();
        assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }

    #[tokio::test]
    async fn what_is_no_json_is_malformed() {
        let deep = "[".repeat(900);
        let bodies: [&[u8]; 9] = [
            b"",
            b"{",
            b"{\"seats\": [\"\xff\"]}",
            b"\xef\xbb\xbf{\"seats\": []}",
            br#"{"seats": ["\ud800"]}"#,
            br#"{"seats": [], "seats": []}"#,
            br#"{"seats": []} x"#,
            br#"{"seats": NaN}"#,
            deep.as_bytes(),
        ];
        for body in bodies {
            let refused = take("application/json", body.to_vec()).await.unwrap_err();
            assert_eq!(refused, (400, "malformed_json"), "{}", String::from_utf8_lossy(body));
        }
    }

    #[tokio::test]
    async fn what_is_not_asked_for_is_invalid() {
        for body in [r#"{"seats": [], "price": 1}"#, r#"{"seats": 7}"#, "{}", "[]", "null"] {
            let refused = take("application/json", body).await.unwrap_err();
            assert_eq!(refused, (422, "invalid_request"), "{body}");
        }
    }

    #[tokio::test]
    async fn a_body_above_the_limit_is_refused_announced_or_not() {
        let long = format!(r#"{{"seats": ["{}"]}}"#, "x".repeat(1000));
        assert_eq!(take("application/json", long.clone()).await.unwrap_err().0, 413);
        let chunks = futures_util::stream::iter(
            long.into_bytes()
                .chunks(100)
                .map(|c| Ok::<_, std::io::Error>(c.to_vec()))
                .collect::<Vec<_>>(),
        );
        let refused = take("application/json", Body::from_stream(chunks)).await.unwrap_err();
        assert_eq!(refused, (413, "body_too_large"));
    }

    #[tokio::test]
    async fn refusals_tell_the_field_but_no_type_of_ours() {
        for body in [r#"{"seats": [], "price": 1}"#, "7"] {
            let error = serde_json::from_str::<NewHold>(body).unwrap_err();
            assert!(!public_text(&error).contains("NewHold"), "{}", public_text(&error));
        }
        let error = serde_json::from_str::<NewHold>(r#"{"price": 1}"#).unwrap_err();
        assert!(public_text(&error).contains("unknown field `price`"));
    }

    #[tokio::test]
    async fn an_operation_without_a_body_takes_none_or_an_empty_object() {
        let take = async |media_type: Option<&str>, body: &'static str| {
            let mut request = Request::builder();
            if let Some(media_type) = media_type {
                request = request.header("content-type", media_type);
            }
            let request = request.body(Body::from(body)).unwrap();
            EmptyBody::from_request(request, &()).await.map(|b| b.digest).map_err(|p| p.code)
        };
        let json = Some("application/json");
        let none = take(None, "").await.unwrap();
        assert_eq!(take(json, " {} ").await, Ok(none));
        assert_eq!(take(json, "").await, Ok(none));
        assert_eq!(take(json, r#"{"a": 1}"#).await, Err("invalid_request"));
        assert_eq!(take(json, "[]").await, Err("invalid_request"));
        assert_eq!(take(json, "{").await, Err("malformed_json"));
        assert_eq!(take(None, "{}").await, Err("unsupported_media_type"));
    }
}
