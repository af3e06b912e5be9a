//! Tickets, their codes and images.

use domain::ticket::{TicketCode, TicketKey, TicketPlace};
use platform::{Keys, Secret};
use serde_json::json;

use crate::support::{Sale, event, text_of};

#[tokio::test]
async fn a_ticket_s_code_is_signed_and_names_seat_and_event() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({"prices": {"Stalls": 0, "Floor": 0}}))).await;
    let buyer = sale.buyer();
    let order = buyer.order(&buyer.hold(&id, &["A-1"]).await).await;
    let ticket = buyer.tickets(&order).await.remove(0);
    assert!(text_of(&ticket, "id").starts_with("tkt_"));
    assert_eq!((&ticket["order_id"], &ticket["event_id"]), (&json!(order.id), &json!(id)));
    assert_eq!((&ticket["seat"], ticket.get("area")), (&json!("A-1"), None));
    assert_eq!((&ticket["category"], &ticket["holder"]), (&json!("Stalls"), &json!("Ada")));

    let keys = Keys::new(&[Secret::new(crate::support::SIGNING_KEY)]).expect("keys");
    let gate = TicketKey::from_seed(keys.ticket_seeds()[0]).public();
    let read = gate.verify(&text_of(&ticket, "code")).expect("a code of ours");
    let expected = TicketCode {
        event: id.parse().expect("an id"),
        ticket: text_of(&ticket, "id").parse().expect("an id"),
        place: TicketPlace::Seat("A-1".to_owned()),
        category: "Stalls".to_owned(),
    };
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_ticket_is_read_and_drawn_by_the_owner_of_its_order() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({"prices": {"Stalls": 0, "Floor": 0}}))).await;
    let buyer = sale.buyer();
    let order = buyer.order(&buyer.hold(&id, &["A-1"]).await).await;
    let listed = buyer.tickets(&order).await.remove(0);
    let path = format!("/v1/tickets/{}", text_of(&listed, "id"));
    let owner = [("Holdfast-Order", order.token.as_str())];
    assert_eq!(sale.call("GET", &path, &owner, None).await.expect(200), listed);

    let by_header = sale.call("GET", &format!("{path}.svg"), &owner, None).await;
    assert_eq!((by_header.status, by_header.header("content-type")), (200, "image/svg+xml"));
    assert!(String::from_utf8_lossy(&by_header.bytes).contains("<svg"));
    let by_query = sale.get(&format!("{path}.svg?token={}", order.token)).await;
    assert_eq!(by_query.bytes, by_header.bytes);
    // A token in an address is taken for the image only.
    let by_query = sale.get(&format!("{path}?token={}", order.token)).await;
    by_query.expect_refusal(404, "unknown_ticket");

    let other = buyer.order(&buyer.hold(&id, &["A-2"]).await).await;
    let others = [("Holdfast-Order", other.token.as_str())];
    for path in [path.clone(), format!("{path}.svg"), format!("{path}.pdf"), "/v1/tickets/x".into()]
    {
        let refused = sale.call("GET", &path, &others, None).await;
        refused.expect_refusal(404, "unknown_ticket");
    }
}
