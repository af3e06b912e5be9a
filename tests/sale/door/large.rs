//! What is too large is refused cleanly, before it is taken in, and the server lives on.

use super::{
    server,
    vital::{assert_vital_is_answered, options},
    wire::Door,
};
use crate::support::{ORGANIZER_TOKEN, ServerOptions};

const MEGABYTE: usize = 1024 * 1024;

fn post(path: &str, rest: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n\
         Idempotency-Key: a-key-that-nobody-else-uses\r\nAuthorization: Bearer {ORGANIZER_TOKEN}\r\n\
         Stripe-Signature: t=1,v1=00\r\n{rest}"
    )
}

/// So much, in chunks, without an end.
fn chunks(bytes: usize) -> String {
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
    format!("Transfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(bytes / 4096))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_its_limit_is_refused_and_the_connection_closed() {
    let server = server(ServerOptions::default()).await;
    let door = Door::of(&server);
    for (path, limit) in [
        ("/v1/orders", 64 * 1024),
        ("/v1/events/any/holds", 64 * 1024),
        ("/v1/events/any/publish", 64 * 1024),
        ("/v1/stripe/webhook", 256 * 1024),
        ("/v1/events", 32 * MEGABYTE),
    ] {
        // Announced, and not one byte sent.
        let announced = post(path, &format!("Content-Length: {}\r\n\r\n", limit + 1));
        let mut requests =
            vec![announced, post(path, "Content-Length: 18446744073709551613\r\n\r\n")];
        if limit < MEGABYTE {
            requests.push(post(path, &chunks(limit + 4096)));
        }
        for request in requests {
            let heard = door.exchange(&request).await;
            // A length that no counter holds is refused with the head.
            if heard.statuses() != [431] {
                heard.expect_refusal(413, "body_too_large");
            }
            assert_eq!(heard.header("connection"), Some("close"), "{path}: {}", heard.0);
        }
        let compressed = post(path, "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}");
        let heard = door.exchange(compressed.replace("Host:", "Connection: close\r\nHost:")).await;
        heard.expect_refusal(415, "unsupported_media_type");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_headers_is_refused_and_the_server_lives_on() {
    let server = server(options()).await;
    let door = Door::of(&server);
    let begin = "GET /v1/events HTTP/1.1\r\nHost: shop.example\r\n";
    let long = "x".repeat(17 * 1024);
    let many = |count: usize| (0..count).map(|n| format!("X-{n}: 1\r\n")).collect::<String>();
    for (what, head) in [
        ("too many headers", format!("{begin}{}\r\n", many(101))),
        ("headers without end", format!("{begin}{}", many(MEGABYTE / 16))),
        ("too large a header", format!("{begin}X-Long: {long}\r\n\r\n")),
        ("a header without end", format!("{begin}X-Long: {}", "x".repeat(MEGABYTE))),
        ("a name without end", format!("{begin}{}", "x".repeat(MEGABYTE))),
        ("too long a path", format!("GET /{long} HTTP/1.1\r\nHost: shop.example\r\n\r\n")),
        ("a path without end", format!("GET /{}", "x".repeat(MEGABYTE))),
        ("too long a query", format!("GET /v1/events?{long} HTTP/1.1\r\nHost: a\r\n\r\n")),
        ("a method without end", "X".repeat(MEGABYTE)),
        ("a cookie without end", format!("{begin}Cookie: {}", "a=b; ".repeat(MEGABYTE / 5))),
    ] {
        let heard = door.exchange(&head).await;
        assert!(matches!(heard.statuses()[..], [400 | 414 | 431]), "{what}: {}", heard.0);
        assert_eq!(heard.header("connection"), Some("close"), "{what}: {}", heard.0);
    }
    let most = format!("{begin}{}Connection: close\r\n\r\n", many(90));
    assert_eq!(door.exchange(&most).await.statuses(), [200], "what fits is answered");
    assert_eq!(assert_vital_is_answered(door).await, 0);
}
