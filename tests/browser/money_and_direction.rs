//! Currencies with other digits, and a reader from right to left.

use serde_json::json;

use crate::{
    steps::{Card, fill_details, go_on, make_order, pay, until_seats_are_live, until_tickets},
    support::{Browser, Look, Stage, club, theatre},
};

#[tokio::test(flavor = "multi_thread")]
async fn yen_have_no_digits_after_the_point_and_dinars_have_three() {
    let stage = Stage::start().await;
    let browser = stage.open(Look::DESKTOP).await;
    for (currency, price, written) in [("JPY", 4500, "¥4,500"), ("KWD", 12_500, "KWD 12.500")] {
        let change = json!({"currency": currency, "prices": {"Stalls": price, "Balcony": price}});
        let event = stage.server.publish(theatre(change)).await;
        browser.go(&format!("/events/{event}")).await;
        until_price(&browser, "#event-prices", written).await;
        browser.click("#buy a[href$='/seats']").await;
        browser.until_at("/seats").await;
        until_seats_are_live(&browser).await;
        browser.click("#best .stepper__button:first-child").await;
        browser.click("#best button[type='submit']").await;
        until_price(&browser, "#basket", written).await;
        go_on(&browser).await;
        until_price(&browser, "#summary", written).await;
        fill_details(&browser).await;
        make_order(&browser).await;
        until_price(&browser, "#pay", written).await;
        pay(&browser, Card::Pays).await;
        until_tickets(&browser, 1).await;
    }
    browser.finish(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_right_to_left_in_arabic_every_page_fits_the_window() {
    let stage = Stage::start().await;
    let change = json!({
        "name": "ليلة في المسرح", "description": "أمسية في المسرح.", "currency": "KWD",
        "prices": {"Stalls": 12_500, "Balcony": 7_250},
    });
    let event = stage.server.publish(theatre(change)).await;
    let standing = stage.server.publish(club(json!({"name": "حفلة"}))).await;
    let browser = stage.open(Look::PHONE).await;
    browser.debug("Emulation.setLocaleOverride", json!({"locale": "ar"})).await;

    // Said once, kept by the tab.
    browser.go("/?dir=rtl").await;
    browser.until_shown("#events a").await;
    assert_fits_everywhere(&browser, "the list of events").await;
    browser.go(&format!("/events/{standing}")).await;
    browser.until_shown("#areas-list .stepper").await;
    assert_fits_everywhere(&browser, "an event with standing places").await;
    browser.go(&format!("/events/{event}")).await;
    // Fils are written with the reader's own digits or with ours; the name is Arabic either way.
    until_price(&browser, "#event-prices", "د.ك").await;
    assert_fits_everywhere(&browser, "the event").await;
    assert_eq!(
        browser.value("getComputedStyle(document.querySelector('h1')).direction").await,
        "rtl"
    );

    browser.click("#buy a[href$='/seats']").await;
    browser.until_at("/seats").await;
    until_seats_are_live(&browser).await;
    for tab in ["#tab-list", "#tab-best", "#tab-map"] {
        browser.click(tab).await;
        assert_fits_everywhere(&browser, tab).await;
    }
    browser.click("#tab-best").await;
    browser.click("#best button[type='submit']").await;
    browser.until_shown("#basket a[data-key='next']").await;
    assert_fits_everywhere(&browser, "held seats").await;
    go_on(&browser).await;
    assert_fits_everywhere(&browser, "the details").await;
    fill_details(&browser).await;
    make_order(&browser).await;
    assert_fits_everywhere(&browser, "the payment").await;
    pay(&browser, Card::Pays).await;
    until_tickets(&browser, 2).await;
    assert_fits_everywhere(&browser, "the tickets").await;
    browser.finish(&[]).await;
}

async fn until_price(browser: &Browser, selector: &str, written: &str) {
    // Between currency and amount is a space that does not break.
    let found = format!(
        "document.querySelector({})?.innerText.replaceAll('\\u00a0', ' ').includes({})",
        json!(selector),
        json!(written)
    );
    browser.until(&format!("{written} in {selector}"), &found).await;
}

async fn assert_fits_everywhere(browser: &Browser, what: &str) {
    assert_eq!(browser.value("document.documentElement.dir").await, "rtl", "{what}");
    for look in [Look::NARROW, Look::DESKTOP, Look::PHONE] {
        assert_eq!(browser.what_sticks_out(what, look).await, None);
    }
}
