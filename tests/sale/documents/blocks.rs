//! Every block of commands runs, or stands on a page that is known to need more than this machine.

use std::fs;

use super::{
    demo::Demo,
    pages::{self, Page},
};

/// Commands that a demo cannot show are fenced `shell`, and only these pages have any.
const PAGES_BEYOND_A_DEMO: [(&str, &str); 10] = [
    ("README.md", "builds, whole test runs, a server on stores of one's own"),
    ("CONTRIBUTING.md", "builds and whole test runs"),
    ("docs/tutorial.md", "the build before the demo"),
    ("docs/load.md", "a minute of load"),
    ("docs/observability.md", "a Python with packages, a real Prometheus"),
    ("docs/how-to/run-the-tests.md", "builds, whole test runs, benchmarks"),
    ("docs/how-to/rotate-keys.md", "a cluster, and Stripe's dashboard"),
    ("docs/operations/first-sale.md", "a cluster"),
    ("docs/operations/backup-and-restore.md", "a cluster"),
    ("docs/operations/sale-day.md", "a cluster"),
];

/// Whatever else is fenced is to be read, not to be run.
const READ_ONLY: [&str; 13] = [
    "", "text", "json", "toml", "yaml", "hcl", "nginx", "lua", "rust", "sql", "http", "mermaid",
    "html",
];

/// The command that starts what the others need; the test has done it.
const START: &str = "cargo run --release -- demo\n";
/// Where that says that it is.
const PRINTED_ADDRESS: &str = "http://127.0.0.1:8080";
/// A page that takes longer hangs.
const PAGE_SECONDS_MAX: &str = "60";

#[test]
fn every_block_of_commands_runs_as_printed() {
    let demo = Demo::start();
    let mut pages_run = Vec::new();
    for page in pages::all() {
        if let Some(script) = script(&page, &demo.base) {
            run(&demo, &page, &script);
            pages_run.push(page.path);
        }
    }
    for expected in ["README.md", "docs/tutorial.md", "docs/how-to/troubleshooting.md"] {
        assert!(pages_run.iter().any(|path| path == expected), "{expected} has no commands");
    }
}

#[test]
fn commands_that_do_not_run_here_stand_only_on_known_pages() {
    let mut found = Vec::new();
    for page in pages::all() {
        for block in page.blocks() {
            let language = block.language.as_str();
            let known = ["sh", "shell"].contains(&language) || READ_ONLY.contains(&language);
            assert!(known, "{}: what is a block of {language:?}?", page.path);
            if language == "shell" {
                found.push(page.path.clone());
            }
        }
    }
    found.dedup();
    found.sort();
    let mut expected = PAGES_BEYOND_A_DEMO.map(|(path, _)| path.to_owned()).to_vec();
    expected.sort();
    assert_eq!(found, expected);
}

/// All commands of a page, one after the other in one shell; `None` when it has none.
fn script(page: &Page, base: &str) -> Option<String> {
    let blocks = page.blocks().into_iter().filter(|block| block.language == "sh");
    let commands: Vec<String> =
        blocks.map(|block| block.text).filter(|text| text != START).collect();
    let whole = commands.join("\n").replace(PRINTED_ADDRESS, base);
    (!commands.is_empty()).then_some(whole)
}

fn run(demo: &Demo, page: &Page, script: &str) {
    let folder = demo.scratch().join(page.path.replace('/', "-"));
    fs::create_dir(&folder).expect("a folder of its own");
    let arguments = [PAGE_SECONDS_MAX, "bash", "-eux", "-o", "pipefail", "-c", script];
    let output =
        demo.command("timeout").args(arguments).current_dir(folder).output().expect("it runs");
    assert!(
        output.status.success(),
        "{} ends with {}\n{}\n{}",
        page.path,
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
