//! Every page and static file on one page. The waiting page belongs to the waiting room's router.

use axum::{
    Router,
    extract::{Path, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use platform::http::Content;

use crate::{
    files::find,
    headers::{Policy, secure},
};

/// The pages and the files they load. Answers GET and HEAD.
pub fn router() -> Router {
    Router::new()
        .route("/", get(|headers| page("events.html", Policy::Own, headers)))
        .route("/events/{event}", get(|headers| page("event.html", Policy::Own, headers)))
        .route("/events/{event}/seats", get(|headers| page("seats.html", Policy::Own, headers)))
        .route("/orders/{order}", get(|headers| page("order.html", Policy::Payment, headers)))
        .route("/favicon.ico", get(|headers| serve_file("assets/favicon.svg".to_owned(), headers)))
        .route(
            "/assets/{*path}",
            get(|Path(path): Path<String>, headers| serve_file(format!("assets/{path}"), headers)),
        )
        .route(
            "/client/{*path}",
            get(|Path(path): Path<String>, headers| serve_file(format!("client/{path}"), headers)),
        )
}

/// The answer to an address that nothing serves: a page for a browser that asks for one, else
/// nothing but the status.
pub async fn not_found(request: Request) -> Response {
    let is_api = ["/v1/", "/sandbox/"].iter().any(|root| request.uri().path().starts_with(root));
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let wants_page = accept.is_some_and(|accept| accept.contains("text/html"));
    match find("pages/not-found.html") {
        Some(file) if wants_page && !is_api => {
            let mut response = send(file, Policy::Own, &HeaderMap::new());
            *response.status_mut() = StatusCode::NOT_FOUND;
            response.headers_mut().remove(header::ETAG);
            response.headers_mut().remove(header::VARY);
            response
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn page(name: &'static str, policy: Policy, headers: HeaderMap) -> Response {
    match find(&format!("pages/{name}")) {
        Some(file) => send(file, policy, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn serve_file(path: String, headers: HeaderMap) -> Response {
    match find(&path) {
        Some(file) => {
            let mut response = send(file, Policy::Own, &headers);
            if path.starts_with("client/") {
                // Made to be imported by pages of other origins.
                let headers = response.headers_mut();
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
                headers.insert(
                    "cross-origin-resource-policy",
                    HeaderValue::from_static("cross-origin"),
                );
            }
            response
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn send(file: &Content, policy: Policy, asked: &HeaderMap) -> Response {
    let mut response = file.respond(asked);
    secure(response.headers_mut(), policy);
    response
}
