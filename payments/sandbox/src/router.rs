//! Every route of the sandbox on one page.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::Method,
    response::Response,
    routing::{MethodFilter, get, on},
};
use serde_json::Value;

use crate::{
    account::Shared,
    call::Call,
    challenge, control,
    failure::Failure,
    operations::*,
    pipeline,
    reply::{Reply, preflight},
    transaction::Transaction,
};

/// One endpoint of the API.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    /// POST; otherwise GET.
    pub(crate) writes: bool,
    pub(crate) path: &'static str,
    /// What its calls are counted under for the rate limit.
    pub(crate) name: &'static str,
    /// Whether a publishable key may call it.
    pub(crate) publishable: bool,
    pub(crate) run: Operation,
}

type Operation = fn(&mut Call, &mut Transaction<'_>) -> Result<Value, Failure>;

impl Endpoint {
    /// What stands in a path where this endpoint's has `{id}`.
    pub(crate) fn id_in<'a>(&self, path: &'a str) -> Option<&'a str> {
        self.path
            .split('/')
            .zip(path.split('/'))
            .find(|(part, _)| *part == "{id}")
            .map(|(_, id)| id)
    }
}

const fn read(path: &'static str, name: &'static str, run: Operation) -> Endpoint {
    Endpoint { writes: false, path, name, publishable: false, run }
}

const fn write(path: &'static str, name: &'static str, run: Operation) -> Endpoint {
    Endpoint { writes: true, path, name, publishable: false, run }
}

const fn browser(endpoint: Endpoint) -> Endpoint {
    Endpoint { publishable: true, ..endpoint }
}

static ENDPOINTS: &[Endpoint] = &[
    write("/v1/payment_intents", "create_intent", create_intent),
    read("/v1/payment_intents", "list_intents", list_intents),
    browser(read("/v1/payment_intents/{id}", "retrieve_intent", retrieve_intent)),
    write("/v1/payment_intents/{id}", "update_intent", update_intent),
    browser(write("/v1/payment_intents/{id}/confirm", "confirm_intent", confirm_intent)),
    write("/v1/payment_intents/{id}/capture", "capture_intent", capture_intent),
    write("/v1/payment_intents/{id}/cancel", "cancel_intent", cancel_intent),
    browser(write("/v1/payment_methods", "create_method", create_method)),
    read("/v1/payment_methods/{id}", "retrieve_method", retrieve_method),
    write("/v1/refunds", "create_refund", create_refund),
    read("/v1/refunds", "list_refunds", list_refunds),
    read("/v1/refunds/{id}", "retrieve_refund", retrieve_refund),
    write("/v1/refunds/{id}", "update_refund", update_refund),
    read("/v1/charges", "list_charges", list_charges),
    read("/v1/charges/{id}", "retrieve_charge", retrieve_charge),
    read("/v1/events", "list_events", list_events),
    read("/v1/events/{id}", "retrieve_event", retrieve_event),
];

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new()
        .route("/control", get(control::show).post(control::change))
        .route("/3ds/{id}", get(challenge::show).post(challenge::answer));
    for endpoint in ENDPOINTS {
        let method = if endpoint.writes { MethodFilter::POST } else { MethodFilter::GET };
        let handler = move |State(shared): State<Arc<Shared>>, request: Request| {
            pipeline::serve(shared, endpoint, request)
        };
        router = router.route(endpoint.path, on(method, handler));
    }
    router.fallback(unrecognized).method_not_allowed_fallback(unrecognized).with_state(shared)
}

/// Paths and methods that the API does not have; also a browser's question before a call.
async fn unrecognized(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return preflight();
    }
    let request_id = shared.account().ids.request();
    let failure = Failure::unrecognized_url(request.method().as_str(), request.uri().path());
    Reply::of_failure(&failure, &request_id, shared.now())
        .into_response(&request_id, request.headers())
}
