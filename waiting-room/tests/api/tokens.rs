//! Places and passes that are none, or somebody else's.

use data_encoding::BASE64URL_NOPAD;
use domain::{
    id::EventId,
    queue::Lane,
    time::{Clock, Timestamp},
};
use platform::{
    Keys, Secret,
    http::DeviceKey,
    tokens::{DeviceBinding, QueueToken, TokenKind},
};
use serde_json::{Value, json};

use crate::support::{Buyer, Place, SIGNING_KEY, World, brisk, claims, slow};

const ROUTES: [(&str, &str); 4] =
    [("GET", ""), ("POST", "/enter"), ("DELETE", ""), ("GET", "/draw/proof")];

fn keys(text: &str) -> Keys {
    Keys::new(&[Secret::new(text)]).expect("keys")
}

/// What a genuine place of this device says.
fn genuine(world: &World, buyer: &Buyer<'_>, expires_at: Timestamp) -> QueueToken {
    QueueToken {
        event: world.event.id.clone(),
        id: "que_0".to_owned(),
        person: domain::hold::CustomerKey([7; 12]),
        lane: Lane::General,
        index: 0,
        device: DeviceBinding::of(&DeviceKey::parse(&buyer.device).expect("a device key")),
        expires_at,
    }
}

fn encode(value: &Value) -> String {
    BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

/// The token with other claims, under the signature it had.
fn edited(token: &str, name: &str, value: Value) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims = claims(token);
    claims[name] = value;
    format!("{}.{}.{}", parts[0], encode(&claims), parts[2])
}

fn broken(token: &str) -> Vec<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let other_last = if signature.ends_with('A') { 'Q' } else { 'A' };
    let mut all = vec![
        String::new(),
        "x".to_owned(),
        "..".to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}.{signature}="),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{payload}.{signature}."),
        format!("{header}.{payload}.{}{other_last}", &signature[..signature.len() - 1]),
        format!("{payload}.{header}.{signature}"),
        format!("{token} "),
        format!("Bearer {token}"),
        "A".repeat(100 * 1024),
        format!("{header}.{}.{signature}", "A".repeat(100 * 1024)),
        edited(token, "idx", json!(0)),
        edited(token, "exp", json!(4_000_000_000_i64)),
        edited(token, "lane", json!(1)),
        edited(token, "aud", json!("evt_other/place")),
        edited(token, "sub", json!(BASE64URL_NOPAD.encode(&[1; 12]))),
        edited(token, "admin", json!(true)),
    ];
    for algorithm in ["none", "NONE", "HS384", "RS256", "EdDSA", ""] {
        let header = encode(&json!({"alg": algorithm, "typ": "JWT"}));
        all.push(format!("{header}.{payload}.{signature}"));
        all.push(format!("{header}.{payload}."));
    }
    for name in ["jwk", "jku", "x5u", "kid"] {
        let header = encode(&json!({"alg": "HS256", "typ": "JWT", name: "../../key"}));
        all.push(format!("{header}.{payload}.{signature}"));
    }
    all
}

async fn refused_everywhere(buyer: &Buyer<'_>, place: &str) {
    for (method, rest) in ROUTES {
        let answer = buyer.call(method, rest, &[("Holdfast-Place", place)], None).await;
        let shown: String = place.chars().take(200).collect();
        assert_eq!(
            (answer.status, answer.body["code"].as_str()),
            (401, Some("token_invalid")),
            "{method} {rest} {shown}"
        );
    }
}

#[tokio::test]
async fn a_broken_place_is_refused_on_every_route() {
    let world = World::new(slow()).await;
    world.people(1).await;
    let ada = world.buyer();
    let place = ada.join().await.expect_new();
    for token in broken(&place.token) {
        // The server in front trims what stands around a header's value.
        if token.trim() != place.token {
            refused_everywhere(&ada, &token).await;
        }
    }
    for (method, rest) in ROUTES {
        ada.call(method, rest, &[], None).await.expect_refusal(401, "token_invalid");
    }
    ada.try_status(&place).await.expect(200);
}

