//! Every page in every state that is worth looking at, one after the other.

use serde_json::json;

use crate::{
    steps::{
        Card, fill_details, go_on, join_line, make_order, pay, until_seats_are_live, until_tickets,
    },
    support::{Browser, Buyer, Look, Refusal, Stage, club, theatre, with_line},
};

/// Refusals that a visitor provokes on this tour.
pub const REFUSALS: [Refusal; 5] = [
    // Joining a line that is closed.
    Refusal { address: "/queue", status: 409 },
    // An event, an order and a page that there are not.
    Refusal { address: "/v1/events/nothing", status: 404 },
    Refusal { address: "/v1/orders/ord_", status: 404 },
    Refusal { address: "/nowhere", status: 404 },
    // A declined card.
    Refusal { address: "/confirm", status: 402 },
];

/// Shows each state to `visit` under its name, in a desktop's window; gives the browser back.
pub async fn tour(stage: &Stage, mut visit: impl AsyncFnMut(&Browser, &str)) -> Browser {
    let server = &stage.server;
    let evening = server.publish(theatre(json!({"slug": "evening"}))).await;
    let night = server.publish(club(json!({"slug": "night"}))).await;
    let drawn = server.publish(with_line(theatre(json!({"slug": "drawn"})))).await;
    let waiting = server.publish(with_line(theatre(json!({"slug": "waiting"})))).await;
    let closed = server.publish(with_line(theatre(json!({"slug": "closed"})))).await;
    stage.line(&waiting, "open").await;
    stage.line(&waiting, "pause").await;
    stage.line(&closed, "close").await;
    for _ in 0..3 {
        let path = format!("/v1/events/{waiting}/queue");
        Buyer::new(server).post(&path, &[], json!({})).await.expect(201);
    }
    // Others have been here: some seats are held, some are blocked.
    Buyer::new(server).hold(&evening, &["Stalls-A-1", "Stalls-A-2", "Stalls-D-6"]).await;
    let blocks = json!({"block": ["Balcony-A-1", "Balcony-A-2"]});
    server.organizer("POST", &format!("/v1/events/{evening}/blocks"), blocks, 200).await;
    let browser = stage.open(Look::DESKTOP).await;

    browser.go("/").await;
    browser.until_shown("#events a").await;
    visit(&browser, "events").await;
    lines(&browser, [&drawn, &waiting, &closed], &mut visit).await;
    browser.go(&format!("/events/{night}")).await;
    browser.until_shown("#areas-list .stepper").await;
    visit(&browser, "event-standing").await;
    browser.go(&format!("/events/{evening}")).await;
    browser.until_shown("#buy a[href$='/seats']").await;
    visit(&browser, "event").await;
    seats(&browser, &mut visit).await;
    order(stage, &browser, &mut visit).await;
    browser.go("/").await;
    browser.until_shown("#tickets a").await;
    visit(&browser, "events-with-tickets").await;
    cancelled(&browser, &night, &mut visit).await;
    for (path, name, words) in [
        ("/events/nothing", "event-unknown", "We do not find this event"),
        ("/orders/ord_0", "order-unknown", "We do not find this order"),
        ("/nowhere", "not-found", "This page does not exist"),
    ] {
        browser.go(path).await;
        browser.until_text("h1", words).await;
        visit(&browser, name).await;
    }
    browser
}

async fn lines(
    browser: &Browser,
    [drawn, waiting, closed]: [&str; 3],
    visit: &mut impl AsyncFnMut(&Browser, &str),
) {
    browser.go(&format!("/events/{drawn}")).await;
    browser.until_shown("#buy a[href$='/queue']").await;
    visit(browser, "event-with-line").await;
    join_line(browser, drawn).await;
    browser.until_text("#headline", "You are in the draw").await;
    visit(browser, "line-before-the-draw").await;
    join_line(browser, waiting).await;
    browser.until_text("#headline", "You are in line").await;
    browser.until_shown("#odds-list li").await;
    visit(browser, "line").await;
    browser.go(&format!("/events/{closed}/queue")).await;
    browser.until_text("#headline", "The waiting room is closed").await;
    visit(browser, "line-closed").await;
}

async fn seats(browser: &Browser, visit: &mut impl AsyncFnMut(&Browser, &str)) {
    browser.click("#buy a[href$='/seats']").await;
    browser.until_at("/seats").await;
    until_seats_are_live(browser).await;
    visit(browser, "seats").await;
    browser.click(".seat-list__zone").await;
    browser.click("[role='gridcell'][aria-label^='Row C, seat 4,']").await;
    browser.click("[role='gridcell'][aria-label^='Row C, seat 5,']").await;
    browser.click("#basket .basket__toggle").await;
    browser.until_shown("#basket .basket__list").await;
    visit(browser, "seats-chosen").await;
    browser.click("#basket button[data-key='next']").await;
    browser.until_shown("#basket a[data-key='next']").await;
    visit(browser, "seats-held").await;
}

async fn order(stage: &Stage, browser: &Browser, visit: &mut impl AsyncFnMut(&Browser, &str)) {
    go_on(browser).await;
    browser.click("#step form .button--primary").await;
    browser.until_text("#email-error", "e-mail").await;
    visit(browser, "order-details-incomplete").await;
    fill_details(browser).await;
    visit(browser, "order-details").await;
    make_order(browser).await;
    visit(browser, "order-payment").await;
    browser.click("#step .button--quiet").await;
    browser.until_shown("dialog[open]").await;
    visit(browser, "order-cancel-question").await;
    browser.click("dialog[open] button[autofocus]").await;
    pay(browser, Card::IsDeclined).await;
    browser.until_text("#payment-message", "declined").await;
    visit(browser, "order-declined").await;
    pay(browser, Card::AsksTheBank).await;
    browser.until_text("h1", "Test bank").await;
    visit(browser, "order-bank").await;
    stage.server.misbehave(json!({"payments": {"processing_ms": 15_000}})).await;
    browser.click("button[value='complete']").await;
    browser.until_text(".confirming", "Your seats are safe").await;
    visit(browser, "order-confirming").await;
    stage.server.misbehave(json!({"payments": {"processing_ms": 0}})).await;
    until_tickets(browser, 2).await;
    visit(browser, "order-tickets").await;
}

async fn cancelled(browser: &Browser, night: &str, visit: &mut impl AsyncFnMut(&Browser, &str)) {
    browser.go(&format!("/events/{night}")).await;
    browser.click("#areas-list .stepper__button:last-child").await;
    browser.click("#areas-list .button--primary").await;
    browser.until_at("/orders/new").await;
    fill_details(browser).await;
    make_order(browser).await;
    browser.click("#step .button--quiet").await;
    browser.click("dialog[open] .button--danger").await;
    browser.until_text("h1", "This order has ended").await;
    visit(browser, "order-cancelled").await;
}
