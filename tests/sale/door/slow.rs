//! Clients that take their time: each meets an end, and nobody else waits for it.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    sync::Barrier,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::{
    server,
    vital::{assert_vital_is_answered, options},
    wire::{Door, Heard, hear},
};
use crate::support::{Buyer, event};

const SLOW_BROWSERS: usize = 200;
/// Between two bytes: often enough that no connection is ever idle.
const BETWEEN_BYTES: Duration = Duration::from_millis(250);
/// A minute and a half of them: more than the server has patience for.
const BYTES: usize = 360;

/// Goes on byte by byte until the server closes. Panics when it takes everything.
async fn drip(stream: TcpStream, byte: u8) -> Heard {
    let (mut reading, mut writing) = stream.into_split();
    let mut ticks = interval(BETWEEN_BYTES);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Vec::new();
    let dripping = async {
        for _ in 0..BYTES {
            ticks.tick().await;
            if writing.write_all(&[byte]).await.is_err() {
                return;
            }
        }
        panic!("the server takes as long as it is given");
    };
    tokio::select! {
        _ = tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut heard) => {}
        () = dripping => {}
    }
    Heard(String::from_utf8_lossy(&heard).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_slow_heads_are_ended_and_everybody_else_is_answered_meanwhile() {
    let server = server(options()).await;
    let door = Door::of(&server);
    let all_drip = Arc::new(Barrier::new(SLOW_BROWSERS + 1));
    let mut browsers = JoinSet::new();
    for _ in 0..SLOW_BROWSERS {
        let all_drip = all_drip.clone();
        browsers.spawn(async move {
            let mut stream = door.connect().await;
            let begin = b"GET /v1/events HTTP/1.1\r\nHost: shop.example\r\nX-Slow: ";
            stream.write_all(begin).await.expect("it begins like any request");
            all_drip.wait().await;
            drip(stream, b'x').await
        });
    }
    all_drip.wait().await;
    assert_eq!(browsers.try_join_next().map(|ended| ended.is_err()), None, "all are there");
    assert_eq!(assert_vital_is_answered(door).await, 0);
    assert_eq!(door.get("/v1/events", "").await.statuses(), [200]);
    let mut ended = 0;
    while let Some(heard) = browsers.join_next().await {
        let heard = heard.expect("the server ends it");
        assert!(!heard.0.contains("HTTP/1.1 200"), "half a head was answered: {}", heard.0);
        ended += 1;
    }
    assert_eq!(ended, SLOW_BROWSERS);
    assert_eq!(assert_vital_is_answered(door).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_drips_is_given_up_whoever_it_is_for() {
    let server = server(options()).await;
    let door = Door::of(&server);
    let mut bodies = JoinSet::new();
    for (path, framing, byte) in [
        ("/v1/orders", "Content-Length: 60000\r\n\r\n", b' '),
        ("/v1/orders", "Transfer-Encoding: chunked\r\n\r\nea60\r\n", b' '),
        ("/v1/events/any/holds", "Content-Length: 60000\r\n\r\n{\"seats\": [", b' '),
        (
            "/v1/stripe/webhook",
            "Stripe-Signature: t=1,v1=00\r\nContent-Length: 60000\r\n\r\n",
            b'x',
        ),
        // Nobody reads these bodies.
        ("/v1/nowhere", "Content-Length: 60000\r\n\r\n", b'x'),
        ("/livez", "Content-Length: 60000\r\n\r\n", b'x'),
    ] {
        bodies.spawn(async move {
            let mut stream = door.connect().await;
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n\
                 Idempotency-Key: a-key-that-nobody-else-uses\r\n{framing}"
            );
            stream.write_all(head.as_bytes()).await.expect("it begins like any request");
            (path, drip(stream, byte).await)
        });
    }
    let mut given_up = 0;
    while let Some(heard) = bodies.join_next().await {
        let (path, heard) = heard.expect("the server ends it");
        match heard.statuses()[..] {
            [408] => {
                heard.expect_refusal(408, "request_timeout");
                assert_eq!(heard.header("connection"), Some("close"), "{}", heard.0);
                given_up += 1;
            }
            [404] => assert_eq!(path, "/v1/nowhere", "{}", heard.0),
            [405] => assert_eq!(path, "/livez", "{}", heard.0),
            _ => panic!("{path}: {}", heard.0),
        }
    }
    assert_eq!(given_up, 4);
    assert_eq!(assert_vital_is_answered(door).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_ends_early_changes_nothing() {
    let server = server(options()).await;
    let id = server.publish(event(2, 10, json!({}))).await;
    let before = server.availability(&id).await;
    let door = Door::of(&server);
    let wish = r#"{"seats": ["A-1"]}"#;
    for body in [
        format!("Content-Length: {}\r\n\r\n{wish}", wish.len() + 1),
        "Content-Length: 18\r\n\r\n".to_owned(),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{wish}\r\n", wish.len()),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{wish}", wish.len()),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{wish}\r\n0\r\n", wish.len()),
    ] {
        let mut stream = door.connect().await;
        let head = format!(
            "POST /v1/events/{id}/holds HTTP/1.1\r\nHost: shop.example\r\n\
             Content-Type: application/json\r\nIdempotency-Key: a-key-that-nobody-else-uses\r\n{body}"
        );
        stream.write_all(head.as_bytes()).await.expect("the server reads");
        stream.shutdown().await.expect("our end is closed");
        let heard = hear(&mut stream).await;
        assert!(matches!(heard.statuses()[..], [] | [400]), "{body:?}: {}", heard.0);
    }
    assert_eq!(server.availability(&id).await, before);
    Buyer::new(&server).hold(&id, &["A-1"]).await;
}
