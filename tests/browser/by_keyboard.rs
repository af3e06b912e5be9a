//! By keyboard alone: Tab, arrows, Enter and Space, through the list view and 3-D Secure.

use serde_json::{Value, json};

use crate::{
    steps::{assert_sold, until_let_in, until_tickets},
    support::{Browser, Key, Look, Stage, theatre, with_line_in},
};

/// No control of a page is further away.
const TABS_MAX: usize = 90;

/// JavaScript: empty, or why the focus would be lost on somebody who sees.
const FOCUS_TROUBLE: &str = "(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return 'the focus is on the body';
    const ringed = (one) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(one);
        return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
    };
    const label = element.closest('label');
    if (ringed(element) || (label && ringed(label))) return '';
    return `no visible focus on ${element.outerHTML.slice(0, 200)}`;
})()";

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_with_a_keyboard_only_gets_the_tickets_through_list_and_bank() {
    let stage = Stage::start().await;
    let event = stage.server.publish(with_line_in(theatre(json!({})), 3)).await;
    let browser = stage.open(Look::DESKTOP).await;

    // From the event's page into the line; it lets in by itself.
    browser.go(&format!("/events/{event}")).await;
    browser.until_shown("#buy a[href$='/queue']").await;
    tab_to(&browser, "#buy a[href$='/queue']").await;
    browser.press(Key::Enter).await;
    until_let_in(&browser).await;

    // The list: a section, two seats of a row, one of the next.
    tab_to(&browser, ".skip-link").await;
    browser.press(Key::Enter).await;
    browser.until("the list to be next", "document.activeElement.id === 'panel-list'").await;
    tab_to(&browser, ".seat-list__zone").await;
    press(&browser, Key::Enter).await;
    browser.until_shown(".seat-grid").await;
    tab_to(&browser, "[role='gridcell']").await;
    press(&browser, Key::Space).await;
    press(&browser, Key::Right).await;
    press(&browser, Key::Enter).await;
    press(&browser, Key::Down).await;
    press(&browser, Key::Enter).await;
    browser.until_text("#basket", "3 places").await;
    // The last one back.
    press(&browser, Key::Enter).await;
    browser.until_text("#basket", "2 places").await;

    // Held; the keyboard stays where the next step is.
    tab_to(&browser, "#basket [data-key='next']").await;
    press(&browser, Key::Enter).await;
    browser.until_shown("#basket a[data-key='next']").await;
    browser
        .until(
            "the keyboard on the next step",
            "document.activeElement.matches(`#basket a[data-key='next']`)",
        )
        .await;
    assert_focus_is_visible(&browser).await;
    browser.press(Key::Enter).await;
    browser.until_at("/orders/new").await;

    // Details.
    browser.until_shown("#email").await;
    tab_to(&browser, "#email").await;
    browser.type_text("buyer@example.org").await;
    tab_to(&browser, "#name").await;
    browser.type_text("Kim Buyer").await;
    browser.press(Key::Enter).await;
    browser.until_shown("#pay").await;
    browser.until("the keyboard at the new step", "document.activeElement !== document.body").await;

    // The card that asks the bank is the second of the group.
    tab_to(&browser, "input[name='card']").await;
    press(&browser, Key::Down).await;
    let chosen = browser.value("document.querySelector('input[name=card]:checked').value").await;
    assert_eq!(chosen, "pm_card_authenticationRequired");
    tab_to(&browser, "#pay").await;
    browser.press(Key::Enter).await;
    browser.until_text("h1", "Test bank").await;
    browser.press(Key::Tab).await;
    browser.press(Key::Enter).await;
    until_tickets(&browser, 2).await;

    assert_sold(&stage.server, &event, 2).await;
    browser.finish(&[]).await;
}

/// Presses a key that keeps the page, which must not lose the focus.
async fn press(browser: &Browser, key: Key) {
    browser.press(key).await;
    assert_focus_is_visible(browser).await;
}

/// Presses Tab until the focus is on such an element; it is visible all the way.
async fn tab_to(browser: &Browser, selector: &str) {
    let reached = format!("document.activeElement.matches({})", json!(selector));
    for _ in 0..TABS_MAX {
        browser.press(Key::Tab).await;
        assert_focus_is_visible(browser).await;
        if browser.value(&reached).await == true {
            return;
        }
    }
    panic!("{selector} is not reached by Tab");
}

async fn assert_focus_is_visible(browser: &Browser) {
    let trouble = browser.value(FOCUS_TROUBLE).await;
    assert_eq!(trouble, Value::from(""), "at {}", browser.value("location.pathname").await);
}
