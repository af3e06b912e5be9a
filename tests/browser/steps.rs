//! The steps of buying that several tests go through.

use serde_json::{Value, json};

use crate::support::{Browser, Server};

/// The sandbox's test cards, by what they do.
#[derive(Clone, Copy, Debug)]
pub enum Card {
    Pays,
    IsDeclined,
    AsksTheBank,
}

impl Card {
    pub fn method(self) -> &'static str {
        match self {
            Self::Pays => "pm_card_visa",
            Self::IsDeclined => "pm_card_visa_chargeDeclined",
            Self::AsksTheBank => "pm_card_authenticationRequired",
        }
    }
}

/// From the event's page into its line; the waiting page has taken a place.
pub async fn join_line(browser: &Browser, event: &str) {
    browser.go(&format!("/events/{event}")).await;
    browser.click("#buy a[href$='/queue']").await;
    browser.until_at("/queue").await;
    browser.until("a place in the line", &format!("{} !== null", kept_place())).await;
}

/// JavaScript: the id of the place that this device keeps, out of its signed text; null without one.
pub fn kept_place() -> &'static str {
    "(() => { \
         const text = localStorage.getItem(`holdfast:${document.querySelector('#main').dataset.slug}:place`); \
         if (text === null) return null; \
         const claims = JSON.parse(text).split('.')[1].replaceAll('-', '+').replaceAll('_', '/'); \
         return JSON.parse(atob(claims)).jti; \
     })()"
}

/// The waiting page lets in by itself.
pub async fn until_let_in(browser: &Browser) {
    browser.until_at("/seats").await;
    until_seats_are_live(browser).await;
}

/// The seat page has its chart and every state.
pub async fn until_seats_are_live(browser: &Browser) {
    browser.until("the seats to be there", "!document.querySelector('#seats')?.ariaBusy").await;
    browser
        .until("a live map", "document.querySelector('#status')?.dataset.status === 'live'")
        .await;
}

/// Holds what is chosen and goes on to the order's form.
pub async fn hold_and_go_on(browser: &Browser) {
    browser.click("#basket button[data-key='next']").await;
    go_on(browser).await;
}

/// From held seats to the order's form.
pub async fn go_on(browser: &Browser) {
    browser.click("#basket a[data-key='next']").await;
    browser.until_at("/orders/new").await;
    browser.until_shown("#email").await;
}

pub async fn fill_details(browser: &Browser) {
    browser.fill("#email", "buyer@example.org").await;
    browser.fill("#name", "Kim Buyer").await;
}

/// The form makes an order; the card form is there.
pub async fn make_order(browser: &Browser) {
    browser.click("#step form .button--primary").await;
    browser.until_shown("#pay").await;
    assert_ne!(browser.value("location.pathname").await, "/orders/new");
}

pub async fn pay(browser: &Browser, card: Card) {
    let choice = format!("label:has(input[value='{}'])", card.method());
    browser.click(&choice).await;
    browser.click("#pay").await;
}

/// The tickets are there, and each has its code as a picture.
pub async fn until_tickets(browser: &Browser, count: usize) {
    browser.until_text("h1", "Your tickets").await;
    let pictures = "[...document.querySelectorAll('.ticket .ticket__code')]";
    browser
        .until(
            &format!("{count} tickets with their codes"),
            &format!(
                "{pictures}.length === {count} && \
                 {pictures}.every((image) => image.complete && image.naturalWidth > 0)"
            ),
        )
        .await;
}

/// So many are sold, none is held, and the books are right.
pub async fn assert_sold(server: &Server, event: &str, count: u64) {
    let availability = server.availability(event).await;
    assert_eq!((&availability["sold"], &availability["held"]), (&json!(count), &json!(0)));
    server.assert_audit_is_clean().await;
}

/// Where a seat is in the window, by the map's own rules; the map must show the whole plan.
pub async fn seat_on_map(browser: &Browser, label: &str) -> (f64, f64) {
    let found = browser
        .run(
            "const [{ parseChart }, { Camera }] = await Promise.all( \
             ['chart', 'camera'].map((name) => import(`/assets/map/${name}.js`))); \
             const event = location.pathname.split('/')[2]; \
             const chart = parseChart(await (await fetch(`/v1/events/${event}/chart`)).json()); \
             const canvas = document.querySelector('.map__canvas'); \
             canvas.scrollIntoView({ block: 'nearest' }); \
             const { boxWithStage, findStage } = await import('/assets/map/stage.js'); \
             const { pitch } = chart; \
             const box = boxWithStage(chart, findStage(chart)); \
             const camera = new Camera(); \
             camera.setWorld({ x0: box.x0 - pitch, y0: box.y0 - pitch, x1: box.x1 + pitch, y1: box.y1 + pitch }, 56 / pitch); \
             camera.resize(canvas.parentElement.clientWidth, canvas.parentElement.clientHeight); \
             camera.fit(undefined, false); \
             const seat = chart.indexByLabel.get(given[0]); \
             const at = canvas.getBoundingClientRect(); \
             return { x: at.x + camera.toScreenX(chart.x[seat]), y: at.y + camera.toScreenY(chart.y[seat]) };",
            vec![json!(label)],
        )
        .await;
    let number = |value: &Value| value.as_f64().expect("a number");
    (number(&found["x"]), number(&found["y"]))
}