#[tokio::test]
async fn a_place_of_another_key_event_kind_or_time_is_refused_on_every_route() {
    let world = World::new(slow()).await;
    let ada = world.buyer();
    ada.join().await.expect_new();
    let now = world.clock.now();
    let place = genuine(&world, &ada, now.plus_seconds(60));
    let ours = keys(SIGNING_KEY);
    let foreign = keys("a signing key of some other installation");
    let other_event = QueueToken { event: EventId::new(now, [9; 12]), ..place.clone() };
    let expired = QueueToken { expires_at: now, ..place.clone() };
    let endless = QueueToken { expires_at: now.plus_seconds(100 * 365 * 86_400), ..place.clone() };
    for token in [
        foreign.sign_token(TokenKind::Place, &place, now),
        ours.sign_token(TokenKind::Place, &other_event, now),
        ours.sign_token(TokenKind::Pass, &place, now),
        ours.sign_token(TokenKind::Place, &expired, now.plus_seconds(-60)),
        ours.sign_token(TokenKind::Place, &endless, now),
        ours.sign_token(TokenKind::Place, &place, now.plus_seconds(10)),
    ] {
        refused_everywhere(&ada, &token).await;
    }
    // What is right in every respect is taken.
    let place = Place {
        id: String::new(),
        token: ours.sign_token(TokenKind::Place, &place, now),
        state: String::new(),
        index: 0,
    };
    ada.try_status(&place).await.expect(200);
}

#[tokio::test]
async fn a_place_on_another_device_is_bound() {
    let world = World::new(slow()).await;
    let place = world.buyer().join().await.expect_new();
    let thief = world.buyer();
    let headers = [("Holdfast-Place", place.token.as_str())];
    for (method, rest) in ROUTES {
        thief.call(method, rest, &headers, None).await.expect_refusal(401, "pass_bound");
        let path = world.node.path(rest);
        let refused = world.node.call(method, &path, &headers, None).await;
        refused.expect_refusal(401, "pass_bound");
    }
    thief.join_again(&place).await.expect_refusal(401, "pass_bound");
}

#[tokio::test]
async fn a_broken_place_is_no_way_to_join() {
    let world = World::new(slow()).await;
    let ada = world.buyer();
    let place = ada.join().await.expect_new();
    let edited = Place { token: edited(&place.token, "idx", json!(9)), ..place };
    ada.join_again(&edited).await.expect_refusal(401, "token_invalid");
    assert_eq!(world.buyer().join().await.expect_new().index, 1);
}

#[tokio::test]
async fn a_broken_pass_beside_a_place_is_refused() {
    let world = World::new(brisk()).await;
    let people = world.people(2).await;
    world.open_line().await;
    let (ada, place) = &people[0];
    world.until_state(ada, place, "your_turn").await;
    let pass = ada.enter(place).await.expect_pass(201);
    let status = async |pass: &str| {
        let headers = [("Holdfast-Place", place.token.as_str()), ("Holdfast-Pass", pass)];
        ada.call("GET", "", &headers, None).await
    };
    for token in broken(&pass.token) {
        // No pass at all is none that is broken.
        if token.trim() != pass.token && !token.is_empty() {
            status(&token).await.expect_refusal(401, "token_invalid");
        }
    }
    status(&place.token).await.expect_refusal(401, "token_invalid");
    assert_eq!(ada.state_inside(place, &pass).await, "inside");
}

#[tokio::test]
async fn the_pass_of_another_place_does_not_make_one_inside() {
    let world = World::new(brisk()).await;
    let people = world.people(1).await;
    world.open_line().await;
    let (ada, place) = &people[0];
    world.until_state(ada, place, "your_turn").await;
    let pass = ada.enter(place).await.expect_pass(201);
    ada.leave(place).await.expect(204);
    world.act("pause", "").await.expect(200);
    let next = ada.join().await.expect_new();
    assert_eq!(ada.state_inside(&next, &pass).await, "waiting");
}
