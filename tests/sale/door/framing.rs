//! Request smuggling: bytes that two readers could part differently never become a second request.

use super::{
    server,
    vital::{assert_vital_is_answered, options},
    wire::Door,
};

/// What an attacker hides behind the first request: 404 if it is ever answered.
const HIDDEN: &str = "GET /v1/hidden HTTP/1.1\r\nHost: shop.example\r\n\r\n";
const POST: &str = "POST /v1/orders HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n\
    Idempotency-Key: a-key-that-nobody-else-uses\r\n";
const CHUNKED: &str = "2\r\n{}\r\n0\r\n\r\n";

/// Lengths that contradict themselves, or that readers read differently. After each, bytes that a
/// lenient reader would take for the body.
const LENGTHS: [(&str, &str); 24] = [
    ("Content-Length: 12\r\nTransfer-Encoding: chunked\r\n", CHUNKED),
    ("Transfer-Encoding: chunked\r\nContent-Length: 12\r\n", CHUNKED),
    ("Transfer-Encoding: chunked\r\nContent-Length: many\r\n", CHUNKED),
    ("Content-Length: 60\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ("Content-Length: 2\r\nContent-Length: 60\r\n", "{}"),
    ("Content-Length: 60\r\nContent-Length: 2\r\n", "{}"),
    ("Content-Length: 2, 2\r\n", "{}"),
    ("Content-Length: 2, 60\r\n", "{}"),
    ("Content-Length: +2\r\n", "{}"),
    ("Content-Length: -2\r\n", "{}"),
    ("Content-Length: 0x2\r\n", "{}"),
    ("Content-Length: 2 \t60\r\n", "{}"),
    ("Content-Length:\r\n", "{}"),
    ("Content-Length: 18446744073709551618\r\n", "{}"),
    ("Content-Length : 2\r\n", "{}"),
    ("Content-Length: 2\r\nTransfer-Encoding : chunked\r\n", "{}"),
    ("Transfer-Encoding: xchunked\r\n", CHUNKED),
    ("Transfer-Encoding: chunked, identity\r\n", CHUNKED),
    ("Transfer-Encoding: identity, chunked\r\n", CHUNKED),
    ("Transfer-Encoding: gzip, chunked\r\n", CHUNKED),
    ("Transfer-Encoding: chunked, chunked\r\n", CHUNKED),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", CHUNKED),
    ("Transfer-Encoding: \x0bchunked\r\n", CHUNKED),
    ("Transfer-Encoding:\r\n chunked\r\nContent-Length: 2\r\n", "{}"),
];

/// Chunks that are none.
const CHUNKS: [&str; 11] = [
    "2\n{}\n0\n\n",
    "2\r{}\r0\r\r",
    "2;\nx\r\n{}\r\n0\r\n\r\n",
    "10000000000000002\r\n{}\r\n0\r\n\r\n",
    "fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "-2\r\n{}\r\n0\r\n\r\n",
    "0x2\r\n{}\r\n0\r\n\r\n",
    " 2\r\n{}\r\n0\r\n\r\n",
    "\r\n2\r\n{}\r\n0\r\n\r\n",
    "2\r\n{}x\r\n0\r\n\r\n",
    "2\r\n{}\r\n0\r\nX : y\r\n\r\n",
];

/// Heads that are none.
const HEADS: [&str; 18] = [
    "GET /livez hidden HTTP/1.1\r\nHost: shop.example\r\n\r\n",
    "GET /live\0z HTTP/1.1\r\nHost: shop.example\r\n\r\n",
    "GET  /livez HTTP/1.1\r\nHost: shop.example\r\n\r\n",
    "GET\t/livez HTTP/1.1\r\nHost: shop.example\r\n\r\n",
    "GET /livez\r\n\r\n",
    "GET /livez HTTP/1.2\r\nHost: shop.example\r\n\r\n",
    "GET /livez HTTP/1.1\rHost: shop.example\r\r",
    "GET /livez HTTP/1.1\r\n Host: shop.example\r\n\r\n",
    "GET /livez HTTP/1.1\r\nHost: shop.example\r\nX-Folded: a\r\n b\r\n\r\n",
    "GET /livez HTTP/1.1\r\nHost: shop.example\r\nX-Nul: a\0b\r\n\r\n",
    "GET /livez HTTP/1.1\r\nHost: shop.example\r\nX-Return: a\rX-B: b\r\n\r\n",
    "GET /livez HTTP/1.1\r\nHost : shop.example\r\n\r\n",
    "GET /livez HTTP/1.1\r\nHost: shop.example\r\n: nameless\r\n\r\n",
    "GET /livez HTTP/1.1\r\nHost: shop.example\r\nX-Colonless\r\n\r\n",
    "GET /livez HTTP/1.1\r\nHost: shop.example\r\nHost: other.example\r\n\r\n",
    "GET /livez HTTP/1.1\r\nAccept: */*\r\n\r\n",
    "POST /v1/orders HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_behind_an_ambiguous_request_is_ever_answered() {
    let server = server(options()).await;
    let door = Door::of(&server);
    let lengths = LENGTHS.iter().map(|(headers, body)| format!("{POST}{headers}\r\n{body}"));
    let chunks =
        CHUNKS.iter().map(|chunks| format!("{POST}Transfer-Encoding: chunked\r\n\r\n{chunks}"));
    let heads = HEADS.iter().map(|head| (*head).to_owned());
    let mut tried = 0;
    for attack in lengths.chain(chunks).chain(heads) {
        // The connection is closed by the server, or this never returns.
        let heard = door.exchange(format!("{attack}{HIDDEN}")).await;
        let reads_both =
            attack.contains("Content-Length: ") && attack.contains("Encoding: chunked");
        match heard.statuses()[..] {
            [] | [400 | 414 | 431] => {}
            // Both lengths: chunked counts, as RFC 9112 has it, and it was the last request.
            [422] if reads_both => {}
            _ => panic!("{attack:?}: {}", heard.0),
        }
        tried += 1;
    }
    assert_eq!(tried, LENGTHS.len() + CHUNKS.len() + HEADS.len());
    assert_eq!(assert_vital_is_answered(door).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_within_a_body_is_part_of_the_body() {
    let server = server(options()).await;
    let door = Door::of(&server);
    let (length, last) = (HIDDEN.len(), super::wire::get("/livez", ""));
    for (first, statuses) in [
        // Read, and no JSON.
        (format!("{POST}Content-Length: {length}\r\n\r\n{HIDDEN}"), vec![400, 200]),
        (
            format!("{POST}Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{HIDDEN}\r\n0\r\n\r\n"),
            vec![400, 200],
        ),
        (
            format!(
                "{POST}Transfer-Encoding: CHUNKED\r\n\r\n{length:x};a=b\r\n{HIDDEN}\r\n0\r\n\r\n"
            ),
            vec![400, 200],
        ),
        // Not read: thrown away with the request it belongs to, or the connection is closed.
        (
            format!("GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
            vec![200, 200],
        ),
        (
            format!(
                "DELETE /livez HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"
            ),
            vec![405, 200],
        ),
        // Addressed to somebody else: answered as it would be here.
        (
            "GET http://other.example/livez HTTP/1.1\r\nHost: shop.example\r\n\r\n".into(),
            vec![200, 200],
        ),
        ("GET http://other.example/v1/hidden HTTP/1.1\r\nHost: a\r\n\r\n".into(), vec![404, 200]),
        // What is no tunnel stays a request.
        (
            "CONNECT other.example:80 HTTP/1.1\r\nHost: other.example:80\r\n\r\n".into(),
            vec![404, 200],
        ),
        (
            "GET /livez HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n".into(),
            vec![200, 200],
        ),
    ] {
        let heard = door.exchange(format!("{first}{last}")).await;
        let found = heard.statuses();
        assert!(found == statuses || found == statuses[..1], "{first:?}: {}", heard.0);
    }
}
