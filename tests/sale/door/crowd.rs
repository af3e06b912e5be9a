//! Every usual place is taken: what must be answered is, on the places that are kept for it.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
    time::sleep,
};

use super::{
    server,
    vital::{assert_vital_is_answered, options},
    wire::Door,
};
use crate::support::wait_for;

/// So few that some hundreds of browsers are a crowd: the process keeps half of them for itself.
const OPEN_FILES: u32 = 512;
/// More than there are places of either kind.
const BROWSERS: usize = 360;
/// Until somebody who was sent away comes back.
const AWAY: Duration = Duration::from_secs(1);
const ROUNDS: usize = 10;

const SILENCE: &str = "";
const HALF_A_HEAD: &str = "GET /v1/events HTTP/1.1\r\nHost: shop.example\r\nX-Slow: ";
const HALF_AN_ORDER: &str = "POST /v1/orders HTTP/1.1\r\nHost: shop.example\r\n\
    Content-Type: application/json\r\nIdempotency-Key: a-key-that-nobody-else-uses\r\n\
    Content-Length: 100\r\n\r\n{";
const HALF_A_WEBHOOK: &str = "POST /v1/stripe/webhook HTTP/1.1\r\nHost: shop.example\r\n\
    Stripe-Signature: t=1,v1=00\r\nContent-Length: 100\r\n\r\n{";

/// Whether an ordinary request finds no place.
async fn is_full(door: Door) -> bool {
    let heard = door.get("/v1/events", "").await;
    if heard.statuses() != [503] {
        return false;
    }
    assert_eq!(heard.json()["code"], "overloaded", "{}", heard.0);
    assert_eq!(heard.header("retry-after"), Some("1"), "{}", heard.0);
    true
}

/// Each browser begins in one of these ways and then says nothing more; whoever is sent away comes
/// back.
async fn a_crowd_keeps_no_webhook_out(beginnings: &'static [&'static str]) {
    let server = server(options().with_open_files(OPEN_FILES)).await;
    let door = Door::of(&server);
    let mut crowd = JoinSet::new();
    for beginning in beginnings.iter().cycle().take(BROWSERS) {
        crowd.spawn(async move {
            loop {
                let mut stream = door.connect().await;
                let _ = stream.write_all(beginning.as_bytes()).await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
                sleep(AWAY).await;
            }
        });
    }
    let mut cut_off = 0;
    for _ in 0..ROUNDS {
        wait_for("a full house", 120, || async { is_full(door).await.then_some(()) }).await;
        cut_off += assert_vital_is_answered(door).await;
    }
    assert!(cut_off <= ROUNDS, "{cut_off} of {} had to ask again", 4 * ROUNDS);
    crowd.shutdown().await;
    wait_for("an ordinary answer", 60, || async {
        (door.get("/v1/events", "").await.statuses() == [200]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_and_probes_are_answered_while_idle_browsers_have_every_place() {
    a_crowd_keeps_no_webhook_out(&[SILENCE, HALF_A_HEAD, HALF_AN_ORDER]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_keeps_a_webhook_out_by_sitting_on_the_places_kept_for_it() {
    a_crowd_keeps_no_webhook_out(&[HALF_A_WEBHOOK]).await;
}
