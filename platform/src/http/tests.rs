//! The layers and extractors together, as a client sees them.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    http::{Request, Response, StatusCode},
    routing::{get, post},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use testkit::SettableClock;
use tower::ServiceExt;

use super::*;
use crate::Secret;

const TOKEN: &str = "the organizer's token";
const DEVICE: &str = "AAECAwQFBgcICQoLDA0ODw";

async fn create(_: Organizer, key: IdempotencyKey, _: EmptyBody) -> Json<Value> {
    Json(json!({ "key": key.key, "principal": key.principal.parts().concat() }))
}

async fn hold(key: IdempotencyKey) -> Json<Value> {
    Json(json!({ "principal": key.principal.parts().concat(), "digest": key.digest("POST /hold") }))
}

async fn taken() -> Problem {
    Problem::new(StatusCode::CONFLICT, "seats_unavailable", "Seats are taken")
        .with_seats(vec!["A-1".into()], 7)
}

async fn request_id(id: RequestId) -> String {
    id.as_str().to_owned()
}

fn app(settings: EdgeSettings) -> (Router, SettableClock) {
    let clock = SettableClock::default();
    let router = Router::new()
        .route("/v1/events", post(create).get(async || "events"))
        .route("/hold", post(hold))
        .route("/taken", get(taken))
        .route("/id", get(request_id))
        .route("/livez", get(async || "live"))
        .route("/v1/events/{event}/queue", get(async || "queue").post(async || "joined"))
        .route("/number/{n}", get(async |PathParams(n): PathParams<u32>| n.to_string()))
        .route("/cached", get(async || ([("cache-control", "public, max-age=60")], "chart")))
        .route(
            "/foreign",
            get(async || (StatusCode::PAYMENT_REQUIRED, Json(json!({"error": {}})))),
        );
    (Arc::new(Edge::new(settings, clock.shared())).wrap(router), clock)
}

fn edge() -> EdgeSettings {
    EdgeSettings { organizer_token: Secret::new(TOKEN), ..EdgeSettings::default() }
}

async fn send(app: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn body(answer: Response<Body>) -> Value {
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()))
}

