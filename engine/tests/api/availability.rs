//! What is free, in numbers and seat by seat.

use serde_json::json;

use crate::support::{Sale, event};

#[tokio::test]
async fn availability_counts_seats_and_places_by_category_and_area() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let free = sale.availability(&id).await;
    assert_eq!((&free["total"], &free["free"]), (&json!(40), &json!(40)));

    let buyer = sale.buyer();
    buyer.hold(&id, &["A-1", "A-2"]).await;
    buyer.hold_places(&id, 3).await;
    let held = sale.availability(&id).await;
    assert_eq!(held["epoch"], free["epoch"]);
    assert!(held["version"].as_u64() > free["version"].as_u64());
    let stalls = json!({"total": 20, "free": 18, "held": 2, "sold": 0, "blocked": 0});
    let floor = json!({"total": 20, "free": 17, "held": 3, "sold": 0, "blocked": 0});
    assert_eq!(held["categories"], json!({"Stalls": stalls, "Floor": floor}));
    assert_eq!(held["areas"], json!({"Standing": floor}));
    assert_eq!(sale.counts(&id).await, [35, 5, 0, 0]);
}

#[tokio::test]
async fn seats_are_told_by_label() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    sale.buyer().hold(&id, &["B-3"]).await;
    let seats = sale.get(&format!("/v1/events/{id}/seats")).await.expect(200);
    let states = seats["states"].as_object().expect("a map");
    assert_eq!(states.len(), 20);
    assert_eq!((&states["B-3"], &states["B-4"]), (&json!("held"), &json!("free")));
    let availability = sale.availability(&id).await;
    assert_eq!(
        (&seats["epoch"], &seats["version"]),
        (&availability["epoch"], &availability["version"])
    );
}

#[tokio::test]
async fn seats_are_told_as_a_packed_snapshot() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({"prices": {"Stalls": 0, "Floor": 0}}))).await;
    let buyer = sale.buyer();
    buyer.hold(&id, &["A-2"]).await;
    buyer.order(&buyer.hold(&id, &["A-3"]).await).await;
    let path = format!("/v1/events/{id}/blocks");
    sale.organizer("POST", &path, json!({"block": ["A-4"]})).await.expect(200);

    let path = format!("/v1/events/{id}/seats");
    let accept = [("Accept", "application/octet-stream")];
    let answer = sale.call("GET", &path, &accept, None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    let told = sale.availability(&id).await;
    let (epoch, version) = (told["epoch"].as_u64().unwrap(), told["version"].as_u64().unwrap());
    assert!(version < 128, "one byte of varint");
    let mut expected = vec![1, 0, 0, 0];
    expected.extend((epoch as u32).to_le_bytes());
    expected.extend([version as u8, 20, 0]);
    // A-1 free, A-2 held, A-3 sold, A-4 blocked: lowest bits first.
    expected.extend([0b11_10_01_00, 0, 0, 0, 0]);
    assert_eq!(answer.bytes, expected);
}
