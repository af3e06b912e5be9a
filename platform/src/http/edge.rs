//! The layers around every router, from the outside in: request id and span, panic, headers, origin,
//! rate limit; and on the way out every bare refusal becomes a problem.

use std::{net::IpAddr, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use domain::time::Clock;
use futures_util::FutureExt;
use tokio::time::Instant;
use tracing::{Instrument, Span, field};

use super::{
    Allowance, ClientAddress, CorsOrigins, IpNetwork, Problem, RateLimiter, RequestId,
    meters::Meters,
    names::{RATE_LIMIT_LIMIT, RATE_LIMIT_REMAINING, RATE_LIMIT_RESET, REQUEST_ID},
    path_ids::PathIds,
    request_id::trace_id,
};
use crate::{Secret, Settings, Tasks, random, telemetry::traces};

/// What the edge needs to know; the default has an organiser's token that nobody knows, trusts no
/// proxy, allows no other origin and limits nobody.
#[derive(Clone, Debug)]
pub struct EdgeSettings {
    pub organizer_token: Secret,
    pub trusted_proxies: Vec<IpNetwork>,
    pub cors_origins: CorsOrigins,
    /// 0: no limit.
    pub rate_limit_per_minute: u32,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            organizer_token: Secret::new(random::token()),
            trusted_proxies: Vec::new(),
            cors_origins: CorsOrigins::default(),
            rate_limit_per_minute: 0,
        }
    }
}

impl EdgeSettings {
    pub fn new(settings: &Settings, organizer_token: Secret) -> Self {
        Self {
            organizer_token,
            trusted_proxies: settings.trusted_proxies.clone(),
            cors_origins: settings.cors_origins.clone(),
            rate_limit_per_minute: settings.rate_limit_per_minute,
        }
    }
}

/// What surrounds the routes of one process.
pub struct Edge {
    settings: EdgeSettings,
    limiter: Option<Arc<RateLimiter>>,
    meters: Meters,
}

impl Edge {
    pub fn new(settings: EdgeSettings, clock: Arc<dyn Clock>) -> Self {
        let limit = settings.rate_limit_per_minute;
        let limiter = (limit > 0).then(|| Arc::new(RateLimiter::new(limit, clock)));
        Self { settings, limiter, meters: Meters::new() }
    }

    /// Puts the layers around `router`; its extractors find this edge in each request. Routes that
    /// are added afterwards stand outside.
    pub fn wrap(self: Arc<Self>, router: Router) -> Router {
        router.layer(from_fn_with_state(self, surround))
    }

    /// Starts what keeps the limiter's memory small.
    pub fn spawn_tasks(&self, tasks: &Tasks) {
        if let Some(limiter) = &self.limiter {
            tasks.spawn("rate_limit", limiter.clone().run_forgetting());
        }
    }

    /// What counts requests per address; `None`: nothing is limited.
    pub fn limiter(&self) -> Option<&Arc<RateLimiter>> {
        self.limiter.as_ref()
    }

    pub(super) fn is_organizer(&self, token: &str) -> bool {
        self.settings.organizer_token.matches(token)
    }

    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.settings.trusted_proxies.iter().any(|network| network.contains(address))
    }

    /// `None`: this request is not limited.
    fn count(&self, request: &Request) -> Option<Allowance> {
        let limiter = self.limiter.as_ref()?;
        if is_exempt(request.method(), request.uri().path()) {
            return None;
        }
        let address = ClientAddress::read(request.extensions(), request.headers(), self);
        Some(limiter.check(address.bucket()))
    }

    /// What logs of this request have in common. `route` is the template, not the path, which is
    /// unbounded and whose query may carry a token; of the path there are the ids only.
    pub(super) fn span(
        &self,
        method: &Method,
        route: &str,
        path: &str,
        id: &RequestId,
        headers: &HeaderMap,
    ) -> Span {
        let named = PathIds::read(route, path);
        let span = tracing::info_span!(
            "request",
            otel.kind = field::Empty,
            otel.name = field::Empty,
            %method,
            route,
            event = named.event,
            hold = named.hold,
            order = named.order,
            request_id = id.as_str(),
            trace_id = trace_id(headers),
        );
        traces::begin_request(&span, method, route, headers);
        span
    }

    /// Lets a page of an allowed origin read the answer to a request with these headers.
    pub(super) fn mark_origin(&self, asked: &HeaderMap, response: &mut Response) {
        let cors = &self.settings.cors_origins;
        cors.mark(cors.origin_of(asked), response.headers_mut());
    }

    /// What every answer carries.
    pub(super) fn finish(&self, response: &mut Response, id: RequestId) {
        secure(response.headers_mut());
        response.headers_mut().insert(REQUEST_ID, id.into_value());
    }

    pub(super) fn record(
        &self,
        span: &Span,
        method: &Method,
        route: &str,
        status: StatusCode,
        started: Instant,
    ) {
        traces::end_request(span, status);
        let (status, seconds) = (status.as_u16(), started.elapsed().as_secs_f64());
        self.meters.record(method, route, status, seconds);
        span.in_scope(|| match status >= 500 {
            true => tracing::warn!(status, seconds, "answered"),
            false => tracing::info!(status, seconds, "answered"),
        });
    }
}

