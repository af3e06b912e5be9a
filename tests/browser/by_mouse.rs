//! With a mouse, at a desk: the map.

use serde_json::json;

use crate::{
    steps::{
        Card, assert_sold, fill_details, hold_and_go_on, join_line, make_order, pay, seat_on_map,
        until_let_in, until_tickets,
    },
    support::{Look, Stage, theatre, with_line_in},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_with_a_mouse_gets_the_two_seats_that_were_clicked_on_the_map() {
    let stage = Stage::start().await;
    let event = stage.server.publish(with_line_in(theatre(json!({})), 6)).await;
    let browser = stage.open(Look::DESKTOP).await;

    browser.go("/").await;
    browser.click("#events a[href*='/events/']").await;
    browser.until_text("h1", "The Winter’s Tale").await;
    let slug = browser.value("location.pathname.split('/')[2]").await;
    join_line(&browser, slug.as_str().expect("a slug")).await;
    until_let_in(&browser).await;

    for seat in ["Stalls-D-6", "Stalls-D-7"] {
        let at = seat_on_map(&browser, seat).await;
        browser.click_at(at).await;
    }
    browser.until_text("#basket", "2 places").await;
    browser.until_text("#basket", "€90.00").await;
    hold_and_go_on(&browser).await;
    browser.until_text("#summary", "Stalls, row D, seat 6").await;
    browser.until_text("#summary", "Stalls, row D, seat 7").await;
    fill_details(&browser).await;
    make_order(&browser).await;
    pay(&browser, Card::Pays).await;
    until_tickets(&browser, 2).await;
    browser.until_text(".ticket", "Kim Buyer").await;

    assert_sold(&stage.server, &event, 2).await;
    browser.finish(&[]).await;
}
