//! One headless Chromium, and what a person does in it and sees.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator, error::CmdError, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Key, Look, input};

/// How long a person waits for anything at all on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(60);
/// After so many frames without a change of colour a page is still.
const QUIET_FRAMES: u32 = 12;
/// Nor for more: a page that changes all the time is looked at as it is.
const FRAMES_MAX: u32 = 120;

/// Ends with the value.
pub struct Browser {
    pub client: Client,
    /// The server's origin.
    pub base: String,
    process: u64,
    profile: TempDir,
}

impl Browser {
    pub(super) async fn open(driver: &str, base: &str, look: Look) -> Self {
        let profile = TempDir::new().expect("a temporary directory");
        let arguments = [
            "--headless=new".to_owned(),
            // Root, as in most containers, has no sandbox; the pages are our own.
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--lang=en-US".to_owned(),
            // Not even the browser's own services are asked for anything.
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1".to_owned(),
            format!("--window-size={},{}", look.width, look.height),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": look.chromium_options(arguments.into()),
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().expect("an object").clone())
            .connect(driver)
            .await
            .expect("chromium starts; `make setup` installs it");
        let process = client.capabilities().and_then(|found| found["goog:processID"].as_u64());
        let process = process.expect("the browser's process id");
        let browser = Self { client, base: base.to_owned(), process, profile };
        browser.look(look).await;
        browser
    }

    /// The window changes under the page, as when a phone is turned or its night mode begins.
    pub async fn look(&self, look: Look) {
        for (command, parameters) in look.commands() {
            self.debug(command, parameters).await;
        }
        // Colours glide to their new values, and the map is painted piece by piece.
        // Bars glide, too, each time that a figure changes: on a busy machine without end.
        self.run(
            "const glides = (one) => one instanceof CSSTransition && /color|shadow/.test(one.transitionProperty); \
             const frame = (done) => { requestAnimationFrame(done); setTimeout(done, 100); }; \
             for (let quiet = 0, seen = 0; quiet < given[0] && seen < given[1]; seen += 1) { \
                 await new Promise(frame); \
                 quiet = document.getAnimations().some(glides) ? 0 : quiet + 1; \
             }",
            vec![json!(QUIET_FRAMES), json!(FRAMES_MAX)],
        )
        .await;
    }

    /// A command of the browser's debugging protocol.
    pub async fn debug(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.driver("goog/cdp/execute", body).await.expect(command)
    }

    /// A command of chromedriver that WebDriver does not have.
    pub(super) async fn driver(&self, path: &'static str, body: Value) -> Result<Value, CmdError> {
        self.client.issue_cmd(DriverCommand { path, body }).await
    }

    pub async fn go(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.expect("the page loads");
    }

    pub async fn refresh(&self) {
        self.client.refresh().await.expect("the page loads again");
    }

    /// The value of a JavaScript expression; null while a page is being left.
    pub async fn value(&self, expression: &str) -> Value {
        self.client.execute(&format!("return ({expression})"), vec![]).await.unwrap_or(Value::Null)
    }

    /// The result of JavaScript statements, which may `await`; a thrown error fails the test.
    pub async fn run(&self, statements: &str, arguments: Vec<Value>) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1]; const given = [...arguments].slice(0, -1); \
             (async () => {{ {statements} }})()\
             .then((value) => done({{value: value ?? null}}), (error) => done({{error: String(error?.stack ?? error)}}));"
        );
        let result = self.client.execute_async(&script, arguments).await.expect("the script runs");
        assert!(result.get("error").is_none(), "{}", result["error"]);
        result["value"].clone()
    }

    /// Waits until a JavaScript expression is true; `what` is told otherwise.
    pub async fn until(&self, what: &str, expression: &str) {
        let end = Instant::now() + PATIENCE;
        while self.value(&format!("Boolean({expression})")).await != true {
            if Instant::now() > end {
                self.give_up(what).await;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits for the address; a page that a script leaves by itself comes a moment later.
    pub async fn until_at(&self, path_ends_with: &str) {
        let ends = format!("location.pathname.endsWith({})", json!(path_ends_with));
        let loaded = "document.readyState === 'complete'";
        self.until(&format!("the address …{path_ends_with}"), &format!("{ends} && {loaded}")).await;
    }

    /// Waits for words on the page, in `selector` and visible.
    pub async fn until_text(&self, selector: &str, words: &str) {
        let found = format!(
            "[...document.querySelectorAll({})].some((element) => \
             element.checkVisibility() && element.innerText.includes({}))",
            json!(selector),
            json!(words),
        );
        self.until(&format!("“{words}” in {selector}"), &found).await;
    }

    pub async fn until_shown(&self, selector: &str) {
        let shown = format!(
            "[...document.querySelectorAll({})].some((element) => element.checkVisibility())",
            json!(selector)
        );
        self.until(&format!("{selector} to be shown"), &shown).await;
    }

    /// Clicks, or on a phone taps, the first such element that is shown.
    pub async fn click(&self, selector: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            if self.try_click(selector).await {
                return;
            }
            if Instant::now() > end {
                self.give_up(&format!("{selector} to be clicked")).await;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn try_click(&self, selector: &str) -> bool {
        let Ok(elements) = self.client.find_all(Locator::Css(selector)).await else { return false };
        for element in elements {
            // Away from the window's edges, where bars lie above the page.
            let middle = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
            let element_there = serde_json::to_value(&element).expect("a reference");
            let _ = self.client.execute(middle, vec![element_there]).await;
            // What is covered, disabled, or drawn anew at this moment comes later.
            let ready = element.is_displayed().await.unwrap_or(false)
                && element.is_enabled().await.unwrap_or(false);
            if ready && element.click().await.is_ok() {
                return true;
            }
        }
        false
    }

    /// Types into a field that is empty.
    pub async fn fill(&self, selector: &str, text: &str) {
        self.click(selector).await;
        let field = self.client.find(Locator::Css(selector)).await.expect("the field");
        field.clear().await.expect("the field can be cleared");
        field.send_keys(text).await.expect("the field can be typed into");
    }

    /// Types where the keyboard is.
    pub async fn type_text(&self, text: &str) {
        let values: Vec<char> = text.chars().collect();
        input::press(&self.client, &values).await.expect("the keys are pressed");
    }

    pub async fn press(&self, key: Key) {
        input::press_key(&self.client, key).await.expect("the key is pressed");
    }

    pub async fn click_at(&self, (x, y): (f64, f64)) {
        input::click_at(&self.client, x, y).await.expect("the mouse clicks");
    }

    pub async fn hover_at(&self, (x, y): (f64, f64)) {
        input::move_to(&self.client, x, y).await.expect("the mouse moves");
    }

    /// PNG of what is in the window.
    pub async fn screenshot(&self) -> Vec<u8> {
        self.client.screenshot().await.expect("a picture")
    }

    async fn give_up(&self, what: &str) -> ! {
        let page = self.value("[location.href, document.title, document.body.innerText]").await;
        let log = self.driver("se/log", json!({"type": "browser"})).await.unwrap_or(Value::Null);
        panic!("waited {PATIENCE:?} for {what}; the page is {page:#}\nand has logged {log:#}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let process = self.process.to_string();
        let _ = Command::new("kill").arg(&process).stderr(Stdio::null()).status();
        // It still writes into its profile, which is to be removed.
        let end = Instant::now() + Duration::from_secs(5);
        while Path::new("/proc").join(&process).exists() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = std::fs::remove_dir_all(self.profile.path());
    }
}

#[derive(Debug)]
struct DriverCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for DriverCommand {
    fn endpoint(
        &self,
        base: &Url,
        session: Option<&str>,
    ) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
