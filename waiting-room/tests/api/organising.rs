//! What an organiser does to a line.

use domain::event::{EventStatus, Queue};
use serde_json::{Value, json};

use crate::support::{Stores, World, in_every_place, slow};

in_every_place! {
    a_line_goes_through_its_phases_and_keeps_every_reason
    what_does_not_fit_the_phase_is_refused
}

/// Acts with their reasons, the first first.
async fn acts(world: &World) -> Vec<(String, String)> {
    let settings = world.node.settings().await;
    let acts = settings["acts"].as_array().expect("a list").iter().rev();
    let text = |act: &Value, name: &str| act[name].as_str().expect("a text").to_owned();
    acts.map(|act| (text(act, "act"), text(act, "reason"))).collect()
}

async fn a_line_goes_through_its_phases_and_keeps_every_reason(stores: Stores) {
    let world = World::open(stores, slow()).await;
    let steps = [
        ("open", "open"),
        ("pause", "paused"),
        ("resume", "open"),
        ("drain", "draining"),
        ("pause", "paused"),
        ("drain", "draining"),
        ("resume", "open"),
        ("close", "closed"),
    ];
    let mut expected = Vec::new();
    for (number, (act, phase)) in steps.into_iter().enumerate() {
        let reason = format!("reason {number}");
        let answer = world.act(act, &reason).await.expect(200);
        assert_eq!(answer["phase"], phase, "{act}");
        assert_eq!(answer["acts"][0]["reason"], json!(reason));
        expected.push((act.to_owned(), reason));
    }
    assert_eq!(acts(&world).await, expected);
    world.assert_ledger_is_clean().await;
}

async fn what_does_not_fit_the_phase_is_refused(stores: Stores) {
    let world = World::open(stores, slow()).await;
    let refused = async |act: &str| {
        world.act(act, "").await.expect_refusal(409, "invalid_transition");
    };
    for act in ["pause", "resume", "drain"] {
        refused(act).await;
    }
    world.open_line().await;
    world.act("drain", "").await.expect(200);
    refused("open").await;
    world.act("close", "").await.expect(200);
    for act in ["open", "pause", "resume", "drain"] {
        refused(act).await;
    }
    // The same again is no other step, and no other entry.
    world.act("close", "").await.expect(200);
    assert_eq!(acts(&world).await.len(), 3);
}

#[tokio::test]
async fn rules_are_replaced_as_a_whole_and_the_reason_is_kept() {
    let world = World::new(slow()).await;
    let opens_at = world.event.created_at.plus_seconds(3_600).to_string();
    let rules = json!({
        "enabled": true, "opens_at": opens_at, "admit_per_minute": 300, "max_inside": 500,
        "pass_seconds": 900, "turn_seconds": 60, "max_waiting": 10_000, "invite_only": true,
        "priority_share": 10, "proof_of_work": false,
    });
    let mut sent = rules.clone();
    sent["reason"] = json!("as agreed with the hall");
    let told = world.change_settings(sent).await;
    for (name, value) in rules.as_object().expect("an object") {
        assert_eq!(&told[name], value, "{name}");
    }
    let act = &told["acts"][0];
    assert_eq!(
        (&act["act"], &act["reason"]),
        (&json!("settings"), &json!("as agreed with the hall"))
    );
    assert_eq!(act["detail"]["admit_per_minute"], 300);
    let told = world.change_settings(json!({})).await;
    assert_eq!((&told["enabled"], &told["admit_per_minute"]), (&json!(true), &Value::Null));
    assert_eq!((&told["pass_seconds"], &told["turn_seconds"]), (&json!(600), &json!(120)));
    assert_eq!(world.node.settings().await, told);
}

#[tokio::test]
async fn a_rule_outside_its_bounds_is_named_and_changes_nothing() {
    let world = World::new(slow()).await;
    let before = world.node.settings().await;
    for (field, value) in [
        ("admit_per_minute", json!(0)),
        ("admit_per_minute", json!(1_000_001)),
        ("max_inside", json!(0)),
        ("pass_seconds", json!(0)),
        ("pass_seconds", json!(86_401)),
        ("turn_seconds", json!(0)),
        ("turn_seconds", json!(-1)),
        ("max_waiting", json!(0)),
        ("priority_share", json!(51)),
        ("opens_at", json!("tomorrow")),
        ("enabled", json!("yes")),
        ("admit_per_second", json!(5)),
        ("reason", json!("x".repeat(501))),
    ] {
        let refused = world.node.organizer("PUT", "/settings", json!({field: value})).await;
        let refused = refused.expect_refusal(422, "invalid_request");
        assert!(refused["detail"].as_str().unwrap_or_default().contains(field), "{refused}");
    }
    assert_eq!(world.node.settings().await, before);
}

