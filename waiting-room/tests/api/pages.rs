//! The waiting page without scripting: forms, cookies and redirects.

use axum::{
    body::Body,
    http::{Request, header},
};
use domain::event::Queue;

use crate::support::{Answer, World, brisk, slow};

/// A browser that keeps cookies and runs no scripts.
struct Browser<'a> {
    world: &'a World,
    cookies: Vec<String>,
}

impl<'a> Browser<'a> {
    /// One that has seen the page.
    async fn new(world: &'a World) -> Self {
        let mut browser = Self { world, cookies: Vec::new() };
        let page = browser.open().await;
        browser.cookies.push(page.cookie("holdfast-device="));
        browser
    }

    async fn send(&self, method: &str, rest: &str, headers: &[(&str, &str)]) -> Answer {
        let path = format!("/events/{}/queue{rest}", self.world.event.slug);
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "shop");
        if !self.cookies.is_empty() {
            request = request.header(header::COOKIE, self.cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.world.node.send(request.body(Body::empty()).expect("a request")).await
    }

    async fn open(&self) -> Answer {
        let page = self.send("GET", "", &[("accept", "text/html")]).await;
        assert_eq!(page.status, 200);
        assert!(page.header("content-type").starts_with("text/html"), "{:?}", page.headers);
        page
    }

    /// As a page of our own sends it.
    async fn submit(&self, form: &str) -> Answer {
        self.send("POST", &format!("/{form}"), &[("origin", "http://shop")]).await
    }

    async fn join(&mut self) {
        let joined = self.submit("join").await;
        assert_eq!((joined.status, joined.header("location")), (303, &*self.queue_path()));
        self.cookies.push(joined.cookie("holdfast-place-"));
    }

    fn queue_path(&self) -> String {
        format!("/events/{}/queue", self.world.event.slug)
    }

    async fn state(&self) -> String {
        let page = self.open().await;
        let (_, rest) = page.text().split_once("data-state=\"").expect("a state");
        rest.split('"').next().expect("a value").to_owned()
    }
}

#[tokio::test]
async fn the_page_gives_a_device_key_that_no_script_reads() {
    let world = World::new(slow()).await;
    let browser = Browser { world: &world, cookies: Vec::new() };
    let page = browser.open().await;
    let cookie = page.cookie_line("holdfast-device=");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(browser.state().await, "not_joined");
    let over_tls = browser.send("GET", "", &[("x-forwarded-proto", "https")]).await;
    assert!(over_tls.cookie_line("__Host-holdfast-device=").contains("Secure"));
    let known = Browser::new(&world).await;
    assert!(known.open().await.headers.get("set-cookie").is_none(), "one key a browser");
}

#[tokio::test]
async fn a_person_joins_enters_and_leaves_by_forms() {
    let world = World::new(brisk()).await;
    let mut browser = Browser::new(&world).await;
    browser.join().await;
    assert_eq!(browser.state().await, "early");
    let early = browser.submit("enter").await;
    assert_eq!((early.status, early.header("location")), (303, &*browser.queue_path()));

    world.open_line().await;
    let turn = async || (browser.state().await == "your_turn").then_some(());
    world.until("the turn", turn).await;
    let entered = browser.submit("enter").await;
    let seats = format!("/events/{}/seats", world.event.slug);
    assert_eq!((entered.status, entered.header("location")), (303, &*seats));
    assert_eq!(browser.state().await, "your_turn", "a browser that did not keep the pass");
    browser.cookies.push(entered.cookie("holdfast-pass-"));
    let page = browser.open().await;
    assert!(page.text().contains("data-state=\"inside\""), "{}", page.text());
    assert!(page.text().contains("Choose your seats"));
    assert_eq!(world.node.settings().await["phase"], "open");
    world.round().await;
    assert_eq!(world.node.settings().await["inside"], 1);

    let left = browser.submit("leave").await;
    assert_eq!((left.status, left.header("location")), (303, &*browser.queue_path()));
    assert!(left.cookie_line("holdfast-place-").contains("Max-Age=0"));
    assert!(left.cookie_line("holdfast-pass-").contains("Max-Age=0"));
    world.round().await;
    assert_eq!(world.node.settings().await["inside"], 0);
}

#[tokio::test]
async fn the_place_is_kept_in_a_cookie_that_no_script_reads() {
    let world = World::new(slow()).await;
    world.people(4).await;
    let mut browser = Browser::new(&world).await;
    let joined = browser.submit("join").await;
    let cookie = joined.cookie_line("holdfast-place-");
    for part in ["HttpOnly", "SameSite=Lax", world.event.id.as_str()] {
        assert!(cookie.contains(part), "{cookie}");
    }
    browser.cookies.push(joined.cookie("holdfast-place-"));
    // Twice by a nervous finger: the same place.
    let again = browser.submit("join").await;
    assert_eq!(again.status, 303);
    assert_eq!(world.node.settings().await["joined"], 5);
}

#[tokio::test]
async fn a_pass_that_is_not_genuine_any_more_is_dropped_by_joining() {
    let world = World::new(brisk()).await;
    let mut browser = Browser::new(&world).await;
    browser.join().await;
    browser.cookies.push(format!("holdfast-pass-{}=of-a-former-key", world.event.id));
    assert_eq!(browser.state().await, "not_joined");
    let joined = browser.submit("join").await;
    assert!(joined.cookie_line("holdfast-pass-").contains("Max-Age=0"));
    browser.cookies.pop();
    assert_eq!(browser.state().await, "early");
}

#[tokio::test]
async fn a_form_of_a_foreign_page_is_refused() {
    let world = World::new(slow()).await;
    let browser = Browser::new(&world).await;
    for form in ["/join", "/enter", "/leave"] {
        for (name, value) in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let refused = browser.send("POST", form, &[(name, value)]).await;
            refused.expect_refusal(403, "foreign_origin");
        }
    }
    assert_eq!(world.node.settings().await["joined"], 0);
}

#[tokio::test]
async fn an_unknown_event_is_a_page_that_says_so() {
    let world = World::new(slow()).await;
    let request = Request::get("/events/nothing/queue").header(header::ACCEPT, "text/html");
    let page = world.node.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(page.status, 404);
    assert!(page.header("content-type").starts_with("text/html"), "{:?}", page.headers);
}

#[tokio::test]
async fn a_sale_without_a_line_leads_to_the_event() {
    let world = World::new(Queue::default()).await;
    let browser = Browser { world: &world, cookies: Vec::new() };
    let answer = browser.send("GET", "", &[]).await;
    let event = format!("/events/{}", world.event.slug);
    assert_eq!((answer.status, answer.header("location")), (303, &*event));
}

#[tokio::test]
async fn whoever_keeps_no_cookies_is_told_so() {
    let world = World::new(slow()).await;
    let browser = Browser { world: &world, cookies: Vec::new() };
    let page = browser.submit("join").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("cookies"), "{}", page.text());
    assert_eq!(world.node.settings().await["joined"], 0);
}

#[tokio::test]
async fn a_line_that_takes_nobody_says_so_on_its_page() {
    let world = World::new(Queue { max_waiting: Some(1), ..slow() }).await;
    world.people(1).await;
    let browser = Browser::new(&world).await;
    let page = browser.submit("join").await;
    assert!(page.text().contains("data-state=\"full\""), "{}", page.text());
}
