//! One `holdfast serve` process under test.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Stores, wait_for};

pub const ORGANIZER_TOKEN: &str = "organizer-token-of-the-test-suite";

/// How often a process may end before it serves.
const STARTS_MAX: usize = 6;

/// What a test may want otherwise.
#[derive(Default, Clone)]
pub struct ServerOptions {
    /// More environment, e.g. `("FAILPOINTS", "order_committed=return")`.
    pub environment: Vec<(String, String)>,
    /// Comma-separated; all when `None`.
    pub roles: Option<String>,
    /// How many files the process may have open; as many as the test when `None`.
    pub open_files: Option<u32>,
}

impl ServerOptions {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn with_roles(mut self, roles: &str) -> Self {
        self.roles = Some(roles.to_owned());
        self
    }

    pub fn with_open_files(mut self, files: u32) -> Self {
        self.open_files = Some(files);
        self
    }
}

/// A running server, its stores and its data directory. Ends with the value.
pub struct Server {
    pub stores: Stores,
    pub base: String,
    pub http: reqwest::Client,
    data: TempDir,
    port: u16,
    child: Child,
}

impl Server {
    pub async fn start(stores: Stores, options: ServerOptions) -> Self {
        // The HTTP client wants one, also for plain HTTP; a second call is refused and harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = TempDir::new().expect("a temporary directory");
        let port = free_port();
        let child = spawn(&stores, data.path(), port, &options);
        let mut server = Self {
            stores,
            base: format!("http://127.0.0.1:{port}"),
            http: reqwest::Client::builder().build().expect("an HTTP client"),
            data,
            port,
            child,
        };
        server.wait_until_up(&options).await;
        server
    }

    /// Another process on the stores of this one, which must outlive it.
    pub async fn beside(&self, options: ServerOptions) -> Self {
        let options = options
            .with("HOLDFAST_REDIS_URL", &self.stores.redis_url())
            .with("HOLDFAST_DATABASE_URL", &self.stores.database_url());
        Self::start(Stores::default(), options).await
    }

    /// The process again, on the same stores, data and address.
    pub async fn restart(&mut self, options: ServerOptions) {
        self.kill();
        self.child = spawn(&self.stores, self.data.path(), self.port, &options);
        self.wait_until_up(&options).await;
    }

