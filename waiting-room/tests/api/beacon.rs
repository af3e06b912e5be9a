//! The beacon of a draw: a round that is named before it exists, and that no other replaces.

use std::sync::Arc;

use domain::{
    queue::{
        Lane, Place as LanePlace,
        draw::{Draw, Hex, Tamper, Witness, verify_draw},
    },
    time::Timestamp,
};
use ledger::{LinePhase, NewAct, SetPhase};
use platform::SystemClock;
use serde_json::{Value, json};
use testkit::BeaconServer;
use waiting_room::WaitingRoomSettings;

use crate::support::{Buyer, Place, Stores, World, in_every_place, slow, text_of};

in_every_place! {
    a_draw_that_was_cut_takes_the_round_that_was_named_before
    entries_that_were_closed_are_drawn_whatever_the_store_forgot
    a_line_that_was_forgotten_before_its_entries_were_closed_is_drawn_with_everybody
}

/// The beacon's period, and how long a draw waits for what is due.
const PERIOD_MS: i64 = 3_000;
const PATIENCE_MS: i64 = 10_000;

/// An event whose draw has a beacon, and so many people in it.
struct Drawing {
    world: World,
    beacon: BeaconServer,
}

impl Drawing {
    async fn of(stores: Stores) -> Self {
        // The HTTP client wants one, also for plain HTTP; a second call is refused and harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let beacon = BeaconServer::start(Arc::new(SystemClock));
        let settings = WaitingRoomSettings {
            proof_of_work: false,
            draw_beacon: Some(format!("{}/", beacon.url())),
            payments_per_minute: None,
        };
        let world = World::with(stores, slow(), settings).await;
        // Its rounds come by the clock of the processes.
        beacon.be_honest(world.clock.shared());
        Self { world, beacon }
    }

    /// Says that the entries are to be closed, and nothing more.
    async fn begin(&self) {
        let act = NewAct { kind: "open".to_owned(), reason: "doors".to_owned(), detail: None };
        let (event, from) = (&self.world.event.id, [LinePhase::Early]);
        self.world.node.follow().await;
        let begun = self.world.ledger.ensure_line(event, platform::random::bytes()).await;
        begun.expect("a line");
        let set = self.world.ledger.set_phase(event, None, &from, LinePhase::Drawing, act).await;
        assert!(matches!(set, Ok(SetPhase::Set(_))), "{set:?}");
    }

    async fn draw(&self) -> Value {
        self.world.node.follow().await;
        self.world.node.get("/draw").await.expect(200)
    }

    /// The round that is told to everybody while the draw is being held.
    async fn named(&self) -> u64 {
        let told = self.draw().await;
        assert_eq!(told["closed"]["beacon"]["source"], self.beacon.url(), "{told}");
        told["closed"]["beacon"]["round"].as_u64().expect("a round")
    }

    /// Steps of the leader until the draw is published.
    async fn held(&self) -> Draw {
        let drawn = async || {
            let told = self.draw().await;
            told.get("seed").is_some().then_some(told)
        };
        let told = self.world.until("the draw", drawn).await;
        let draw: Draw = serde_json::from_value(told).expect("a draw");
        let witness = Witness { event: Some(&self.world.event.id), ..Witness::default() };
        verify_draw(&draw, witness).map_err(Tamper::part).expect("a good draw");
        draw
    }
}

async fn assert_positions_are_those_of(draw: &Draw, people: &[(Buyer<'_>, Place)]) {
    let mut taken = Vec::new();
    for (buyer, place) in people {
        let lane = Lane::General;
        let index = place.index;
        let position = draw.order().position(LanePlace { lane, index });
        assert_eq!(buyer.position(place).await, Some(position + 1));
        taken.push(position);
    }
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), people.len(), "each has a position of their own");
}

