//! What the reference lists is what the program and its sources have, no more and no less.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::Command,
};

use super::{
    demo::program,
    pages::{self, files_below, page, root},
};

/// Where problems are made.
const SOURCES: [&str; 7] = [
    "engine/src",
    "payments/src",
    "waiting-room/src",
    "seatmap-ws/src",
    "platform/src",
    "web/src",
    "src",
];

#[test]
fn the_configuration_page_is_what_the_program_lists() {
    let path = "docs/reference/configuration.md";
    let (begin, end) = ("<!-- config: begin -->\n", "<!-- config: end -->");
    let text = page(path).text;
    let (head, rest) = text.split_once(begin).expect("where the table begins");
    let (found, tail) = rest.split_once(end).expect("where the table ends");
    let expected = configuration(&printed(&["config"]));
    if std::env::var_os("HOLDFAST_WRITE_DOCUMENTS").is_some() {
        fs::write(root().join(path), format!("{head}{begin}{expected}{end}{tail}")).expect(path);
        return;
    }
    assert_eq!(found, expected, "HOLDFAST_WRITE_DOCUMENTS=1 writes the table anew");
}

/// The listing as a table.
fn configuration(listing: &str) -> String {
    let mut table = String::from("| name | default | meaning |\n|---|---|---|\n");
    for line in listing.lines() {
        let (name, rest) = line.split_once(' ').expect("a name");
        let (default, meaning) = rest.trim_start().split_once(' ').expect("a default");
        let default = match default {
            "(empty)" => "empty".to_owned(),
            default => format!("`{default}`"),
        };
        table += &format!("| `{name}` | {default} | {} |\n", escaped(meaning.trim()));
    }
    table
}

/// `<…>` would be taken for HTML.
fn escaped(text: &str) -> String {
    text.replace('<', "&lt;").replace('>', "&gt;")
}

#[test]
fn the_page_of_commands_has_every_command() {
    let text = page("docs/reference/commands.md").text;
    let help = printed(&["help"]);
    let commands = help
        .split_once("Commands:\n")
        .and_then(|(_, rest)| rest.split_once("\n\n"))
        .expect("a list of commands")
        .0;
    for line in commands.lines().map(str::trim) {
        let (command, meaning) = line.split_once(' ').expect("a command and its meaning");
        if command != "help" {
            let row = format!("`holdfast {command}");
            assert!(text.contains(&row), "{row} ({}) is missing", meaning.trim());
        }
    }
}

#[test]
fn the_table_of_errors_has_every_code_with_its_status() {
    let known = codes_of_sources();
    let mut listed: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for row in page("docs/reference/errors.md").rows() {
        if let Ok(status) = row[0].parse() {
            listed.entry(row[1].trim_matches('`').to_owned()).or_default().insert(status);
        }
    }
    for (code, statuses) in &known {
        let found = listed.get(code).unwrap_or_else(|| panic!("{code} is not in the table"));
        assert!(statuses.is_subset(found), "{code}: {statuses:?}, in the table {found:?}");
    }
    let gone: Vec<_> = listed.keys().filter(|code| !known.contains_key(*code)).collect();
    assert!(gone.is_empty(), "nothing answers {gone:?}");
    assert!(known.len() > 40, "only {} codes were found", known.len());
}

/// Every code that the sources give to a problem, with the statuses that stand beside it.
fn codes_of_sources() -> BTreeMap<String, BTreeSet<u16>> {
    let mut codes: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for path in SOURCES.iter().flat_map(|folder| files_below(&root().join(folder), "rs")) {
        if path.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source");
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let calls: Vec<&str> = text.split('(').collect();
        for pair in calls.windows(2) {
            let Some((code, status)) = code_of_call(pair[0], pair[1].trim_start()) else {
                continue;
            };
            codes.entry(code.to_owned()).or_default().extend(status);
        }
    }
    codes
}

/// The code and its status, when `called(arguments` makes a problem.
fn code_of_call<'a>(called: &str, arguments: &'a str) -> Option<(&'a str, Option<u16>)> {
    let (first, rest) = arguments.split_once(',').unwrap_or((arguments, ""));
    let makes = |name: &str| called.ends_with(name);
    if makes("Problem::unavailable") {
        return Some((quoted(first)?, Some(503)));
    }
    if makes("Problem::unknown") {
        return Some((quoted(first)?, Some(404)));
    }
    let code = quoted(rest.trim_start())?;
    if makes("Problem::new") || makes("Self::new") {
        return Some((code, first.strip_prefix("StatusCode::").map(status_named)));
    }
    // A row of a table of refusals: `(409, "sold_out", …)`.
    let status: u16 = first.parse().ok()?;
    (400..600).contains(&status).then_some((code, Some(status)))
}

fn quoted(text: &str) -> Option<&str> {
    let (word, _) = text.strip_prefix('"')?.split_once('"')?;
    word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_').then_some(word)
}

fn status_named(name: &str) -> u16 {
    let all = (100..600).filter_map(|number| reqwest::StatusCode::from_u16(number).ok());
    let named = |status: &reqwest::StatusCode| {
        status
            .canonical_reason()
            .is_some_and(|reason| reason.replace([' ', '-'], "_").to_uppercase() == name)
    };
    all.into_iter().find(named).unwrap_or_else(|| panic!("what status is {name}?")).as_u16()
}