    /// Waits for readiness. A process that a busy machine does not let open its stores in time ends,
    /// and is started again, as by whatever else runs it.
    async fn wait_until_up(&mut self, options: &ServerOptions) {
        for _ in 0..STARTS_MAX {
            let (http, url, child) = (&self.http, format!("{}/readyz", self.base), &mut self.child);
            let is_up = wait_for("readiness", 60, || {
                let has_ended = child.try_wait().expect("the process can be asked").is_some();
                let asked = http.get(&url).send();
                async move {
                    let is_ready = asked.await.is_ok_and(|answer| answer.status() == 200);
                    (is_ready || has_ended).then_some(is_ready)
                }
            });
            if is_up.await {
                return;
            }
            self.child = spawn(&self.stores, self.data.path(), self.port, options);
        }
        panic!("the server does not start: {}", self.log_tail());
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM.
    pub fn ask_to_end(&self) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
        assert!(told.success(), "the process was there to be ended");
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Waits until the process has ended by itself.
    pub async fn wait_until_dead(&mut self) {
        for _ in 0..1500 {
            if self.child.try_wait().expect("the process can be asked").is_some() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the fail point did not kill the process; {}", self.log_tail());
    }

    pub async fn wait_until_ready(&self) {
        wait_for("readiness", 60, || async {
            let answer = self.http.get(format!("{}/readyz", self.base)).send().await.ok()?;
            (answer.status() == 200).then_some(())
        })
        .await;
    }

    /// An organiser's call; the answer must have `status`.
    pub async fn organizer(&self, method: &str, path: &str, body: Value, status: u16) -> Value {
        let answer = self
            .http
            .request(method.parse().expect("a method"), format!("{}{path}", self.base))
            .bearer_auth(ORGANIZER_TOKEN)
            .header("Idempotency-Key", random_text())
            .json(&body)
            .send()
            .await
            .expect("an answer");
        let found = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        assert_eq!(found, status, "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Creates and publishes an event; gives its id.
    pub async fn publish(&self, event: Value) -> String {
        let created = self.organizer("POST", "/v1/events", event, 201).await;
        let id = created["id"].as_str().expect("an id").to_owned();
        self.organizer(
            "POST",
            &format!("/v1/events/{id}/publish"),
            Value::Object(Default::default()),
            200,
        )
        .await;
        id
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    pub async fn availability(&self, event: &str) -> Value {
        self.get(&format!("/v1/events/{event}/availability")).await
    }

    /// What the sandbox shall do wrong from now on.
    pub async fn misbehave(&self, control: Value) {
        let answer = self
            .http
            .post(format!("{}/sandbox/stripe/control", self.base))
            .json(&control)
            .send()
            .await
            .expect("an answer");
        let status = answer.status();
        assert!(
            status.is_success(),
            "control: {status} {}",
            answer.text().await.unwrap_or_default()
        );
    }

    /// Runs the auditor against the running server; it must find nothing.
    pub async fn assert_audit_is_clean(&self) {
        let (clean, report) = self.audit();
        assert!(clean, "the auditor found a violation:\n{report}\n{}", self.log_tail());
    }

    /// Whether `holdfast audit --json` exits 0, and what it prints.
    pub fn audit(&self) -> (bool, String) {
        let output = self.command(&["audit", "--json"]);
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Another command of the program, on this server's settings.
    pub fn command(&self, arguments: &[&str]) -> Output {
        let mut program = self.program(arguments, &ServerOptions::default());
        program.output().expect("the command runs")
    }

    /// The program beside this server, not yet started.
    pub fn program(&self, arguments: &[&str], options: &ServerOptions) -> Command {
        let mut command = command(&self.stores, self.data.path(), self.port, options);
        command.args(arguments);
        command
    }

    /// All that the process has written, on both of its streams.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_path(self.data.path())).unwrap_or_default()
    }

    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the server's log ends:\n{}", self.log_tail());
        }
        self.kill();
    }
}

fn command(stores: &Stores, data: &Path, port: u16, options: &ServerOptions) -> Command {
    let program = env!("CARGO_BIN_EXE_holdfast");
    let mut command = match options.open_files {
        None => Command::new(program),
        Some(files) => {
            let mut shell = Command::new("sh");
            let script = format!("ulimit -n {files} && exec \"$0\" \"$@\"");
            shell.args(["-c", &script, program]);
            shell
        }
    };
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("RUST_BACKTRACE", "1")
        .env("HOLDFAST_LISTEN", format!("127.0.0.1:{port}"))
        .env("HOLDFAST_DATA_DIR", data)
        .env("HOLDFAST_REDIS_URL", stores.redis_url())
        .env("HOLDFAST_DATABASE_URL", stores.database_url())
        .env("HOLDFAST_ORGANIZER_TOKEN", ORGANIZER_TOKEN)
        .env("HOLDFAST_SIGNING_KEY", "a signing key that only this test suite uses")
        .env("HOLDFAST_RATE_LIMIT_PER_MINUTE", "0")
        .env("HOLDFAST_STRIPE_RATE", "0")
        .env("HOLDFAST_SANDBOX", "1")
        .env("HOLDFAST_LOG", "info")
        .stdin(Stdio::null());
    for (name, value) in &options.environment {
        command.env(name, value);
    }
    command
}

fn spawn(stores: &Stores, data: &Path, port: u16, options: &ServerOptions) -> Child {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(log_path(data))
        .expect("a log file");
    let mut command = command(stores, data, port, options);
    command.arg("serve");
    if let Some(roles) = &options.roles {
        command.args(["--roles", roles]);
    }
    command
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log)
        .spawn()
        .expect("holdfast starts")
}

fn log_path(data: &Path) -> PathBuf {
    data.join("server.log")
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// 32 characters that nobody guesses, for keys.
pub fn random_text() -> String {
    use std::hash::{BuildHasher, RandomState};
    let word = || RandomState::new().hash_one(std::thread::current().id());
    format!("{:016x}{:016x}", word(), word())
}