#[tokio::test]
async fn the_same_key_and_body_is_the_same_change() {
    let world = World::new(slow()).await;
    let put = async |body: &Value, key: &str| {
        world.node.organizer_again("PUT", "/settings", body.clone(), key).await
    };
    let rules = json!({"admit_per_minute": 10, "reason": "slower"});
    let first = put(&rules, "once").await;
    assert!(!first.is_replayed());
    let first = first.expect(200);
    put(&json!({"admit_per_minute": 20}), "twice").await.expect(200);
    let again = put(&rules, "once").await;
    assert!(again.is_replayed());
    assert_eq!(again.expect(200), first);
    assert_eq!(world.node.settings().await["admit_per_minute"], 20);
    let other = put(&json!({"admit_per_minute": 11}), "once").await;
    other.expect_refusal(422, "idempotency_key_reused");
    // A refusal is not kept.
    put(&json!({"admit_per_minute": 0}), "again").await.expect_refusal(422, "invalid_request");
    put(&json!({"admit_per_minute": 1}), "again").await.expect(200);
}

#[tokio::test]
async fn a_step_asked_for_again_under_its_key_is_told_again() {
    let world = World::new(slow()).await;
    world.open_line().await;
    let pause = async |reason: &str| {
        let body = json!({"reason": reason});
        world.node.organizer_again("POST", "/pause", body, "once").await
    };
    // Whoever leads the line shows the step.
    let (first, ()) = tokio::join!(pause("rain"), async {
        world
            .until("the pause", async || {
                let phase = world.stored_line().await.phase;
                (phase == ledger::lines::LinePhase::Paused).then_some(())
            })
            .await;
        world.round().await;
    });
    let first = first.expect(200);
    let again = pause("rain").await;
    assert!(again.is_replayed());
    assert_eq!(again.expect(200), first);
    pause("snow").await.expect_refusal(422, "idempotency_key_reused");
    assert_eq!(acts(&world).await.len(), 2);
}

#[tokio::test]
async fn the_rules_of_a_draft_are_set_before_it_is_published() {
    let world = World::new(slow()).await;
    let draft = world.add_event(Queue::default(), EventStatus::Draft).await;
    let node = world.node_for(draft);
    let told = node.organizer("PUT", "/settings", json!({"admit_per_minute": 7})).await.expect(200);
    assert_eq!((&told["enabled"], &told["phase"]), (&json!(true), &json!("early")));
    node.organizer("POST", "/open", json!({})).await.expect_refusal(404, "unknown_event");
}

#[tokio::test]
async fn an_event_that_has_ended_keeps_its_rules() {
    let world = World::new(slow()).await;
    let ended = world.add_event(slow(), EventStatus::Cancelled).await;
    let node = world.node_for(ended);
    let refused = node.organizer("PUT", "/settings", json!({"enabled": false})).await;
    refused.expect_refusal(409, "invalid_transition");
}

#[tokio::test]
async fn a_line_is_closed_when_its_sale_is_over() {
    let world = World::new(slow()).await;
    let people = world.people(1).await;
    world.open_line().await;
    world
        .change_event(|event| event.sale.closes_at = Some(event.created_at.plus_seconds(60)))
        .await;
    let (ada, place) = &people[0];
    world.until_state(ada, place, "closed").await;
    assert_eq!(
        acts(&world).await.last(),
        Some(&("close".to_owned(), "the sale is over".to_owned()))
    );
}

#[tokio::test]
async fn what_the_line_counts_is_told_to_its_organiser() {
    let world = World::new(Queue { admit_per_minute: Some(60), ..slow() }).await;
    let people = world.people(10).await;
    world.open_line().await;
    world.rounds(3).await;
    let told = world.node.settings().await;
    let count = |name: &str| told[name].as_u64().expect("a number");
    assert_eq!(count("joined"), 10);
    assert_eq!(count("waiting") + count("admitted"), 10);
    assert!(count("admitted") > 0, "{told}");
    assert_eq!(count("inside"), 0);
    assert_eq!(people.len(), 10);
}
