//! What a browser is told, and what a foreign page can do with it: read nothing, act for nobody.

use serde_json::json;

use super::{
    server,
    wire::{Door, Heard, get},
};
use crate::support::{Server, ServerOptions, event};

const LISTED: &str = "https://tickets.example.org";
const FOREIGN: [&str; 5] = [
    "https://evil.example",
    "http://tickets.example.org",
    "https://tickets.example.org.evil.example",
    "https://tickets.example.org:8443",
    "null",
];

/// An event with a line, and the server.
async fn sale() -> (Server, String) {
    let server = server(ServerOptions::default().with("HOLDFAST_CORS_ORIGINS", LISTED)).await;
    let queue = json!({"enabled": true, "admit_per_minute": 60});
    let id = server.publish(event(2, 10, json!({"queue": queue}))).await;
    (server, id)
}

fn origin(origin: &str) -> String {
    format!("Origin: {origin}\r\n")
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_listed_origin_reads_answers_and_never_with_cookies() {
    let (server, id) = sale().await;
    let door = Door::of(&server);
    let paths = ["/v1/events".to_owned(), format!("/v1/events/{id}"), "/v1/hidden".to_owned()];
    let preflight = |path: &str, from: &str| {
        format!(
            "OPTIONS {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{}\
             Access-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: idempotency-key, holdfast-device\r\n\r\n",
            origin(from)
        )
    };
    for path in &paths {
        for foreign in FOREIGN {
            for request in [get(path, &origin(foreign)), preflight(path, foreign)] {
                let heard = door.exchange(request).await;
                assert_eq!(heard.header("access-control-allow-origin"), None, "{}", heard.0);
            }
        }
        for request in [get(path, &origin(LISTED)), preflight(path, LISTED)] {
            let heard = door.exchange(request).await;
            assert_eq!(heard.header("access-control-allow-origin"), Some(LISTED), "{}", heard.0);
            assert!(heard.0.to_lowercase().contains("vary: origin"), "{}", heard.0);
            assert_eq!(heard.header("access-control-allow-credentials"), None, "{}", heard.0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_answers_and_refusals_carry_the_security_headers_alike() {
    let (server, id) = sale().await;
    let door = Door::of(&server);
    let html = "Accept: text/html\r\n";
    let requests = [
        get("/", html),
        get(&format!("/events/{id}"), html),
        get(&format!("/events/{id}/seats"), html),
        get(&format!("/events/{id}/queue"), html),
        get("/orders/ord_1", html),
        get("/nowhere", html),
        get("/docs", html),
        get("/assets/base.css", ""),
        get("/client/holdfast.js", ""),
        get("/v1/events", ""),
        get(&format!("/v1/events/{id}/queue"), ""),
        get(&format!("/v1/events/{id}/chart"), ""),
        get("/v1/hidden", ""),
        get("/openapi.json", ""),
        get("/livez", ""),
        get("/readyz", ""),
        get("/metrics", ""),
        post("/v1/events", "", "{}"),
        post("/livez", "", ""),
        post("/v1/stripe/webhook", "", "{}"),
    ];
    for request in requests {
        let heard = door.exchange(&request).await;
        assert_eq!(heard.statuses().len(), 1, "{request}: {}", heard.0);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(heard.header(name), Some(value), "{request}: {}", heard.0);
        }
        assert!(heard.header("cache-control").is_some(), "{request}: {}", heard.0);
        assert!(heard.header("x-request-id").is_some(), "{request}: {}", heard.0);
        assert_eq!(heard.header("server"), None, "{request}");
        if heard.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            let policy = heard.header("content-security-policy").unwrap_or_default();
            assert!(policy.contains("frame-ancestors 'none'"), "{request}: {}", heard.0);
            assert!(!policy.contains("unsafe-inline"), "{request}: {policy}");
        }
    }
}

/// `name=value` of the cookies that an answer sets.
fn cookies(heard: &Heard) -> Vec<String> {
    let lines = heard.0.lines().filter_map(|line| line.split_once(": "));
    let set = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    set.filter_map(|(_, value)| value.split(';').next()).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_page_acts_for_nobody_with_the_cookies_of_a_buyer() {
    let (server, id) = sale().await;
    let door = Door::of(&server);
    let page = door.get(&format!("/events/{id}/queue"), "Accept: text/html\r\n").await;
    let device = cookies(&page).pop().unwrap_or_else(|| panic!("no cookie: {}", page.0));
    assert!(page.0.contains("; HttpOnly; SameSite=Lax"), "{}", page.0);
    let cookie = format!("Cookie: {device}\r\n");
    let (own, cross) = ("Sec-Fetch-Site: same-origin\r\n", "Sec-Fetch-Site: cross-site\r\n");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let foreign = [
        cross.to_owned(),
        "Sec-Fetch-Site: same-site\r\n".into(),
        origin(FOREIGN[0]),
        origin("null"),
    ];

    // Forms: refused.
    for step in ["join", "enter", "leave"] {
        for foreign in &foreign {
            let path = format!("/events/{id}/queue/{step}");
            let heard = door.exchange(post(&path, &format!("{cookie}{form}{foreign}"), "")).await;
            heard.expect_refusal(403, "foreign_origin");
            assert_eq!(cookies(&heard), [""; 0], "{}", heard.0);
        }
    }
    // The API: the cookie does not count.
    let join = format!("/v1/events/{id}/queue");
    let place = door.exchange(post(&join, &format!("{cookie}{own}"), "")).await;
    assert_eq!(place.statuses(), [201], "{}", place.0);
    for foreign in &foreign {
        let heard = door.exchange(post(&join, &format!("{cookie}{foreign}"), "")).await;
        assert_ne!(heard.statuses(), [200], "{}", heard.0);
        assert!(heard.json().get("place").is_none(), "{}", heard.0);
    }
    let again = door.exchange(post(&join, &format!("{cookie}{own}"), "")).await;
    assert_eq!((again.statuses()[0], &again.json()["id"]), (200, &place.json()["id"]));

    // What a page can send without being asked for permission first changes nothing.
    let before = server.availability(&id).await;
    let holds = format!("/v1/events/{id}/holds");
    let wish = r#"{"seats": ["A-1"]}"#;
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    {
        for foreign in &foreign {
            let headers = format!("{cookie}{foreign}Content-Type: {kind}\r\n");
            let heard = door.exchange(post(&holds, &headers, wish)).await;
            assert!(matches!(heard.statuses()[..], [400 | 415]), "{kind}: {}", heard.0);
        }
    }
    assert_eq!(server.availability(&id).await, before);

    // Nor does it open the live map, which browsers let anybody try.
    let live = format!(
        "GET /v1/events/{id}/live HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n",
        origin(FOREIGN[0])
    );
    let refused = format!("{live}{}", get("/livez", ""));
    let heard = door.exchange(refused).await;
    assert_eq!(heard.statuses()[0], 403, "{}", heard.0);
    assert!(heard.0.contains("foreign_origin"), "{}", heard.0);
}
