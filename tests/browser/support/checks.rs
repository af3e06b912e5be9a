//! What must be true of every page: no error logged, nothing asked of anybody else, no serious
//! finding of axe-core, nothing that sticks out sideways.

use serde_json::{Value, json};

use super::{Browser, Look};

/// The accessibility engine, unchanged; it carries its own licence (MPL-2.0).
const AXE: &str = include_str!("../axe.min.js");
const AXE_RULES: [&str; 7] =
    ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];

/// An answer that a page expects and handles, and that Chromium writes into the log all the same.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// Part of the address.
    pub address: &'static str,
    pub status: u16,
}

impl Browser {
    /// Fails on any error in the log but the `expected` refusals, and on any request to another
    /// origin. Every test ends with it.
    pub async fn finish(&self, expected: &[Refusal]) {
        self.assert_no_errors(expected).await;
        self.assert_own_origin_only().await;
    }

    /// Reads the log, which is empty afterwards.
    pub async fn assert_no_errors(&self, expected: &[Refusal]) {
        let log = self.log("browser").await;
        let errors: Vec<&str> = log
            .iter()
            .filter(|entry| entry["level"] == "SEVERE")
            .filter_map(|entry| entry["message"].as_str())
            .filter(|message| !expected.iter().any(|refusal| refusal.explains(message)))
            .collect();
        assert!(errors.is_empty(), "a page has logged errors: {errors:#?}");
    }

    async fn assert_own_origin_only(&self) {
        let socket = self.base.replacen("http", "ws", 1);
        let log = self.log("performance").await;
        let asked: Vec<String> = log
            .iter()
            .filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok())
            .filter_map(|entry| address_of(&entry["message"]))
            .collect();
        assert!(!asked.is_empty(), "the browser has asked for nothing at all");
        let foreign: Vec<&String> = asked
            .iter()
            .filter(|url| url.starts_with("http") || url.starts_with("ws"))
            .filter(|url| !url.starts_with(&self.base) && !url.starts_with(&socket))
            .collect();
        assert!(foreign.is_empty(), "requests to others: {foreign:#?}");
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.driver("se/log", json!({"type": kind})).await.expect("the log");
        log.as_array().expect("entries").clone()
    }

    /// What axe-core finds serious or critical on the page as it is; empty is good.
    pub async fn serious_findings(&self, what: &str) -> Option<String> {
        if self.value("typeof axe").await != "object" {
            self.client.execute(AXE, vec![]).await.expect("axe-core is loaded");
        }
        let findings = self
            .run(
                "const { violations } = await axe.run(document, { resultTypes: ['violations'], \
                 runOnly: { type: 'tag', values: given[0] } }); \
                 return violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)) \
                 .map(({ id, help, nodes }) => ({ id, help, nodes: nodes.slice(0, 4) \
                 .map(({ html, failureSummary }) => ({ html, failureSummary })) }));",
                vec![json!(AXE_RULES)],
            )
            .await;
        (findings != json!([])).then(|| format!("{what}: {findings:#}"))
    }

    /// The elements that make the page wider than its window; none is good.
    pub async fn what_sticks_out(&self, what: &str, look: Look) -> Option<String> {
        self.look(look).await;
        let wide = self
            .run(
                "const [width] = given; \
                 if (document.documentElement.scrollWidth <= width) return []; \
                 const out = (element) => { const box = element.getBoundingClientRect(); \
                 return box.right > width + 1 || box.left < -1; }; \
                 return [document.documentElement.scrollWidth, \
                 ...[...document.querySelectorAll('body *')].filter(out).slice(0, 12) \
                 .map((element) => element.cloneNode(false).outerHTML.slice(0, 160))];",
                vec![json!(look.width)],
            )
            .await;
        (wide != json!([])).then(|| format!("{what} is wider than {} pixels: {wide:#}", look.width))
    }
}

impl Refusal {
    fn explains(&self, message: &str) -> bool {
        message.contains(self.address)
            && message.contains(&format!("responded with a status of {} ", self.status))
    }
}

/// Where a logged request went, sockets included.
fn address_of(message: &Value) -> Option<String> {
    let parameters = &message["params"];
    let address = match message["method"].as_str()? {
        "Network.requestWillBeSent" => &parameters["request"]["url"],
        "Network.webSocketCreated" => &parameters["url"],
        _ => return None,
    };
    address.as_str().map(str::to_owned)
}
