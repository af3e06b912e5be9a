//! A deadline is judged where the seat is taken, not by whoever tidies up. Keeps HOLD-2.

use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::support::{Buyer, Combination, Server, ServerOptions, Stores, event, wait_for};

/// Milliseconds from now until an RFC 3339 time as the API writes it.
fn milliseconds_until(time: &str) -> i64 {
    let then = domain::time::Timestamp::parse(time).expect("a time").as_millis();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    then - now.as_millis() as i64
}

async fn the_next_buyer_has_the_seat_at_the_deadline(combination: Combination) {
    let stopped_sweeper = ServerOptions::default().with("FAILPOINTS", "no_sweep=return");
    let server = Server::start(Stores::start(combination), stopped_sweeper).await;
    let sale = json!({"hold_seconds": 2, "extensions": 0});
    let id = server.publish(event(2, 10, json!({"sale": sale}))).await;

    let first = Buyer::new(&server).hold(&id, &["A-1", "A-2"]).await;
    let next = Buyer::new(&server);
    next.try_hold(&id, json!({"seats": ["A-2"]})).await.expect_refusal(409, "seats_unavailable");

    let expires_at = first.body["expires_at"].as_str().expect("a time");
    let left = milliseconds_until(expires_at).max(0) as u64;
    tokio::time::sleep(Duration::from_millis(left)).await;
    // One clock (this machine's) judges both; 100 ms is what the contract allows.
    let held = wait_for("the seat after the deadline", 2, || async {
        let answer = next.try_hold(&id, json!({"seats": ["A-2"]})).await;
        (answer.status == 201).then_some(answer.body)
    })
    .await;
    assert!(milliseconds_until(expires_at) > -2_000, "the wait ended late");
    assert_eq!(held["seats"][0]["label"], "A-2");
    // The dead hold gave its other seat back too, and best available sees it.
    Buyer::new(&server).hold(&id, &["A-1"]).await;
    server.assert_audit_is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_seat_is_free_at_once_in_process() {
    the_next_buyer_has_the_seat_at_the_deadline(Combination::InProcessAndSqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_seat_is_free_at_once_on_redis() {
    the_next_buyer_has_the_seat_at_the_deadline(Combination::RedisAndPostgres).await;
}
