//! Who may do what: every route of the role, and every way of not being allowed.

use serde_json::{Value, json};

use crate::support::{Answer, Sale, event, text_of};

/// How a route is guarded.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Guard {
    Everybody,
    Organizer,
    Hold,
    Order,
    /// The order's token, for its ticket.
    Ticket,
}

/// Every route of the document, with its guard.
const ROUTES: [(&str, &str, Guard); 21] = [
    ("GET", "/v1/events", Guard::Everybody),
    ("POST", "/v1/events", Guard::Organizer),
    ("GET", "/v1/events/{event}", Guard::Everybody),
    ("PATCH", "/v1/events/{event}", Guard::Organizer),
    ("POST", "/v1/events/{event}/publish", Guard::Organizer),
    ("POST", "/v1/events/{event}/cancel", Guard::Organizer),
    ("POST", "/v1/events/{event}/blocks", Guard::Organizer),
    ("GET", "/v1/events/{event}/chart", Guard::Everybody),
    ("GET", "/v1/events/{event}/availability", Guard::Everybody),
    ("GET", "/v1/events/{event}/seats", Guard::Everybody),
    ("POST", "/v1/events/{event}/holds", Guard::Everybody),
    ("GET", "/v1/holds/{hold}", Guard::Hold),
    ("PATCH", "/v1/holds/{hold}", Guard::Hold),
    ("DELETE", "/v1/holds/{hold}", Guard::Hold),
    ("POST", "/v1/holds/{hold}/extend", Guard::Hold),
    ("POST", "/v1/orders", Guard::Hold),
    ("GET", "/v1/orders/{order}", Guard::Order),
    ("POST", "/v1/orders/{order}/cancel", Guard::Order),
    ("GET", "/v1/orders/{order}/tickets", Guard::Order),
    ("GET", "/v1/tickets/{ticket}", Guard::Ticket),
    ("GET", "/v1/tickets/{ticket}.svg", Guard::Ticket),
];

/// Somebody's hold, order and ticket.
struct Property {
    event: String,
    hold: String,
    hold_token: String,
    order: String,
    order_token: String,
    ticket: String,
}

async fn property(sale: &Sale, event: &str, seats: [&str; 2]) -> Property {
    let buyer = sale.buyer();
    let order = buyer.order(&buyer.hold(event, &seats[..1]).await).await;
    let hold = buyer.hold(event, &seats[1..]).await;
    let ticket = buyer.tickets(&order).await.remove(0);
    Property {
        event: event.to_owned(),
        hold: hold.id,
        hold_token: hold.token,
        order: order.id,
        order_token: order.token,
        ticket: text_of(&ticket, "id"),
    }
}

impl Property {
    fn path(&self, route: &str) -> String {
        route
            .replace("{event}", &self.event)
            .replace("{hold}", &self.hold)
            .replace("{order}", &self.order)
            .replace("{ticket}", &self.ticket)
    }

    /// A body that would do, so that only the owner is missing.
    fn body(&self, method: &str, route: &str) -> Option<Value> {
        match (method, route) {
            ("GET", _) => None,
            ("POST", "/v1/events") => Some(event(json!({}))),
            ("PATCH", "/v1/events/{event}") => Some(json!({"name": "Theirs"})),
            (_, "/v1/events/{event}/blocks") => Some(json!({"block": ["B-9"]})),
            (_, "/v1/events/{event}/holds") => Some(json!({"seats": ["B-9"]})),
            ("PATCH", "/v1/holds/{hold}") => Some(json!({"add": ["B-9"]})),
            ("POST", "/v1/orders") => {
                Some(json!({"hold_id": self.hold, "email": "thief@example.org"}))
            }
            _ => Some(json!({})),
        }
    }

    async fn call(&self, sale: &Sale, method: &str, route: &str, owner: &[(&str, &str)]) -> Answer {
        let mut headers = vec![("Idempotency-Key", "a key of twenty-two characters or more")];
        headers.extend_from_slice(owner);
        sale.call(method, &self.path(route), &headers, self.body(method, route)).await
    }
}

#[test]
fn the_table_names_every_route_of_the_document() {
    let document = serde_json::to_value(engine::openapi()).expect("JSON");
    let mut documented = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for method in operations.as_object().expect("operations").keys() {
            documented.push((method.to_uppercase(), path.clone()));
        }
    }
    let mut named: Vec<_> =
        ROUTES.iter().map(|(method, path, _)| (method.to_string(), path.to_string())).collect();
    documented.sort();
    named.sort();
    assert_eq!(documented, named);
}

