//! One replica: a process with a container's arguments and environment, and what its kubelet asks.

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU8, Ordering},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::manifest::{PodSpec, Probe};
use crate::support::wait_for;

const POLL: Duration = Duration::from_millis(50);

/// A process; ends with the value.
pub struct Pod {
    pub spec: PodSpec,
    pub address: SocketAddr,
    http: reqwest::Client,
    child: Child,
    volumes: TempDir,
}

/// How a pod ended.
pub enum End {
    InTime(Duration),
    Killed,
}

impl Pod {
    pub fn start(spec: &PodSpec) -> Self {
        let volumes = TempDir::new().expect("a directory");
        let address = SocketAddr::from((own_address(), spec.port.expect("a port named http")));
        let child = command(spec, &volumes, address).spawn().expect("holdfast starts");
        let http = reqwest::Client::builder().pool_max_idle_per_host(0).build();
        let http = http.expect("an HTTP client");
        Self { spec: spec.clone(), address, http, child, volumes }
    }

    /// Whether the probe's path answers 200 to 399 in time.
    pub async fn answers(&self, probe: &Probe) -> bool {
        let url = format!("http://{}{}", self.address, probe.path);
        match self.http.get(url).timeout(probe.timeout).send().await {
            Ok(answer) => answer.status().as_u16() < 400,
            Err(_) => false,
        }
    }

    /// Asks the startup probe until it answers, then the readiness probe.
    pub async fn wait_until_ready(&self) {
        for probe in [&self.spec.startup, &self.spec.readiness].into_iter().flatten() {
            let mut failures = 0;
            while !self.answers(probe).await {
                failures += 1;
                assert!(
                    failures < probe.failures.max(60),
                    "{} starts: {}",
                    self.spec.name,
                    self.log()
                );
                // More often than it says: a test has no hour.
                sleep(probe.period.min(Duration::from_millis(200))).await;
            }
        }
    }

    /// The kubelet's way to end a pod that is no endpoint any more: the hook, SIGTERM, patience, SIGKILL.
    pub async fn end(&mut self) -> End {
        let began = Instant::now();
        sleep(self.spec.pre_stop).await;
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
        assert!(told.success(), "{} was there to be ended", self.spec.name);
        let left = self.spec.grace.saturating_sub(began.elapsed());
        match timeout(left, self.wait()).await {
            Ok(status) if status.success() => End::InTime(began.elapsed()),
            Ok(status) => panic!("{} ended with {status}: {}", self.spec.name, self.log()),
            Err(_) => {
                let _ = self.child.kill();
                let _ = self.child.wait();
                End::Killed
            }
        }
    }

    async fn wait(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().expect("the process can be asked") {
                return status;
            }
            sleep(POLL).await;
        }
    }

    pub fn log(&self) -> String {
        log(&self.volumes)
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A job: runs to its end, which must be a good one.
pub async fn run_to_end(spec: &PodSpec) {
    let volumes = TempDir::new().expect("a directory");
    let address = SocketAddr::from((own_address(), 1));
    let mut child = command(spec, &volumes, address).spawn().expect("holdfast starts");
    let status = wait_for("the job's end", 60, || {
        let ended = child.try_wait().expect("the process can be asked");
        async move { ended }
    })
    .await;
    assert!(status.success(), "{}: {}", spec.name, log(&volumes));
}

/// Each pod has an address of its own, as in a cluster.
fn own_address() -> Ipv4Addr {
    static LAST: AtomicU8 = AtomicU8::new(1);
    Ipv4Addr::new(127, 1, 0, LAST.fetch_add(1, Ordering::Relaxed) + 1)
}

fn command(spec: &PodSpec, volumes: &TempDir, address: SocketAddr) -> Command {
    let log = File::options().create(true).append(true).open(volumes.path().join("log"));
    let log = log.expect("a log file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast"));
    command
        .args(&spec.arguments)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log);
    for (name, value) in &spec.environment {
        let mut value = value.replace("0.0.0.0:", &format!("{}:", address.ip()));
        if let Some(mount) = spec.mounts.iter().find(|mount| value.starts_with(*mount)) {
            value = format!("{}{mount}", volumes.path().display());
            std::fs::create_dir_all(&value).expect("a directory");
        }
        command.env(name, value);
    }
    command
}

fn log(volumes: &TempDir) -> String {
    let text = std::fs::read_to_string(volumes.path().join("log")).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
