//! `/livez`: the process answers. `/readyz`: every named part does, and the process is not ending.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::future::join_all;
use serde::Serialize;

use crate::http::Json;

/// A part that does not answer within this time is failing.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

type Check = dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync;

struct Probe {
    name: &'static str,
    check: Box<Check>,
}

/// The parts that readiness depends on. Clones share the state of draining.
#[derive(Clone, Default)]
pub struct Health {
    probes: Arc<Vec<Probe>>,
    draining: Arc<AtomicBool>,
}

/// The body of `/livez` and `/readyz`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HealthReport {
    /// `live`, `ready`, `unready` or `draining`.
    pub status: &'static str,
    /// Names of the failing parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failing: Vec<&'static str>,
}

impl Health {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part under the name that `/readyz` tells, e.g. `redis`. The check says why it fails
    /// in its own log, not here. To be called before the first clone.
    #[must_use]
    pub fn with_probe<F, Fut, E>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let check = Box::new(move || {
            let answer = check();
            Box::pin(async move { answer.await.is_ok() }) as Pin<Box<_>>
        });
        let probes = Arc::get_mut(&mut self.probes).expect("no clone exists yet");
        probes.push(Probe { name, check });
        self
    }

    /// From now on not ready: the process is about to end.
    pub fn set_draining(&self) {
        self.draining.store(true, Ordering::SeqCst);
        self.show_draining();
    }

    fn show_draining(&self) {
        let draining = self.draining.load(Ordering::SeqCst);
        metrics::gauge!("holdfast_draining").set(f64::from(u8::from(draining)));
    }

    /// Asks all parts at once; their names when they fail.
    pub async fn failing(&self) -> Vec<&'static str> {
        let answers = self.probes.iter().map(|probe| async {
            let answer = tokio::time::timeout(PROBE_TIMEOUT, (probe.check)()).await;
            let answers = answer.unwrap_or(false);
            metrics::gauge!("holdfast_ready", "part" => probe.name)
                .set(f64::from(u8::from(answers)));
            (!answers).then_some(probe.name)
        });
        join_all(answers).await.into_iter().flatten().collect()
    }

    /// `GET /livez` and `GET /readyz`.
    pub fn router(self) -> Router {
        self.show_draining();
        Router::new().route("/livez", get(livez)).route("/readyz", get(readyz)).with_state(self)
    }
}

async fn livez() -> Json<HealthReport> {
    Json(HealthReport { status: "live", failing: Vec::new() })
}

async fn readyz(State(health): State<Health>) -> Response {
    let failing = health.failing().await;
    let status = match (health.draining.load(Ordering::SeqCst), failing.is_empty()) {
        (true, _) => "draining",
        (false, true) => "ready",
        (false, false) => "unready",
    };
    let code = if status == "ready" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(HealthReport { status, failing })).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn ask(health: &Health, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = health.clone().router().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn readiness_names_the_failing_part() {
        let broken = Arc::new(AtomicBool::new(false));
        let switch = broken.clone();
        let health = Health::new().with_probe("database", || async { Ok::<_, ()>(()) }).with_probe(
            "redis",
            move || {
                let broken = switch.load(Ordering::SeqCst);
                async move { if broken { Err("refused") } else { Ok(()) } }
            },
        );
        assert_eq!(ask(&health, "/readyz").await, (200, r#"{"status":"ready"}"#.into()));
        broken.store(true, Ordering::SeqCst);
        let unready = r#"{"status":"unready","failing":["redis"]}"#;
        assert_eq!(ask(&health, "/readyz").await, (503, unready.into()));
        assert_eq!(ask(&health, "/livez").await, (200, r#"{"status":"live"}"#.into()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_never_answers_is_failing() {
        let health = Health::new().with_probe("redis", std::future::pending::<Result<(), ()>>);
        assert_eq!(health.failing().await, ["redis"]);
    }

    #[tokio::test]
    async fn a_draining_process_is_not_ready() {
        let health = Health::new();
        health.clone().set_draining();
        assert_eq!(ask(&health, "/readyz").await, (503, r#"{"status":"draining"}"#.into()));
    }
}
