//! The files that the program carries, by path.

use std::{collections::HashMap, sync::LazyLock};

use axum::body::Bytes;
use platform::http::Content;

/// Path below the package and bytes, as `build.rs` found them.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

static FILES: LazyLock<HashMap<&'static str, Content>> = LazyLock::new(|| {
    EMBEDDED
        .iter()
        .map(|(path, bytes)| (*path, Content::new(media_type(path), with_shared(path, bytes))))
        .collect()
});

/// A page names a part that it shares with others as `<!-- shared/header.html -->`; the part comes
/// in its place.
const SHARED: &str = "pages/shared/";

fn with_shared(path: &str, bytes: &'static [u8]) -> Bytes {
    let whole = Bytes::from_static(bytes);
    if !path.starts_with("pages/") {
        return whole;
    }
    let Ok(mut page) = String::from_utf8(bytes.to_vec()) else { return whole };
    for (part, text) in EMBEDDED.iter().filter(|(part, _)| part.starts_with(SHARED)) {
        let mark = format!("<!-- {} -->", part.trim_start_matches("pages/"));
        page = page.replace(&mark, String::from_utf8_lossy(text).trim());
    }
    page.into()
}

/// `path` as in the package, e.g. `assets/base.css`.
pub(crate) fn find(path: &str) -> Option<&'static Content> {
    FILES.get(path)
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("md") => "text/markdown; charset=utf-8",
        Some("ts") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
