//! Two people want the same seat.

use serde_json::json;

use crate::{
    steps::{
        Card, assert_sold, fill_details, go_on, make_order, pay, seat_on_map, until_seats_are_live,
        until_tickets,
    },
    support::{Look, Refusal, Stage, theatre},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_second_buyer_of_a_held_seat_sees_it_go_and_is_offered_another() {
    let stage = Stage::start().await;
    let event = stage.server.publish(theatre(json!({}))).await;
    let (first, second) = tokio::join!(stage.open(Look::DESKTOP), stage.open(Look::DESKTOP));
    for browser in [&first, &second] {
        browser.go(&format!("/events/{event}")).await;
        browser.click("#buy a[href$='/seats']").await;
        browser.until_at("/seats").await;
        until_seats_are_live(browser).await;
    }

    // The second one's map and list show at once what the first one holds.
    second.click(".seat-list__zone").await;
    first.click_at(seat_on_map(&first, "Stalls-D-6").await).await;
    first.until_text("#basket", "1 place").await;
    first.click("#basket button[data-key='next']").await;
    first.until_shown("#basket a[data-key='next']").await;
    let cell = "document.querySelector(`[role='gridcell'][aria-label^='Row D, seat 6,']`)";
    second.until("the seat held in the list", &format!("{cell}?.dataset.state === 'held'")).await;
    let (x, y) = seat_on_map(&second, "Stalls-D-6").await;
    second.hover_at((x + 40.0, y + 40.0)).await;
    second.hover_at((x, y)).await;
    second.until_text(".map", "held by somebody").await;

    // The second one presses «Hold» when the first one has just got the seat, and before the map
    // can say so: the page is kept busy until the server says that two seats are held.
    second.click_at(seat_on_map(&second, "Stalls-E-6").await).await;
    second.until_text("#basket", "1 place").await;
    let press_hold_too_late = second.run(
        "let held = 0; \
         while (held < 2) { \
             const request = new XMLHttpRequest(); \
             request.open('GET', `/v1/events/${given[0]}/availability`, false); \
             request.send(); \
             held = JSON.parse(request.responseText).held; \
         } \
         document.querySelector(`#basket button[data-key='next']`).click();",
        vec![json!(event)],
    );
    let take_it_first = async {
        first.click_at(seat_on_map(&first, "Stalls-E-6").await).await;
        first.until_text("#basket", "2 places").await;
        first.click("#basket button.button--primary[data-key='next']").await;
    };
    tokio::join!(press_hold_too_late, take_it_first);
    second.until_text("#basket", "Just taken").await;
    second.until_text("#basket", "Stalls, row E, seat 6").await;

    // One press on the alternative, and there is a seat all the same.
    second.click("#basket .notice .button--primary").await;
    go_on(&second).await;
    fill_details(&second).await;
    make_order(&second).await;
    pay(&second, Card::Pays).await;
    until_tickets(&second, 1).await;

    // The first one gives both back, and they are free again.
    first.until_text("#basket", "2 places").await;
    first.click("#basket .basket__toggle").await;
    first.click("#basket [data-key='release']").await;
    first.until_shown("#basket .basket__empty").await;
    assert_sold(&stage.server, &event, 1).await;
    first.finish(&[]).await;
    // The seat that was just taken.
    second.finish(&[Refusal { address: "/holds", status: 409 }]).await;
}
