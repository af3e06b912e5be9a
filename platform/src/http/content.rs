//! Bytes that many ask for and that seldom change: plain and compressed, each with its strong ETag.

use std::io::Write as _;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use data_encoding::HEXLOWER;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

/// Ready to be sent; made once. Compressing costs some 20 ms a megabyte.
pub struct Content {
    media_type: &'static str,
    plain: Encoded,
    gzip: Encoded,
}

/// The bytes in one content coding.
struct Encoded {
    bytes: Bytes,
    /// Quoted; 128 bits of the content's SHA-256 and, as the bytes differ, the coding.
    etag: HeaderValue,
}

impl Content {
    pub fn new(media_type: &'static str, bytes: Bytes) -> Self {
        let tag = HEXLOWER.encode(&Sha256::digest(&bytes)[..16]);
        let encoded = |bytes: Bytes, tag: String| Encoded {
            bytes,
            etag: HeaderValue::from_str(&tag).expect("hexadecimal digits are visible ASCII"),
        };
        Self {
            media_type,
            gzip: encoded(compress(&bytes), format!("\"{tag}-gzip\"")),
            plain: encoded(bytes, format!("\"{tag}\"")),
        }
    }

    /// The content, compressed for those who take it, or 304 when the caller has it. It may be kept,
    /// but is asked about each time: that is what the ETag is for.
    pub fn respond(&self, asked: &HeaderMap) -> Response {
        let is_compressed = accepts_gzip(asked);
        let encoded = if is_compressed { &self.gzip } else { &self.plain };
        let is_known = knows(asked, &encoded.etag);
        let mut response = Response::new(match is_known {
            true => Body::empty(),
            false => Body::from(encoded.bytes.clone()),
        });
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        if is_compressed && !is_known {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(header::ETAG, encoded.etag.clone());
        response
    }
}

fn compress(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let compressed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    compressed.expect("memory takes every write").into()
}

/// Whether `Accept-Encoding` takes gzip (RFC 9110, 12.5.3): by its name, else by `*`; `q=0` refuses.
fn accepts_gzip(asked: &HeaderMap) -> bool {
    let taken = |wanted: &str| {
        listed(asked, header::ACCEPT_ENCODING).find_map(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse().ok());
            let is_taken = weight.is_some_and(|weight: f32| weight > 0.0);
            name.trim().eq_ignore_ascii_case(wanted).then_some(is_taken)
        })
    };
    taken("gzip").or_else(|| taken("*")).unwrap_or(false)
}

/// Whether `If-None-Match` names the tag: compared weakly (RFC 9110, 13.1.2).
fn knows(asked: &HeaderMap, etag: &HeaderValue) -> bool {
    listed(asked, header::IF_NONE_MATCH).any(|tag| {
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes()
    })
}

/// The items of a header that is a list.
fn listed(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: header::HeaderName, lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, line.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_tag_is_found_among_several_and_in_its_weak_form() {
        let finds = |lines: &[&str]| {
            knows(&asked(header::IF_NONE_MATCH, lines), &HeaderValue::from_static("\"b\""))
        };
        assert!(finds(&["\"a\", W/\"b\""]) && finds(&["\"a\"", "\"b\""]) && finds(&["*"]));
        assert!(!finds(&["\"ab\""]) && !finds(&[]));
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let takes = |line: &str| accepts_gzip(&asked(header::ACCEPT_ENCODING, &[line]));
        for line in ["gzip", "br, GZIP;q=0.5", "*", "identity;q=0, *;q=0.1"] {
            assert!(takes(line), "{line}");
        }
        for line in ["", "br", "gzip;q=0, *", "gzip;q=x", "identity"] {
            assert!(!takes(line), "{line}");
        }
    }

    #[test]
    fn each_coding_has_a_tag_of_its_own() {
        let content = Content::new("text/css", Bytes::from_static(b"a { color: red }"));
        let plain = content.respond(&HeaderMap::new());
        let gzip = content.respond(&asked(header::ACCEPT_ENCODING, &["gzip"]));
        assert_ne!(plain.headers()[header::ETAG], gzip.headers()[header::ETAG]);
        assert_eq!(gzip.headers()[header::CONTENT_ENCODING], "gzip");
        assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        let tag = plain.headers()[header::ETAG].to_str().unwrap();
        let again = content.respond(&asked(header::IF_NONE_MATCH, &[tag]));
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other = content.respond(&asked(header::IF_NONE_MATCH, &["\"x\""]));
        assert_eq!(other.status(), StatusCode::OK);
    }
}