/// Webhook, sandbox, health, metrics, pages and their files, queue status and stream, and sockets
/// have limits of their own or none.
fn is_exempt(method: &Method, path: &str) -> bool {
    const PATHS: [&str; 8] = [
        "/",
        "/livez",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/asyncapi.json",
        "/docs",
        "/favicon.ico",
    ];
    const FOLDERS: [&str; 6] =
        ["/sandbox/", "/docs/", "/assets/", "/client/", "/events/", "/orders/"];
    if path == "/v1/stripe/webhook" || path.starts_with("/sandbox/") {
        return true;
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        return false;
    }
    let is_of_event = path.starts_with("/v1/events/");
    PATHS.contains(&path)
        || FOLDERS.iter().any(|folder| path.starts_with(folder))
        || (is_of_event
            && ["/queue", "/queue/stream", "/live"].iter().any(|end| path.ends_with(end)))
}

async fn surround(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let _in_flight = edge.meters.begin();
    let id = RequestId::take_or_make(request.headers());
    let method = request.method().clone();
    let template = request.extensions().get::<MatchedPath>().cloned();
    let route = template.as_ref().map_or("unmatched", MatchedPath::as_str);
    let span = edge.span(&method, route, request.uri().path(), &id, request.headers());
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(edge.clone());

    let mut response = answer(&edge, request, next).instrument(span.clone()).await;
    edge.finish(&mut response, id);
    edge.record(&span, &method, route, response.status(), started);
    response
}

async fn answer(edge: &Edge, request: Request, next: Next) -> Response {
    let cors = &edge.settings.cors_origins;
    if let Some(answer) = cors.preflight(request.method(), request.headers()) {
        return answer;
    }
    let origin = cors.origin_of(request.headers());
    let allowance = edge.count(&request);
    let mut response = match allowance {
        Some(Allowance { admitted: false, reset_seconds, .. }) => {
            Problem::rate_limited(reset_seconds).into_response()
        }
        _ => run(edge, request, next).await,
    };
    response = as_problem(response);
    let headers = response.headers_mut();
    if let Some(allowance) = allowance {
        headers.insert(RATE_LIMIT_LIMIT, HeaderValue::from(allowance.limit));
        headers.insert(RATE_LIMIT_REMAINING, HeaderValue::from(allowance.remaining));
        headers.insert(RATE_LIMIT_RESET, HeaderValue::from(allowance.reset_seconds));
    }
    cors.mark(origin, headers);
    response
}

/// Runs the route; a panic ends this request only.
async fn run(edge: &Edge, request: Request, next: Next) -> Response {
    // The request's state is dropped with the panic; what is shared guards itself.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            // The panic hook has logged where and why.
            edge.meters.panics.increment(1);
            Problem::internal().into_response()
        }
    }
}

/// A refusal in plain text or without a body (an unknown route, another method, an extractor of the
/// framework) becomes a problem. Bodies in JSON are somebody's own, e.g. the sandbox's.
fn as_problem(response: Response) -> Response {
    let status = response.status();
    let media_type = response.headers().get(header::CONTENT_TYPE);
    let is_bare = media_type.is_none_or(|value| value.as_bytes().starts_with(b"text/plain"));
    if !(status.is_client_error() || status.is_server_error()) || !is_bare {
        return response;
    }
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::unknown_route(),
        StatusCode::METHOD_NOT_ALLOWED => Problem::method_not_allowed(),
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(status, "body_too_large", "The body is too large")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::unsupported_media_type("see the documentation of this operation")
        }
        StatusCode::REQUEST_TIMEOUT => Problem::request_timeout(),
        status if status.is_client_error() => {
            Problem::new(status, "invalid_request", "The request is not valid")
        }
        StatusCode::SERVICE_UNAVAILABLE => Problem::unavailable("unavailable"),
        _ => Problem::internal(),
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut response = problem.into_response();
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

fn secure(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A handler that knows better (a chart with its ETag) has said so.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
