//! What RFC 6455 asks of a server.

use seatmap_ws::close::{INVALID_TEXT, NORMAL, PROTOCOL_ERROR};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::support::{House, Place, Plan, Told};

async fn house() -> House {
    House::open(Place::in_process(), Plan::zones(&[8])).await
}

#[tokio::test]
async fn frames_that_break_the_protocol_are_answered_with_1002() {
    let house = house().await;
    let long_ping = [&[0x89, 0xfe, 0, 126, 0, 0, 0, 0][..], &[0; 126]].concat();
    for (what, bytes) in [
        ("an unmasked frame", &[0x82, 0x01, 0x00][..]),
        ("a reserved bit", &[0xc2, 0x80, 0, 0, 0, 0]),
        ("a reserved opcode", &[0x83, 0x80, 0, 0, 0, 0]),
        ("a continuation of nothing", &[0x80, 0x80, 0, 0, 0, 0]),
        ("a bad close code", &[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed]),
        ("a long ping", &long_ping),
    ] {
        let mut viewer = house.opening().open().await;
        viewer.send_raw(bytes).await;
        assert_eq!(viewer.closed().await.0, PROTOCOL_ERROR, "{what}");
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_is_answered_with_1007() {
    let house = house().await;
    let mut viewer = house.opening().open().await;
    viewer.send_raw(&[0x81, 0x81, 0, 0, 0, 0, 0xff]).await;
    assert_eq!(viewer.closed().await.0, INVALID_TEXT);
}

#[tokio::test]
async fn a_ping_is_answered_with_its_payload() {
    let house = house().await;
    let mut viewer = house.opening().open().await;
    viewer.send(Message::Ping(b"are you there".to_vec().into())).await;
    assert_eq!(viewer.pong().await, b"are you there");
}

#[tokio::test]
async fn a_close_is_answered_with_its_code() {
    let house = house().await;
    let mut viewer = house.opening().open().await;
    let close = CloseFrame { code: CloseCode::Normal, reason: "bye".into() };
    viewer.send(Message::Close(Some(close))).await;
    assert_eq!(viewer.closed().await.0, NORMAL);
}

#[tokio::test]
async fn what_a_client_says_changes_nothing() {
    let house = house().await;
    let mut viewer = house.opening().open().await;
    viewer.news().await;
    viewer.send(Message::text(r#"{"subscribe":"orders"}"#)).await;
    viewer.send(Message::binary(vec![3, 1, 4])).await;
    house.hold(&[2]).await;
    assert!(matches!(viewer.news().await, Told::Delta { .. }));
}

#[tokio::test]
async fn the_subprotocol_that_was_offered_and_is_spoken_is_named() {
    let house = house().await;
    let named = |viewer: &crate::support::Viewer| {
        let value = viewer.answer.headers().get("sec-websocket-protocol");
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let viewer = house.opening().json().open().await;
    assert_eq!(named(&viewer).as_deref(), Some("holdfast.json.v1"));
    let both = "holdfast.v9, holdfast.bin.v1, holdfast.json.v1";
    let viewer = house.opening().header("sec-websocket-protocol", both).open().await;
    assert_eq!(named(&viewer).as_deref(), Some("holdfast.bin.v1"));
    assert_eq!(named(&house.opening().open().await), None);
    let refusal = house.opening().header("sec-websocket-protocol", "graphql-ws").refused().await;
    assert_eq!((refusal.0, refusal.1.as_str()), (400, "malformed_upgrade"));
}

#[tokio::test]
async fn compression_is_not_negotiated() {
    let house = house().await;
    let offer = "permessage-deflate; client_max_window_bits";
    let viewer = house.opening().header("sec-websocket-extensions", offer).open().await;
    assert!(!viewer.answer.headers().contains_key("sec-websocket-extensions"));
}

#[tokio::test]
async fn what_is_no_upgrade_is_told_to_be_one() {
    let house = house().await;
    let refusal = house.opening().header("sec-websocket-version", "8").refused().await;
    assert_eq!((refusal.0, refusal.1.as_str()), (426, "upgrade_required"));
    let refusal = house.opening().header("sec-websocket-key", "short").refused().await;
    assert_eq!((refusal.0, refusal.1.as_str()), (400, "malformed_upgrade"));
    let refusal = house.opening().header("upgrade", "h2c").refused().await;
    assert_eq!((refusal.0, refusal.1.as_str()), (426, "upgrade_required"));
}
