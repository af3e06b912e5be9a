//! `docs/holdfast.http`: every request of the collection is sent, in order, and succeeds.
//!
//! Reads what the file uses of the REST Client's format: variables, `# @name`, requests between
//! lines of `###`, and values out of former answers.

use std::{collections::HashMap, time::Duration};

use serde_json::Value;

use super::{demo::Demo, pages::root};
use crate::support::{ORGANIZER_TOKEN, random_text, wait_for};

/// How a comment of the file says that one answer is not enough.
const AGAIN: &str = "# Send again until ";

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_the_collection_succeeds() {
    let demo = Demo::start();
    let file = std::fs::read_to_string(root().join("docs/holdfast.http")).expect("the collection");
    let mut parts = file.split("\n###");
    let mut known = Known::default();
    known.read_variables(parts.next().expect("the head"));
    known.variables.insert("base".to_owned(), demo.base.clone());
    known.variables.insert("token".to_owned(), ORGANIZER_TOKEN.to_owned());

    // The HTTP client wants one, also for plain HTTP; a second call is refused and harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::new();
    let mut sent = 0;
    for part in parts {
        let request = Request::read(part);
        let answer = wait_for(&request.title, 30, || async {
            let answer = request.send(&http, &known).await;
            request.is_satisfied_by(&answer).then_some(answer)
        })
        .await;
        known.answers.insert(request.name, answer);
        sent += 1;
    }
    assert!(sent > 25, "only {sent} requests were found");
}

/// What later requests may name.
#[derive(Default)]
struct Known {
    variables: HashMap<String, String>,
    /// By the name of the request.
    answers: HashMap<String, Value>,
}

impl Known {
    fn read_variables(&mut self, head: &str) {
        let lines = head.lines().filter_map(|line| line.strip_prefix('@')?.split_once('='));
        let pairs = lines.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
        self.variables.extend(pairs);
    }

    /// The text with every `{{…}}` replaced.
    fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").expect("braces that close");
            filled.push_str(before);
            filled.push_str(&self.value(name.trim()));
            rest = after;
        }
        filled + rest
    }

    fn value(&self, name: &str) -> String {
        if name == "$guid" {
            return random_text();
        }
        if let Some(value) = self.variables.get(name) {
            return value.clone();
        }
        let (request, path) =
            name.split_once(".response.body.$.").unwrap_or_else(|| panic!("what is {name}?"));
        let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
        match self.answers.get(request).and_then(|answer| answer.pointer(&pointer)) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => panic!("{request} has not answered {path}"),
        }
    }
}

struct Request {
    title: String,
    name: String,
    method: String,
    address: String,
    headers: Vec<(String, String)>,
    body: String,
    /// A member of the answer and the text that it must have.
    until: Option<(String, String)>,
}

impl Request {
    fn read(part: &str) -> Self {
        let (head, body) = part.trim_end().split_once("\n\n").unwrap_or((part.trim_end(), ""));
        let mut lines = head.lines();
        let title = lines.next().expect("a title").trim().to_owned();
        let mut name = title.clone();
        let mut until = None;
        let mut request: Vec<&str> = Vec::new();
        for line in lines {
            if let Some(given) = line.strip_prefix("# @name ") {
                name = given.trim().to_owned();
            } else if let Some(condition) = line.strip_prefix(AGAIN) {
                let words: Vec<&str> = condition.split('"').collect();
                until = Some((words[1].to_owned(), words[3].to_owned()));
            } else if !line.starts_with('#') && !line.trim().is_empty() {
                request.push(line);
            }
        }
        let (method, address) = request
            .first()
            .and_then(|line| line.split_once(' '))
            .unwrap_or_else(|| panic!("{title} has no request"));
        let headers = request[1..].iter().filter_map(|line| line.split_once(": "));
        Self {
            name,
            method: method.to_owned(),
            address: address.trim().to_owned(),
            headers: headers.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
            body: body.to_owned(),
            until,
            title,
        }
    }

    /// The answer's body; anything but JSON is null.
    async fn send(&self, http: &reqwest::Client, known: &Known) -> Value {
        let method = self.method.parse().expect("a method");
        let mut request = http
            .request(method, known.fill(&self.address))
            .timeout(Duration::from_secs(10))
            .body(known.fill(&self.body));
        for (name, value) in &self.headers {
            request = request.header(name, known.fill(value));
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{}: {status} {text}", self.title);
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    fn is_satisfied_by(&self, answer: &Value) -> bool {
        self.until.as_ref().is_none_or(|(member, text)| answer[member] == text.as_str())
    }
}
