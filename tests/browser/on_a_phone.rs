//! On a phone, by one finger: best available, a declined card, and a refresh in every step.

use serde_json::{Value, json};

use crate::{
    steps::{
        Card, assert_sold, fill_details, go_on, join_line, kept_place, make_order, pay,
        until_let_in, until_seats_are_live, until_tickets,
    },
    support::{Browser, Look, Refusal, Stage, theatre, with_line},
};

/// JavaScript: the chosen or held seats that the bar at the bottom counts.
const COUNT: &str = "document.querySelector('.basket__count')?.innerText";

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_on_a_phone_keeps_everything_through_a_refresh_in_every_step() {
    let stage = Stage::start().await;
    let event = stage.server.publish(with_line(theatre(json!({})))).await;
    let browser = stage.open(Look::PHONE).await;

    // In the draw.
    join_line(&browser, &event).await;
    browser.until_text("#headline", "You are in the draw").await;
    let place = browser.value(kept_place()).await;
    browser.refresh().await;
    browser.until_text("#headline", "You are in the draw").await;
    assert_eq!(browser.value(kept_place()).await, place);
    stage.line(&event, "open").await;
    until_let_in(&browser).await;

    // Seats chosen, by name in the list.
    browser.click("#tab-list").await;
    browser.click(".seat-list__zone").await;
    browser.click("[role='gridcell'][aria-label^='Row C, seat 4,']").await;
    browser.until("one seat chosen", &format!("{COUNT} === '1 place'")).await;
    browser.refresh().await;
    until_seats_are_live(&browser).await;
    browser.until("the chosen seat again", &format!("{COUNT} === '1 place'")).await;
    open_basket(&browser).await;
    browser.until_text("#basket", "Stalls, row C, seat 4").await;
    browser.click("#basket .basket__remove").await;

    // Seats held, the best three.
    browser.click("#tab-best").await;
    browser.click("#best .stepper__button:last-child").await;
    browser.until_text("#best button[type='submit']", "3 seats").await;
    browser.click("#best button[type='submit']").await;
    browser.until_shown("#basket a[data-key='next']").await;
    let seats = held_seats(&browser).await;
    assert_eq!(seats.as_array().expect("labels").len(), 3);
    browser.refresh().await;
    until_seats_are_live(&browser).await;
    browser.until("three seats held", &format!("{COUNT} === '3 places'")).await;
    browser.until_shown("#basket .countdown").await;
    go_on(&browser).await;

    // The form.
    fill_details(&browser).await;
    browser.refresh().await;
    browser.until_shown("#email").await;
    assert_eq!(browser.value("document.querySelector('#email').value").await, "buyer@example.org");
    assert_eq!(browser.value("document.querySelector('#name').value").await, "Kim Buyer");
    browser
        .until("the held seats", "document.querySelectorAll('#summary tbody tr').length === 3")
        .await;
    make_order(&browser).await;
    let order = browser.value("location.pathname").await;

    // The card form, before and after a decline.
    browser.refresh().await;
    browser.until_shown("#pay").await;
    pay(&browser, Card::IsDeclined).await;
    browser.until_text("#payment-message", "declined").await;
    browser.refresh().await;
    browser.until_text("#payment-message", "declined").await;
    assert_eq!(browser.value("location.pathname").await, order);

    // Paid, and the bank takes its time.
    stage.server.misbehave(json!({"payments": {"processing_ms": 8000}})).await;
    pay(&browser, Card::Pays).await;
    browser.until_shown(".confirming").await;
    browser.refresh().await;
    browser.until_shown(".confirming").await;

    // The tickets.
    until_tickets(&browser, 3).await;
    browser.refresh().await;
    until_tickets(&browser, 3).await;
    browser.go("/").await;
    browser.click("#tickets a").await;
    until_tickets(&browser, 3).await;

    assert_sold(&stage.server, &event, 3).await;
    // A declined card is a refused request to the payment provider.
    browser.finish(&[Refusal { address: "/confirm", status: 402 }]).await;
}

/// The bar at the bottom shows each place.
async fn open_basket(browser: &Browser) {
    let is_open = "document.querySelector('.basket__toggle')?.ariaExpanded === 'true'";
    if browser.value(is_open).await != true {
        browser.click("#basket .basket__toggle").await;
    }
    browser.until_shown("#basket .basket__list").await;
}

async fn held_seats(browser: &Browser) -> Value {
    open_basket(browser).await;
    browser
        .value("[...document.querySelectorAll('.basket__item')].map((item) => item.innerText)")
        .await
}
