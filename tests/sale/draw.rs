//! The process dies at each named step of a draw and is started again: there is one draw, of what was
//! closed, with the round that was named, and nobody's position rises. Keeps LINE-3.

use std::{collections::BTreeSet, sync::Arc};

use platform::SystemClock;
use serde_json::{Value, json};
use testkit::BeaconServer;

use crate::{
    line::{Person, ask},
    support::{
        Combination, ORGANIZER_TOKEN, Server, ServerOptions, Stores, event, random_text, wait_for,
    },
};

/// The steps at which the process can be killed; the names are those of `platform::failpoint`.
const STEPS: [&str; 6] = [
    "line_drawing",
    "entries_closed",
    "closing_stored",
    "round_named",
    "draw_stored",
    "draw_shown",
];
const PEOPLE: usize = 12;

/// What the draw is, once it is there.
async fn drawn(server: &Server, event: &str) -> Value {
    let path = format!("/v1/events/{event}/queue/draw");
    wait_for("the draw", 60, || async {
        let draw = server.get(&path).await;
        draw.get("seed").is_some().then_some(draw)
    })
    .await
}

/// Where everybody stands; each must be told, and nobody further back than before.
async fn look_again(server: &Server, event: &str, people: &mut [Person]) -> Vec<u64> {
    let path = format!("/v1/events/{event}/queue");
    let mut positions = Vec::new();
    for person in people {
        let position = wait_for("a position", 30, || async {
            let (status, body) = ask(server, "GET", &path, person).await?;
            assert_eq!(status, 200, "{body}");
            // Whose turn has come stands before everybody.
            let waits = body["state"] == "waiting";
            if waits {
                body["position"].as_u64()
            } else {
                Some(0).filter(|_| body["state"] != "early")
            }
        });
        let position = position.await;
        let before = person.position;
        assert!(position <= before, "{} rose from {before} to {position}", person.index);
        person.position = position;
        positions.push(position);
    }
    positions
}

fn assert_verified(server: &Server, event: &str, commitment: &str) {
    let url = format!("{}/v1/events/{event}", server.base);
    let output = server.command(&[
        "queue",
        "verify",
        "--url",
        &url,
        "--commitment",
        commitment,
        "--event",
        event,
    ]);
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
}

/// The rounds that the beacon was asked for, from there on.
fn rounds_asked(beacon: &BeaconServer, from: usize) -> BTreeSet<String> {
    let asked = beacon.asked();
    let rounds = asked[from..].iter().filter_map(|path| path.strip_prefix("/public/"));
    rounds.map(str::to_owned).collect()
}

async fn a_draw_that_was_cut_at_any_step_is_held_once(combination: Combination) {
    let beacon = BeaconServer::start(Arc::new(SystemClock));
    let options = || ServerOptions::default().with("HOLDFAST_DRAW_BEACON", &beacon.url());
    let mut server = Server::start(Stores::start(combination), options()).await;
    for step in STEPS {
        server.restart(options().with("FAILPOINTS", &format!("{step}=return"))).await;
        let queue = json!({"enabled": true, "admit_per_minute": 1});
        let id = server.publish(event(2, 5, json!({"queue": queue}))).await;
        let mut people = Vec::new();
        for _ in 0..PEOPLE {
            people.push(Person::join(&server, &id).await);
        }
        let draw_path = format!("/v1/events/{id}/queue/draw");
        let promised = server.get(&draw_path).await;
        let commitment = promised["commitment"].as_str().expect("a commitment").to_owned();
        let before = beacon.asked().len();
        // It dies before it answers, or just after.
        let _ = server
            .http
            .post(format!("{}/v1/events/{id}/queue/open", server.base))
            .bearer_auth(ORGANIZER_TOKEN)
            .header("Idempotency-Key", random_text())
            .json(&json!({}))
            .send()
            .await;
        server.wait_until_dead().await;
        server.restart(options()).await;

        let draw = drawn(&server, &id).await;
        assert_eq!(draw["commitment"], commitment, "killed at {step}");
        let round = draw["beacon"]["round"].as_u64().expect("a beacon").to_string();
        assert_eq!(rounds_asked(&beacon, before), BTreeSet::from([round]), "killed at {step}");
        assert!(draw["size"].as_u64() >= Some(PEOPLE as u64), "killed at {step}: {draw}");
        assert_verified(&server, &id, &commitment);
        let positions = look_again(&server, &id, &mut people).await;
        let waiting: Vec<_> = positions.iter().filter(|position| **position > 0).collect();
        let taken: BTreeSet<_> = waiting.iter().collect();
        assert_eq!(taken.len(), waiting.len(), "killed at {step}: {positions:?}");
        assert!(waiting.len() > PEOPLE / 2, "killed at {step}: {positions:?}");

        server.restart(options()).await;
        assert_eq!(drawn(&server, &id).await, draw, "killed at {step}");
        look_again(&server, &id, &mut people).await;
        server.assert_audit_is_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_embedded_stores_a_draw_that_was_cut_at_any_step_is_held_once() {
    a_draw_that_was_cut_at_any_step_is_held_once(Combination::InProcessAndSqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_redis_and_postgres_a_draw_that_was_cut_at_any_step_is_held_once() {
    a_draw_that_was_cut_at_any_step_is_held_once(Combination::RedisAndPostgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_cluster_a_draw_that_was_cut_at_any_step_is_held_once() {
    a_draw_that_was_cut_at_any_step_is_held_once(Combination::ClusterAndPostgres).await;
}
