//! The pages and their files, asked for as a browser asks.

use std::{fs, path::Path};

use axum::http::StatusCode;

use crate::support::{Follow, closure, get, get_coded, get_unless};

/// Path and file of every page; the waiting page is a template and has tests of its own.
const PAGES: [(&str, &str); 4] = [
    ("/", "events.html"),
    ("/events/an-event", "event.html"),
    ("/events/an-event/seats", "seats.html"),
    ("/orders/ord_1", "order.html"),
];

fn files_below(folder: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(root).expect("below the root");
                files.push(format!("/{}", below.display()));
            }
        }
    }
    files
}

fn read(file: &str) -> String {
    fs::read_to_string(format!("{}{file}", env!("CARGO_MANIFEST_DIR"))).expect("a text file")
}

/// Pages, and the waiting page in a state that shows everything.
async fn all_html() -> Vec<(String, String)> {
    let mut pages = vec![("/events/an-event/queue".to_owned(), waiting_page())];
    for path in PAGES.map(|(path, _)| path).into_iter().chain(["/nowhere"]) {
        pages.push((path.to_owned(), get(path).await.text));
    }
    pages
}

fn waiting_page() -> String {
    web::waiting_page(&web::WaitingPage {
        slug: "an-event",
        event_name: "An event",
        state: web::WaitingState::Waiting,
        position: Some(12),
        ahead: Some(11),
        eta_seconds: Some((60, 120)),
        refresh_seconds: 10,
        opens_at: None,
        notice: None,
    })
}

#[tokio::test]
async fn every_page_is_served_with_its_security_headers() {
    for (path, _) in PAGES {
        let answer = get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
        assert!(answer.header("cross-origin-opener-policy").starts_with("same-origin"), "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
        assert!(!policy.contains("unsafe") && !policy.contains("* ") && !policy.contains("http:"));
    }
}

#[tokio::test]
async fn only_the_page_on_which_people_pay_may_load_anything_of_stripe() {
    for (path, file) in PAGES {
        let answer = get(path).await;
        let policy = answer.header("content-security-policy");
        assert_eq!(policy.contains("stripe.com"), file == "order.html", "{path}");
        let others = policy.split_whitespace().filter(|word| word.starts_with("https://"));
        for other in others {
            assert!(other.trim_end_matches(';').ends_with("stripe.com"), "{path}: {other}");
        }
    }
    let response = web::page_response(StatusCode::OK, waiting_page());
    let policy = response.headers()["content-security-policy"].to_str().expect("ASCII");
    assert!(!policy.contains("https:"));
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    for path in ["/", "/assets/base.css", "/client/holdfast.js", "/favicon.ico"] {
        let answer = get(path).await;
        let etag = answer.header("etag");
        assert!(etag.starts_with('"') && etag.len() > 20, "{path}: {etag}");
        assert_eq!(answer.header("cache-control"), "no-cache", "{path}");
        let again = get_unless(path, etag).await;
        assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""), "{path}");
        assert_eq!(again.header("etag"), etag, "{path}");
        let other = get_unless(path, "\"another\"").await;
        assert_eq!(other.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn an_address_that_nothing_serves_is_a_page_for_a_browser() {
    let answer = get("/no-such-page").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text.contains("This page does not exist"));
    for path in ["/v1/no-such-route", "/assets/none.js", "/assets/../Cargo.toml"] {
        let answer = get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.text.contains("[package]"), "{path}");
    }
}

#[tokio::test]
async fn everything_that_a_page_loads_exists_and_everything_that_exists_is_loaded() {
    let mut loaded: Vec<String> = Vec::new();
    for (path, html) in all_html().await {
        loaded.extend(closure(&path, &html, Follow::All).await.into_iter().map(|(file, _)| file));
    }
    let files = files_below("assets").into_iter().chain(files_below("client"));
    for file in files {
        // For people and compilers, not for pages.
        let is_documentation =
            [".md", ".d.ts", "/package.json"].iter().any(|end| file.ends_with(end));
        assert!(is_documentation || loaded.contains(&file), "nothing loads {file}");
    }
}

#[tokio::test]
async fn no_page_needs_inline_code_or_style() {
    for (file, html) in all_html().await {
        for tag in html.split('<').skip(1) {
            let tag = tag.split('>').next().unwrap_or_default();
            let lower = tag.to_ascii_lowercase();
            assert!(!lower.starts_with("style"), "{file}: <{tag}>");
            assert!(!lower.starts_with("script") || lower.contains(" src=\"/"), "{file}: <{tag}>");
            assert!(!lower.contains("javascript:"), "{file}: <{tag}>");
            for attribute in lower.split_whitespace().skip(1) {
                let name = attribute.split('=').next().unwrap_or_default();
                assert!(name != "style" && !name.starts_with("on"), "{file}: <{tag}>");
            }
        }
    }
}

#[tokio::test]
async fn no_script_parses_text_as_html_or_code() {
    let scripts = files_below("assets").into_iter().chain(files_below("client"));
    for file in scripts.filter(|file| file.ends_with(".js")) {
        let text = read(&file);
        for risky in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
        ] {
            assert!(!text.contains(risky), "{file}: {risky}");
        }
    }
}

#[tokio::test]
async fn every_page_says_its_language_its_title_and_its_main_part() {
    for (file, html) in all_html().await {
        assert!(!html.contains("<!--"), "{file}: a shared part is missing");
        for part in
            ["<html lang=\"en\">", "<title>", "name=\"viewport\"", "<main id=\"main\"", "<h1"]
        {
            assert_eq!(html.matches(part).count(), 1, "{file}: {part}");
        }
        assert!(html.contains("class=\"skip"), "{file}: a keyboard skips the header");
        assert!(!html.contains("user-scalable=no") && !html.contains("maximum-scale"), "{file}");
    }
}

#[tokio::test]
async fn a_file_is_compressed_for_those_who_take_it_under_a_tag_of_its_own() {
    for path in ["/", "/assets/base.css", "/client/holdfast.js", "/favicon.ico"] {
        let plain = get(path).await;
        assert_eq!(
            (plain.header("content-encoding"), plain.header("vary")),
            ("", "accept-encoding")
        );
        let packed = get_coded(path, "gzip, deflate, br, zstd", "\"other\"").await;
        assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
        assert!(packed.sent < plain.sent, "{path}: {} of {}", packed.sent, plain.sent);
        assert_eq!(packed.text, plain.text, "{path}");

        let etag = packed.header("etag");
        assert!(etag.starts_with('"') && etag != plain.header("etag"), "{path}: {etag}");
        let again = get_coded(path, "gzip", etag).await;
        assert_eq!((again.status, again.sent), (StatusCode::NOT_MODIFIED, 0), "{path}");
        assert_eq!(get_coded(path, "gzip;q=0, *", etag).await.text, plain.text, "{path}");
    }
}
