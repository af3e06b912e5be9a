//! The files that the program carries, by path, each with its type and its strong entity tag.

use std::{collections::HashMap, sync::LazyLock};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Path below the package and bytes, as `build.rs` found them.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

static FILES: LazyLock<HashMap<&'static str, File>> = LazyLock::new(|| {
    EMBEDDED.iter().map(|(path, bytes)| (*path, File::new(path, bytes))).collect()
});

/// One file, ready to be sent.
pub(crate) struct File {
    pub(crate) bytes: &'static [u8],
    pub(crate) media_type: &'static str,
    /// Quoted; 128 bits of the content's SHA-256.
    pub(crate) etag: String,
}

impl File {
    fn new(path: &str, bytes: &'static [u8]) -> Self {
        let digest = Sha256::digest(bytes);
        let etag = format!("\"{}\"", HEXLOWER.encode(&digest[..16]));
        Self { bytes, media_type: media_type(path), etag }
    }
}

/// `path` as in the package, e.g. `assets/base.css`.
pub(crate) fn find(path: &str) -> Option<&'static File> {
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