#[tokio::test]
async fn the_round_named_at_the_closing_is_taken_though_newer_ones_are_there() {
    let drawing = Drawing::of(Stores::in_process()).await;
    let world = &drawing.world;
    let people = world.people(8).await;
    let before = drawing.draw().await;
    assert_eq!(before.as_object().map(serde_json::Map::len), Some(1), "{before}");
    drawing.begin().await;
    world.node.lead().await;

    let told = drawing.draw().await;
    let round = drawing.named().await;
    assert_eq!((&told["commitment"], told.get("seed")), (&before["commitment"], None));
    assert_eq!(told["closed"]["size"], 8);
    let (closed_at, at) = (&told["closed"]["at"], &told["closed"]["beacon"]["at"]);
    let time = |value: &Value| serde_json::from_value::<Timestamp>(value.clone()).expect("a time");
    let waits = time(at).as_millis() - time(closed_at).as_millis();
    assert!((PERIOD_MS..=2 * PERIOD_MS).contains(&waits), "{waits} ms");
    let (ada, place) = &people[0];
    assert_eq!(ada.state(place).await, "early", "nobody stands anywhere yet");
    world.node.lead().await;
    assert_eq!(drawing.beacon.asked(), ["/info"], "the round does not exist yet");
    let late = world.buyer().join().await.expect_new();

    world.advance_millis(3_600_000);
    let draw = drawing.held().await;
    let beacon = draw.beacon.clone().expect("a beacon");
    assert_eq!((beacon.round, beacon.source), (round, drawing.beacon.url()));
    assert_eq!(hex(&beacon.randomness), BeaconServer::randomness(round));
    assert_eq!(drawing.beacon.asked(), ["/info".to_owned(), format!("/public/{round}")]);
    assert_eq!(json!(draw.commitment), before["commitment"]);
    assert_eq!((json!(draw.root), draw.size), (told["closed"]["root"].clone(), 8));
    assert_eq!((late.index, draw.beacon_missed.clone()), (8, None));
    assert_positions_are_those_of(&draw, &people).await;
    world.assert_ledger_is_clean().await;
}

fn hex(bytes: &[u8]) -> String {
    Hex::<32>(bytes.try_into().expect("32 bytes")).to_string()
}

/// By the path that was asked for.
type Answers = fn(&str) -> Option<Vec<u8>>;

/// What a beacon may say instead of the round that it was asked for.
fn bad_answers() -> Vec<(&'static str, Answers)> {
    vec![
        ("another round", |path| {
            let number = path.strip_prefix("/public/")?.parse::<u64>().ok()?;
            Some(BeaconServer::round(number + 1))
        }),
        ("no hexadecimal text", |path| said(path, &"z".repeat(64))),
        ("too short a value", |path| said(path, &"a".repeat(62))),
        ("too long a value", |path| said(path, &"a".repeat(512))),
        ("too long an answer", |path| said(path, &"a".repeat(100_000))),
        ("a redirection", |_| {
            let answer =
                "HTTP/1.1 302 Found\r\nLocation: /public/latest\r\nContent-Length: 0\r\n\r\n";
            Some(answer.as_bytes().to_vec())
        }),
        ("an error", |_| Some(BeaconServer::answer("500 Internal Server Error", "{}"))),
        ("no JSON", |_| Some(BeaconServer::answer("200 OK", "<html>"))),
        ("half an answer", |_| Some(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_vec())),
        ("nothing", |_| None),
    ]
}

