//! `holdfast probe`: whether a process answers, told by the exit code. For images without a shell,
//! where nothing else could ask.

use std::{process::ExitCode, time::Duration};

use reqwest::{Client, Response, redirect::Policy};

/// Longer than `/readyz` waits for its parts.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// Of an answer's first line.
const TOLD_CHARACTERS_MAX: usize = 200;

/// Asks once; 0 for an answer of 2xx, 1 for any other and for none. One line says which.
pub async fn probe(url: &str) -> ExitCode {
    match ask(url).await {
        Ok(answer) if answer.status().is_success() => {
            println!("{url}: {}", answer.status());
            ExitCode::SUCCESS
        }
        Ok(answer) => {
            let status = answer.status();
            let body = answer.text().await.unwrap_or_default();
            let line: String =
                body.lines().next().unwrap_or_default().chars().take(TOLD_CHARACTERS_MAX).collect();
            eprintln!("{url}: {status} {line}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{url}: {}", reason(&error));
            ExitCode::FAILURE
        }
    }
}

/// Straight to the process: no proxy, and no other place that the answer may name.
async fn ask(url: &str) -> reqwest::Result<Response> {
    let client = Client::builder().timeout(ANSWER_WITHIN).redirect(Policy::none()).no_proxy();
    client.build()?.get(url).send().await
}

fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_builder() {
        "not an address that can be asked"
    } else if error.is_timeout() {
        "no answer in time"
    } else {
        "nothing answers"
    }
}