#[test]
fn the_data_model_names_every_table_and_every_key() {
    let page = page("docs/reference/data-model.md");
    let words = page.code_words();
    for path in files_below(&root().join("ledger/migrations"), "sql") {
        let text = fs::read_to_string(&path).expect("a migration");
        for table in after_each(&text, "CREATE TABLE ") {
            assert!(words.contains(&table), "the table {table} is missing");
        }
    }
    let keys = fs::read_to_string(root().join("lua/src/keys.rs")).expect("the keys");
    let keys: Vec<&str> =
        keys.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(keys.len() >= 15);
    for key in keys {
        assert!(words.iter().any(|word| word == key), "the key {key} is missing");
    }
}

#[test]
fn the_event_catalogue_has_every_message() {
    let page = page("docs/reference/events.md");
    let words = page.code_words();
    let expect = |word: &str| assert!(words.iter().any(|found| found == word), "{word} is missing");

    let objects = fs::read_to_string(root().join("payments/src/stripe/objects.rs"));
    let objects = objects.expect("Stripe's objects");
    let kinds = objects.split('"').filter(|word| {
        ["payment_intent.", "charge.", "refund."].iter().any(|start| word.starts_with(start))
    });
    assert!(kinds.map(expect).count() >= 10);

    let schema = root().join("ledger/migrations/0001_ledger.sql");
    let schema = fs::read_to_string(schema).expect("the schema");
    let outbox = schema.split_once("CREATE TABLE outbox").expect("the outbox").1;
    let kinds = outbox.split_once("kind IN (").expect("its kinds").1.split(')').next();
    let kinds = kinds.expect("a list").split('\'').skip(1).step_by(2);
    assert!(kinds.map(expect).count() >= 6);

    let stream = fs::read_to_string(root().join("waiting-room/src/stream.rs")).expect("the stream");
    let frame = stream.split_once("pub struct Frame {").expect("the frame").1;
    let fields = after_each(frame.split('}').next().expect("its fields"), "    pub ");
    assert!(fields.iter().map(|field| expect(field.trim_end_matches(':'))).count() >= 10);

    let frames = fs::read_to_string(root().join("seatmap-ws/src/frames/mod.rs")).expect("frames");
    let kinds = frames.split_once("pub enum Frame {").expect("the kinds").1;
    let kinds = after_each(kinds.split('}').next().expect("its kinds"), "\n    ");
    let kinds = kinds.iter().filter_map(|kind| kind.split('(').next());
    assert!(kinds.map(|kind| expect(&kind.to_lowercase())).count() >= 5);
}

/// The word after each `mark`.
fn after_each(text: &str, mark: &str) -> Vec<String> {
    let rests = text.split(mark).skip(1);
    rests.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let mut tests = String::new();
    for path in own_sources() {
        tests += &fs::read_to_string(path).expect("a source");
    }
    let mut seen = 0;
    for page in pages::all() {
        let sentences = page.code_words().into_iter().filter(|word| {
            word.matches('_').count() >= 4
                && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        });
        for name in sentences.filter(|name| !name.starts_with("holdfast_")) {
            assert!(tests.contains(&format!("fn {name}(")), "{}: no test {name}", page.path);
            seen += 1;
        }
    }
    assert!(seen > 50, "only {seen} tests are named");
}

#[test]
fn every_target_that_a_page_names_is_in_the_makefile() {
    let makefile = fs::read_to_string(root().join("Makefile")).expect("the Makefile");
    let mut seen = 0;
    for page in pages::all() {
        let blocks = page.blocks().into_iter().filter(|block| block.language.starts_with("sh"));
        let commands =
            blocks.flat_map(|block| block.text.lines().map(str::to_owned).collect::<Vec<_>>());
        for command in commands.chain(page.code_words()) {
            let Some(target) =
                command.strip_prefix("make ").and_then(|rest| rest.split(' ').next())
            else {
                continue;
            };
            let rule = format!("\n{target}:");
            assert!(makefile.contains(&rule), "{}: no target {target}", page.path);
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} targets are named");
}

/// No metric: what an order is called in Stripe's metadata.
const METADATA: &str = "holdfast_order";

#[test]
fn every_metric_that_a_page_names_is_in_the_list() {
    let list = page("docs/observability.md").code_words();
    for page in pages::all() {
        for query in page.code_words() {
            let names = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for name in names.filter(|name| name.starts_with("holdfast_")) {
                let parts = ["_bucket", "_count", "_sum"];
                let metric = parts.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
                let is_known = list.iter().any(|known| known == metric) || metric == METADATA;
                assert!(is_known, "{}: no metric {name}", page.path);
            }
        }
    }
}

/// All Rust sources of the workspace.
fn own_sources() -> Vec<PathBuf> {
    let folders =
        fs::read_dir(root()).expect("the repository").map(|entry| entry.expect("one").path());
    let own = folders.filter(|path| path.is_dir() && !path.ends_with("target"));
    own.flat_map(|folder| files_below(&folder, "rs")).collect()
}

/// What the program prints.
fn printed(arguments: &[&str]) -> String {
    let output = Command::new(program()).args(arguments).output().expect("it runs");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("text")
}
