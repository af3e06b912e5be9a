//! HAProxy where a cluster has its gateway and its services: routes from the rendered route, endpoints
//! as pods become ready and go.
//!
//! It tries nothing twice: whatever a replica fails to answer is seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::Mutex,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use super::manifest::{Manifests, Route};
use crate::support::{free_port, wait_for};

/// Endpoints that a service may have at once, those that go included.
const ENDPOINTS_MAX: usize = 16;

/// Ends with the value.
pub struct Proxy {
    pub address: SocketAddr,
    files: TempDir,
    child: Child,
    endpoints: Mutex<BTreeMap<(String, SocketAddr), usize>>,
}

impl Proxy {
    pub fn start(manifests: &Manifests) -> Self {
        let files = TempDir::new().expect("a directory");
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let config = files.path().join("haproxy.cfg");
        let text = config_text(&manifests.routes(), address, &files);
        fs::write(&config, text).expect("a file");
        let child = Command::new("haproxy")
            .arg("-f")
            .arg(&config)
            .stdin(Stdio::null())
            .stderr(fs::File::create(files.path().join("log")).expect("a log file"))
            .spawn()
            .expect("haproxy starts: make setup installs it");
        Self { address, files, child, endpoints: Mutex::default() }
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on requests go to this pod, too.
    pub async fn add(&self, service: &str, pod: SocketAddr) {
        let slot = {
            let mut endpoints = self.endpoints.lock().expect("no thread panics with it");
            let of_service = endpoints.iter().filter(|((name, _), _)| name == service);
            let used: BTreeSet<usize> = of_service.map(|(_, slot)| *slot).collect();
            let free = (1..=ENDPOINTS_MAX).find(|slot| !used.contains(slot)).expect("a free slot");
            endpoints.insert((service.to_owned(), pod), free);
            free
        };
        let server = format!("{service}/pod{slot}");
        self.tell(&format!("set server {server} addr {} port {}", pod.ip(), pod.port())).await;
        self.tell(&format!("set server {server} state ready")).await;
    }

    /// No new requests for this pod; what it has goes on.
    pub async fn withdraw(&self, service: &str, pod: SocketAddr) {
        let slot = self.slot(service, pod);
        self.tell(&format!("set server {service}/pod{slot} state drain")).await;
    }

    /// The pod is gone.
    pub async fn forget(&self, service: &str, pod: SocketAddr) {
        let slot = self.slot(service, pod);
        self.tell(&format!("set server {service}/pod{slot} state maint")).await;
        let mut endpoints = self.endpoints.lock().expect("no thread panics with it");
        endpoints.remove(&(service.to_owned(), pod));
    }

    fn slot(&self, service: &str, pod: SocketAddr) -> usize {
        let endpoints = self.endpoints.lock().expect("no thread panics with it");
        endpoints[&(service.to_owned(), pod)]
    }

    async fn tell(&self, command: &str) {
        let path = self.files.path().join("admin");
        let mut socket =
            wait_for("haproxy", 10, || async { UnixStream::connect(&path).await.ok() }).await;
        socket.write_all(format!("{command}\n").as_bytes()).await.expect("haproxy listens");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.expect("haproxy answers");
        let is_fine = answer.trim().is_empty() || answer.contains("changed from");
        assert!(is_fine, "{command}: {answer}");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config_text(routes: &[Route], address: SocketAddr, files: &TempDir) -> String {
    let admin = files.path().join("admin");
    let mut text = format!(
        "global\n  stats socket {} level admin\n  maxconn 8000\n\
         defaults\n  mode http\n  timeout connect 2s\n  timeout client 60s\n  timeout server 60s\n  \
         timeout tunnel 1h\n  retries 0\n  option forwardfor\n\
         frontend public\n  bind {address}\n",
        admin.display()
    );
    // The order of the Gateway API: the whole path, then expressions, then the longest beginning.
    let mut routes: Vec<&Route> = routes.iter().collect();
    routes.sort_by_key(|route| match route.kind.as_str() {
        "Exact" => (0, 0),
        "RegularExpression" => (1, 0),
        "PathPrefix" => (2, usize::MAX - route.path.len()),
        other => panic!("a route by {other}"),
    });
    for route in &routes {
        let condition = match route.kind.as_str() {
            "Exact" => format!("path '{}'", route.path),
            "RegularExpression" => format!("path_reg '{}'", route.path),
            _ => format!("path '{0}' || path_beg '{0}/'", route.path),
        };
        let condition = condition.replace(" || ", " } || { ");
        writeln!(text, "  use_backend {} if {{ {condition} }}", route.service).expect("a text");
    }
    let services: BTreeSet<&str> = routes.iter().map(|route| route.service.as_str()).collect();
    for service in services {
        writeln!(
            text,
            "backend {service}\n  balance roundrobin\n  \
             server-template pod 1-{ENDPOINTS_MAX} 127.0.0.1:1 disabled"
        )
        .expect("a text");
    }
    text
}