fn said(path: &str, randomness: &str) -> Option<Vec<u8>> {
    let round = path.strip_prefix("/public/")?;
    let body = format!(r#"{{"round":{round},"randomness":"{randomness}"}}"#);
    Some(BeaconServer::answer("200 OK", &body))
}

#[tokio::test]
async fn a_beacon_that_fails_or_lies_is_left_out_and_the_draw_says_so() {
    for (what, answers) in bad_answers() {
        let drawing = Drawing::of(Stores::in_process()).await;
        let world = &drawing.world;
        let people = world.people(5).await;
        drawing.begin().await;
        world.node.lead().await;
        let round = drawing.named().await;
        drawing.beacon.answer_with(answers);
        world.advance_millis(2 * PERIOD_MS);
        world.node.lead().await;
        assert_eq!(drawing.draw().await.get("seed"), None, "{what}: it is asked again");
        world.advance_millis(PATIENCE_MS);
        world.node.lead().await;

        let draw = drawing.held().await;
        let missed = draw.beacon_missed.clone().expect("a word about the beacon");
        assert_eq!((draw.beacon.clone(), missed.round), (None, Some(round)), "{what}");
        assert_eq!(missed.source, drawing.beacon.url(), "{what}");
        assert_positions_are_those_of(&draw, &people).await;
        let asked = drawing.beacon.asked();
        assert!(!asked.iter().any(|path| path.ends_with("latest")), "{what}: {asked:?}");
    }
}

#[tokio::test]
async fn a_beacon_that_names_no_rounds_is_left_out_and_the_draw_says_so() {
    let chains = [
        r#"{"period":3}"#,
        r#"{"period":0,"genesis_time":1}"#,
        r#"{"period":3,"genesis_time":99999999999}"#,
        r#"{"period":3600,"genesis_time":1}"#,
        r#"{"period":3,"genesis_time":1e99}"#,
        "",
    ];
    for chain in chains {
        let drawing = Drawing::of(Stores::in_process()).await;
        drawing.world.people(3).await;
        drawing.beacon.answer_with(move |_| Some(BeaconServer::answer("200 OK", chain)));
        drawing.begin().await;
        drawing.world.node.lead().await;
        let told = drawing.draw().await;
        assert_eq!((told.get("seed"), &told["closed"]["beacon"]), (None, &Value::Null), "{chain}");
        drawing.world.advance_millis(PATIENCE_MS + 1);
        let draw = drawing.held().await;
        let missed = draw.beacon_missed.expect("a word about the beacon");
        assert_eq!((draw.beacon, missed.round), (None, None), "{chain}");
    }
}

#[tokio::test]
async fn a_beacon_that_comes_back_in_time_is_taken() {
    let drawing = Drawing::of(Stores::in_process()).await;
    let world = &drawing.world;
    drawing.beacon.answer_with(|_| Some(BeaconServer::answer("503 Service Unavailable", "")));
    drawing.begin().await;
    world.node.lead().await;
    drawing.beacon.be_honest(world.clock.shared());
    world.round().await;
    let round = drawing.named().await;
    let told = drawing.beacon.asked().len();
    drawing.beacon.answer_with(|_| Some(BeaconServer::answer("503 Service Unavailable", "")));
    world.advance_millis(2 * PERIOD_MS);
    world.node.lead().await;
    assert!(drawing.beacon.asked().len() > told);
    drawing.beacon.be_honest(world.clock.shared());
    assert_eq!(drawing.held().await.beacon.expect("a beacon").round, round);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_make_the_sale_wait_for_it() {
    let drawing = Drawing::of(Stores::in_process()).await;
    drawing.begin().await;
    drawing.world.node.lead().await;
    let round = drawing.named().await;
    drawing.world.advance_millis(-3_600_000);
    let draw = drawing.held().await;
    let missed = draw.beacon_missed.map(|missed| missed.round);
    assert!(missed == Some(Some(round)) || draw.beacon.is_some_and(|told| told.round == round));
}

async fn a_draw_that_was_cut_takes_the_round_that_was_named_before(stores: Stores) {
    let drawing = Drawing::of(stores).await;
    let world = &drawing.world;
    let people = world.people(6).await;
    drawing.begin().await;
    world.node.lead().await;
    let (round, told) = (drawing.named().await, drawing.draw().await);

    // Whoever led is gone, and the chain says something else to the next one.
    world.advance_millis(3_600_000);
    drawing.beacon.answer_with(|path| match path {
        "/info" => Some(BeaconServer::answer("200 OK", r#"{"period":30,"genesis_time":1}"#)),
        _ => Some(BeaconServer::round(path.strip_prefix("/public/")?.parse().ok()?)),
    });
    let heir = world.another_node();
    let drawn = async || {
        let told = heir.get("/draw").await.expect(200);
        told.get("seed").is_some().then_some(told)
    };
    let held = world.until_of(&[&heir], "the heir's draw", drawn).await;
    assert_eq!(held["beacon"]["round"], round);
    assert_eq!(text_of(&held["beacon"], "randomness"), BeaconServer::randomness(round));
    assert_eq!((&held["root"], &held["size"]), (&told["closed"]["root"], &told["closed"]["size"]));
    let draw: Draw = serde_json::from_value(held).expect("a draw");
    world.node.follow().await;
    assert_positions_are_those_of(&draw, &people).await;
    assert_eq!(drawing.held().await, draw, "the first process tells the same");
    world.assert_ledger_is_clean().await;
}

async fn entries_that_were_closed_are_drawn_whatever_the_store_forgot(stores: Stores) {
    let drawing = Drawing::of(stores).await;
    let world = &drawing.world;
    let people = world.people(6).await;
    drawing.begin().await;
    world.node.lead().await;
    let told = drawing.draw().await;
    world.lose_everything();
    world.rounds(2).await;
    assert!(world.buyer().join().await.expect_new().index >= 6, "behind the draw");
    world.advance_millis(2 * PERIOD_MS);
    let draw = drawing.held().await;
    assert_eq!((json!(draw.root), draw.size), (told["closed"]["root"].clone(), 6));
    assert_positions_are_those_of(&draw, &people).await;
    world.assert_ledger_is_clean().await;
}

async fn a_line_that_was_forgotten_before_its_entries_were_closed_is_drawn_with_everybody(
    stores: Stores,
) {
    let drawing = Drawing::of(stores).await;
    let world = &drawing.world;
    let people = world.people(6).await;
    drawing.begin().await;
    world.lose_everything();
    world.node.follow().await;
    world.node.lead().await;
    world.advance_millis(2 * PERIOD_MS);
    let draw = drawing.held().await;
    assert!(draw.size >= 6, "{}", draw.size);
    assert_positions_are_those_of(&draw, &people).await;
    world.assert_ledger_is_clean().await;
}
