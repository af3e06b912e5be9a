//! Asks the router as a browser does.

use std::io::Read as _;

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use flate2::read::GzDecoder;
use http_body_util::BodyExt;
use tower::ServiceExt;

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// As the sender wrote it, whatever its coding.
    pub text: String,
    /// Bytes that went over the wire.
    pub sent: usize,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

pub async fn get(path: &str) -> Answer {
    ask(Request::get(path).header(header::ACCEPT, "text/html").body(Body::empty())).await
}

pub async fn get_unless(path: &str, etag: &str) -> Answer {
    ask(Request::get(path).header(header::IF_NONE_MATCH, etag).body(Body::empty())).await
}

/// As a browser asks that takes these codings.
pub async fn get_coded(path: &str, codings: &str, etag: &str) -> Answer {
    let request = Request::get(path)
        .header(header::ACCEPT_ENCODING, codings)
        .header(header::IF_NONE_MATCH, etag);
    ask(request.body(Body::empty())).await
}

async fn ask(request: Result<Request<Body>, axum::http::Error>) -> Answer {
    let router = web::router().fallback(web::not_found);
    let response = router.oneshot(request.expect("a request")).await.expect("infallible");
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes();
    let mut text = String::new();
    let read = match parts.headers.get(header::CONTENT_ENCODING) {
        Some(_) => GzDecoder::new(bytes.as_ref()).read_to_string(&mut text),
        None => bytes.as_ref().read_to_string(&mut text),
    };
    read.expect("every file is text");
    Answer { status: parts.status, headers: parts.headers, text, sent: bytes.len() }
}

/// Which imports of a script count as loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// Those that come with the page.
    Static,
    /// Also those that the script may ask for later.
    All,
}

/// What an HTML, CSS or JavaScript file loads, as absolute paths. Data and other origins are left
/// out.
pub fn references(path: &str, text: &str, follow: Follow) -> Vec<String> {
    let marks: &[(&str, char)] = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") if follow == Follow::Static => &[(" from '", '\''), ("import '", '\'')],
        Some("js") => {
            &[(" from '", '\''), ("import '", '\''), ("import('", '\''), ("new URL('", '\'')]
        }
        Some("css") => &[("url(\"", '"'), ("@import \"", '"')],
        _ => &[("src=\"", '"'), ("href=\"", '"')],
    };
    let mut found = Vec::new();
    for (mark, end) in marks {
        for part in text.split(mark).skip(1) {
            let target = part.split(*end).next().unwrap_or_default();
            let is_file =
                ["/assets/", "/client/", "./", "../"].iter().any(|start| target.starts_with(start));
            if is_file && !target.contains("${") {
                found.push(resolve(path, target));
            }
        }
    }
    found
}

/// `target` as seen from the file at `path`.
fn resolve(path: &str, target: &str) -> String {
    if target.starts_with('/') {
        return target.to_owned();
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for step in target.split('/') {
        match step {
            "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// All that is loaded, directly or not, when `text` at `path` is opened.
pub async fn closure(path: &str, text: &str, follow: Follow) -> Vec<(String, String)> {
    let mut loaded: Vec<(String, String)> = Vec::new();
    let mut wanted = references(path, text, follow);
    while let Some(next) = wanted.pop() {
        if loaded.iter().any(|(known, _)| *known == next) {
            continue;
        }
        let answer = get(&next).await;
        assert_eq!(answer.status, StatusCode::OK, "{path} leads to {next}, which nothing serves");
        wanted.extend(references(&next, &answer.text, follow));
        loaded.push((next, answer.text));
    }
    loaded
}