async fn refusal(answer: Response<Body>) -> (u16, String) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let body = body(answer).await;
    assert_eq!(body["status"], status);
    assert_eq!(body["type"], format!("urn:holdfast:problem:{}", body["code"].as_str().unwrap()));
    assert!(body["title"].is_string());
    (status, body["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn routes_that_do_not_exist_are_problems() {
    let (app, _) = app(edge());
    for path in [
        "/nowhere",
        "/v1/events/",
        "/v1//events",
        "/V1/events",
        "/v1/%2e%2e/id",
        "/number/x",
        "/number/%ff",
    ] {
        let found = refusal(send(&app, "GET", path, &[]).await).await;
        assert_eq!(found, (404, "unknown_route".into()), "{path}");
    }
}

#[tokio::test]
async fn another_method_is_refused_and_the_right_ones_are_told() {
    let (app, _) = app(edge());
    let answer = send(&app, "DELETE", "/v1/events", &[("x-http-method-override", "POST")]).await;
    let allow = answer.headers()["allow"].to_str().unwrap().to_owned();
    assert!(allow.contains("POST") && allow.contains("GET"), "{allow}");
    assert_eq!(refusal(answer).await, (405, "method_not_allowed".into()));
}

#[tokio::test]
async fn a_conflict_over_seats_tells_seats_and_version() {
    let (app, _) = app(edge());
    let answer = body(send(&app, "GET", "/taken", &[]).await).await;
    assert_eq!((&answer["seats"], &answer["version"]), (&json!(["A-1"]), &json!(7)));
    assert_eq!(answer["detail"], "Seats are taken");
}

#[tokio::test]
async fn a_foreign_error_format_is_left_alone() {
    let (app, _) = app(edge());
    let answer = send(&app, "GET", "/foreign", &[]).await;
    assert_eq!(answer.status(), 402);
    assert_eq!(body(answer).await, json!({"error": {}}));
}

#[tokio::test]
async fn only_the_organizer_s_token_opens_the_organizer_s_routes() {
    let (app, _) = app(edge());
    let key = ("idempotency-key", "k");
    let bearer = format!("Bearer {TOKEN}");
    let answer = send(&app, "POST", "/v1/events", &[key, ("authorization", &bearer)]).await;
    assert_eq!(body(answer).await, json!({"key": "k", "principal": "account:organizer"}));
    for wrong in ["", "Bearer", "Bearer ", "Bearer x", TOKEN, &format!("Basic {TOKEN}")] {
        let answer = send(&app, "POST", "/v1/events", &[key, ("authorization", wrong)]).await;
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        assert_eq!(refusal(answer).await, (401, "token_invalid".into()), "{wrong:?}");
    }
}

#[tokio::test]
async fn an_idempotency_key_is_required_and_belongs_to_who_asks() {
    let (app, _) = app(edge());
    let required = (400, "idempotency_key_required".to_owned());
    let long = "x".repeat(256);
    for keys in [vec![], vec![""], vec!["a\tb"], vec![long.as_str()], vec!["a", "b"], vec!["ключ"]]
    {
        let mut headers = vec![("holdfast-device", DEVICE)];
        headers.extend(keys.iter().map(|key| ("idempotency-key", *key)));
        let found = refusal(send(&app, "POST", "/hold", &headers).await).await;
        assert_eq!(found, required, "{keys:?}");
    }

    let key = ("idempotency-key", "short");
    let device = body(send(&app, "POST", "/hold", &[key, ("holdfast-device", DEVICE)]).await).await;
    assert_eq!(device["principal"], format!("device:{DEVICE}"));
    let token = body(send(&app, "POST", "/hold", &[key, ("holdfast-hold", "secret")]).await).await;
    assert!(token["principal"].as_str().unwrap().starts_with("token:"));
    assert!(!token["principal"].as_str().unwrap().contains("secret"));
    assert_ne!(device["digest"], token["digest"], "another's key is another key");

    assert_eq!(refusal(send(&app, "POST", "/hold", &[key]).await).await, required);
    let long_enough = ("idempotency-key", "1234567890123456789012");
    let nobody = body(send(&app, "POST", "/hold", &[long_enough]).await).await;
    assert_eq!(nobody["principal"], "anonymous");
}

#[tokio::test]
async fn a_device_key_that_cannot_be_one_is_refused() {
    let (app, _) = app(edge());
    let key = ("idempotency-key", "k");
    for wrong in ["", "short", "AAECAwQFBgcICQoLDA0OD!", &"x".repeat(129)] {
        let answer = send(&app, "POST", "/hold", &[key, ("holdfast-device", wrong)]).await;
        assert_eq!(refusal(answer).await, (422, "invalid_request".into()), "{wrong:?}");
    }
}

#[tokio::test]
async fn the_request_id_is_returned_and_seen_by_the_handler() {
    let (app, _) = app(edge());
    let answer = send(&app, "GET", "/id", &[("x-request-id", "mine-7")]).await;
    assert_eq!(answer.headers()["x-request-id"], "mine-7");
    assert_eq!(body(answer).await, "mine-7");
    let answer = send(&app, "GET", "/nowhere", &[]).await;
    assert!(answer.headers()["x-request-id"].to_str().unwrap().starts_with("req_"));
}

#[tokio::test]
async fn answers_carry_the_security_headers() {
    let (app, _) = app(edge());
    for path in ["/id", "/nowhere"] {
        let answer = send(&app, "GET", path, &[]).await;
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    let answer = send(&app, "GET", "/cached", &[]).await;
    assert_eq!(answer.headers()["cache-control"], "public, max-age=60");
}

#[tokio::test]
async fn the_rate_limit_counts_and_tells() {
    let (app, clock) = app(EdgeSettings { rate_limit_per_minute: 2, ..edge() });
    for remaining in ["1", "0"] {
        let answer = send(&app, "GET", "/nowhere", &[]).await;
        assert_eq!(answer.status(), 404);
        assert_eq!(answer.headers()["ratelimit-limit"], "2");
        assert_eq!(answer.headers()["ratelimit-remaining"], remaining);
        assert_eq!(answer.headers()["ratelimit-reset"], "60");
    }
    clock.advance_millis(59_500);
    let answer = send(&app, "GET", "/id", &[]).await;
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(answer.headers()["ratelimit-remaining"], "0");
    assert_eq!(refusal(answer).await, (429, "rate_limited".into()));
    clock.advance_millis(500);
    assert_eq!(send(&app, "GET", "/id", &[]).await.status(), 200);
}

#[tokio::test]
async fn health_and_queue_status_are_not_limited() {
    let (app, _) = app(EdgeSettings { rate_limit_per_minute: 1, ..edge() });
    for _ in 0..3 {
        for path in ["/livez", "/v1/events/evt_1/queue"] {
            let answer = send(&app, "GET", path, &[]).await;
            assert_eq!(answer.status(), 200);
            assert!(!answer.headers().contains_key("ratelimit-limit"));
        }
    }
    assert_eq!(send(&app, "POST", "/v1/events/evt_1/queue", &[]).await.status(), 200);
    assert_eq!(send(&app, "POST", "/v1/events/evt_1/queue", &[]).await.status(), 429);
}

#[tokio::test]
async fn without_a_limit_no_limit_is_told() {
    let (app, _) = app(edge());
    assert!(!send(&app, "GET", "/id", &[]).await.headers().contains_key("ratelimit-limit"));
}

#[tokio::test]
async fn only_listed_origins_may_call_from_a_browser() {
    let cors_origins = "https://tickets.example.org".parse().unwrap();
    let (app, _) = app(EdgeSettings { cors_origins, rate_limit_per_minute: 1, ..edge() });
    let asks = ("access-control-request-method", "POST");
    let listed = ("origin", "https://tickets.example.org");
    let answer = send(&app, "OPTIONS", "/v1/events", &[asks, listed]).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.headers()["access-control-allow-origin"], listed.1);
    let allowed = answer.headers()["access-control-allow-headers"].to_str().unwrap();
    assert!(allowed.contains("Idempotency-Key") && allowed.contains("Holdfast-Device"));

    let answer = send(&app, "GET", "/id", &[listed]).await;
    assert_eq!(answer.headers()["access-control-allow-origin"], listed.1);
    assert_eq!(answer.headers()["vary"], "Origin");
    let refused = send(&app, "GET", "/id", &[listed]).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(
        refused.headers()["access-control-allow-origin"],
        listed.1,
        "so that it can be read"
    );

    for other in ["null", "https://tickets.example.org.evil.example"] {
        let answer = send(&app, "OPTIONS", "/v1/events", &[asks, ("origin", other)]).await;
        assert!(!answer.headers().contains_key("access-control-allow-origin"), "{other}");
        assert_ne!(answer.status(), 204);
    }
}

#[test]
fn a_customer_is_the_account_else_the_device_else_the_address() {
    let address = |text: &str| ClientAddress(text.parse().unwrap());
    let device = Principal::Device(DeviceKey::parse(DEVICE).unwrap());
    let (here, there) = (address("203.0.113.1"), address("203.0.113.2"));
    assert_eq!(customer_key(&device, &here), customer_key(&device, &there));
    let nobody = Principal::Anonymous;
    assert_ne!(customer_key(&nobody, &here), customer_key(&nobody, &there));
    let token = Principal::Token("0".repeat(64));
    assert_eq!(customer_key(&token, &here), customer_key(&nobody, &here), "a token is no person");
    assert_eq!(
        customer_key(&nobody, &address("2001:db8::1")),
        customer_key(&nobody, &address("2001:db8::2"))
    );
    assert_ne!(customer_key(&nobody, &here), address_key(&here));
    assert_eq!(email_key("Ada@Example.org"), email_key("ada@example.org"));
}

#[test]
fn who_asks_is_not_printed() {
    let key = IdempotencyKey {
        key: "canary".into(),
        principal: Principal::Device(DeviceKey::parse("canarycanarycanarycanary").unwrap()),
    };
    let printed = format!("{key:?} {:?}", HoldToken::new(Some("canary".into())));
    assert!(!printed.contains("canary"), "{printed}");
}
