//! The line: the same place everywhere, a position that never rises, and all of it without scripts.

use serde_json::{Value, json};

use crate::{
    steps::{join_line, kept_place, until_let_in},
    support::{Browser, Buyer, Look, Stage, theatre, with_line},
};

/// People who are in the line before the browser comes.
const AHEAD: u64 = 6;

/// JavaScript: writes down each position that the page shows, also beyond the page.
const WRITE_DOWN: &str = "const positions = []; \
    const see = () => { \
        const position = Number(document.querySelector('#position').textContent); \
        if (position > 0) positions.push(position); \
        localStorage.setItem('positions', JSON.stringify(positions)); \
    }; \
    see(); \
    new MutationObserver(see).observe(document.querySelector('#position'), \
        { childList: true, characterData: true, subtree: true });";

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_the_same_in_every_tab_and_its_position_never_rises() {
    let stage = Stage::start().await;
    let event = stage.server.publish(slow_line()).await;
    stage.line(&event, "open").await;
    stage.line(&event, "pause").await;
    for _ in 0..AHEAD {
        let path = format!("/v1/events/{event}/queue");
        Buyer::new(&stage.server).post(&path, &[], json!({})).await.expect(201);
    }
    let browser = stage.open(Look::DESKTOP).await;
    join_line(&browser, &event).await;
    until_position(&browser, AHEAD + 1).await;
    let place = browser.value(kept_place()).await;

    browser.refresh().await;
    until_position(&browser, AHEAD + 1).await;
    assert_eq!(browser.value(kept_place()).await, place);

    let first_tab = browser.client.window().await.expect("the first tab");
    let second_tab = browser.client.new_window(true).await.expect("a second tab").handle;
    browser.client.switch_to_window(second_tab).await.expect("the second tab");
    browser.go(&format!("/events/{event}/queue")).await;
    until_position(&browser, AHEAD + 1).await;
    assert_eq!(browser.value(kept_place()).await, place);
    browser.client.close_window().await.expect("the second tab closes");
    browser.client.switch_to_window(first_tab).await.expect("the first tab");

    browser.run(WRITE_DOWN, vec![]).await;
    stage.line(&event, "resume").await;
    until_let_in(&browser).await;
    let seen = browser.value("JSON.parse(localStorage.getItem('positions'))").await;
    let seen: Vec<u64> = serde_json::from_value(seen).expect("positions");
    assert_eq!(seen.first(), Some(&(AHEAD + 1)));
    assert!(seen.is_sorted_by(|before, after| before >= after), "a position has risen: {seen:?}");
    assert!(seen.len() > 2, "the position was seen to fall: {seen:?}");
    browser.finish(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_a_person_joins_leaves_joins_again_and_is_let_in() {
    let stage = Stage::start().await;
    let event = stage.server.publish(slow_line()).await;
    stage.line(&event, "open").await;
    stage.line(&event, "pause").await;
    let browser = stage.open(Look::DESKTOP).await;
    browser.debug("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;

    browser.go(&format!("/events/{event}/queue")).await;
    browser.until_text("#headline", "Take your place in line").await;
    browser.click("#join button").await;
    browser.until_text("#headline", "You are in line").await;
    browser.click("#leave button").await;
    browser.until_shown("#join button").await;
    browser.click("#join button").await;
    browser.until_text("#headline", "You are in line").await;
    // The place that was left stays a gap ahead of the new one.
    until_position(&browser, 2).await;
    browser.refresh().await;
    until_position(&browser, 2).await;

    // The page brings itself up to date.
    stage.line(&event, "resume").await;
    browser.until_text("#headline", "It is your turn").await;
    browser.click("#enter button").await;
    browser.until_at("/seats").await;
    browser.until_text("main", "JavaScript").await;
    browser.go(&format!("/events/{event}/queue")).await;
    // Whoever is in is told so, and may go in again.
    browser.until_text("#headline", "You are in").await;
    browser.click("#seats").await;
    browser.until_at("/seats").await;
    browser.finish(&[]).await;
}

/// Two people a second.
fn slow_line() -> Value {
    let mut event = with_line(theatre(json!({})));
    event["queue"]["admit_per_minute"] = json!(120);
    event
}

async fn until_position(browser: &Browser, position: u64) {
    let shown = format!("document.querySelector('#position')?.textContent === '{position}'");
    browser.until(&format!("position {position}"), &shown).await;
}