#[tokio::test]
async fn only_the_organiser_manages_events() {
    let sale = Sale::new().await;
    let event = sale.publish(event(json!({"prices": {"Stalls": 0, "Floor": 0}}))).await;
    let mine = property(&sale, &event, ["A-1", "A-2"]).await;
    let before =
        (sale.availability(&event).await, sale.get(&mine.path("/v1/events/{event}")).await.body);
    for (method, route, _) in ROUTES.iter().filter(|route| route.2 == Guard::Organizer) {
        for token in
            ["", "Bearer", "Bearer ", "Bearer wrong", "Basic b3JnYW5pc2Vy", &mine.order_token]
        {
            let refused = mine.call(&sale, method, route, &[("Authorization", token)]).await;
            refused.expect_refusal(401, "token_invalid");
        }
        mine.call(&sale, method, route, &[]).await.expect_refusal(401, "token_invalid");
    }
    let after =
        (sale.availability(&event).await, sale.get(&mine.path("/v1/events/{event}")).await.body);
    assert_eq!(before, after);
}

#[tokio::test]
async fn another_s_property_looks_like_nothing_at_all() {
    let sale = Sale::new().await;
    let event = sale.publish(event(json!({"prices": {"Stalls": 0, "Floor": 0}}))).await;
    let mine = property(&sale, &event, ["A-1", "A-2"]).await;
    let theirs = property(&sale, &event, ["A-3", "A-4"]).await;
    let mut unknown = property(&sale, &event, ["A-5", "A-6"]).await;
    // Well-formed ids that nobody has.
    unknown.hold = change_last(&unknown.hold);
    unknown.order = change_last(&unknown.order);
    unknown.ticket = change_last(&unknown.ticket);
    let before = sale.availability(&event).await;

    for (method, route, guard) in ROUTES {
        let (header, own, other, code) = match guard {
            Guard::Everybody | Guard::Organizer => continue,
            Guard::Hold => ("Holdfast-Hold", &mine.hold_token, &theirs.hold_token, "unknown_hold"),
            Guard::Order => {
                ("Holdfast-Order", &mine.order_token, &theirs.order_token, "unknown_order")
            }
            Guard::Ticket => {
                ("Holdfast-Order", &mine.order_token, &theirs.order_token, "unknown_ticket")
            }
        };
        let expected = unknown.call(&sale, method, route, &[(header, own)]).await;
        let expected = expected.expect_refusal(404, code);
        for owner in [
            vec![],
            vec![(header, "")],
            vec![(header, "x")],
            vec![(header, other.as_str())],
            vec![("Holdfast-Device", other.as_str())],
        ] {
            let refused = mine.call(&sale, method, route, &owner).await.expect_refusal(404, code);
            assert_eq!(refused, expected, "{method} {route}");
        }
        let malformed = Property {
            hold: "hld_x".into(),
            order: "1".into(),
            ticket: "%00".into(),
            ..clone(&mine)
        };
        let refused = malformed.call(&sale, method, route, &[(header, own)]).await;
        assert_eq!(refused.expect_refusal(404, code), expected, "{method} {route}");
    }
    assert_eq!(sale.availability(&event).await, before);
}

#[tokio::test]
async fn the_owner_may() {
    let sale = Sale::new().await;
    let event = sale.publish(event(json!({"prices": {"Stalls": 0, "Floor": 0}}))).await;
    let mine = property(&sale, &event, ["A-1", "A-2"]).await;
    for (method, route, guard) in ROUTES {
        let owner = match guard {
            Guard::Everybody => vec![],
            Guard::Organizer => continue,
            Guard::Hold => vec![("Holdfast-Hold", mine.hold_token.as_str())],
            Guard::Order | Guard::Ticket => vec![("Holdfast-Order", mine.order_token.as_str())],
        };
        let answer = mine.call(&sale, method, route, &owner).await;
        assert!(![401, 403, 404, 405].contains(&answer.status), "{method} {route} {}", answer.body);
    }
}

#[tokio::test]
async fn other_methods_and_odd_paths_lead_nowhere() {
    let sale = Sale::new().await;
    let event = sale.publish(event(json!({}))).await;
    for (method, path) in [("DELETE", "/v1/events"), ("PUT", "/v1/orders"), ("GET", "/v1/orders")] {
        sale.call(method, path, &[], None).await.expect_refusal(405, "method_not_allowed");
    }
    for path in [
        "/v1/events/".to_owned(),
        format!("/v1//events/{event}"),
        format!("/v1/events/{event}/"),
        format!("/V1/events/{event}"),
        "/v1/admin".to_owned(),
        "/".to_owned(),
    ] {
        sale.get(&path).await.expect_refusal(404, "unknown_route");
    }
}

fn change_last(id: &str) -> String {
    let (rest, last) = id.split_at(id.len() - 6);
    let other: String = last.chars().map(|c| if c == 'g' { 'h' } else { 'g' }).collect();
    format!("{rest}{other}")
}

fn clone(property: &Property) -> Property {
    Property {
        event: property.event.clone(),
        hold: property.hold.clone(),
        hold_token: property.hold_token.clone(),
        order: property.order.clone(),
        order_token: property.order_token.clone(),
        ticket: property.ticket.clone(),
    }
}
