//! The layers hold: no crate depends on one that stands beside or above it.

use std::{collections::BTreeMap, fs, path::Path};

/// What each package may depend on, of the workspace's own.
const LAYERS: [(&str, &str, &[&str]); 14] = [
    ("domain", "domain", &[]),
    ("platform", "platform", &["domain"]),
    ("platform/testkit", "testkit", &["domain"]),
    ("lua", "lua", &["domain"]),
    ("ledger", "ledger", &["domain"]),
    ("inventory", "inventory", &["domain", "platform", "lua", "ledger"]),
    ("engine", "engine", &["domain", "platform", "lua", "ledger", "inventory"]),
    ("waiting-room", "waiting-room", &["domain", "platform", "lua", "ledger", "inventory", "web"]),
    ("seatmap-ws", "seatmap-ws", &["domain", "platform", "lua", "ledger", "inventory"]),
    ("web", "web", &["platform"]),
    ("payments", "payments", &["domain", "platform", "lua", "ledger", "inventory"]),
    ("payments/sandbox", "sandbox", &[]),
    (
        "loadtest",
        "loadtest",
        &["domain", "platform", "lua", "ledger", "inventory", "seatmap-ws", "testkit"],
    ),
    ("loadtest/journeys", "journeys", &["domain", "testkit"]),
];

#[test]
fn a_crate_depends_only_on_the_layers_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own: Vec<&str> = LAYERS.iter().map(|(_, name, _)| *name).collect();
    let mut seen = 0;
    for (folder, name, allowed) in LAYERS {
        let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml")).expect(folder);
        let dependencies = section(&manifest, "dependencies");
        for dependency in dependencies.keys().filter(|d| own.contains(&d.as_str())) {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not use {dependency}");
        }
        seen += 1;
    }
    assert_eq!(seen, LAYERS.len());
}

#[test]
fn every_member_takes_versions_and_lints_from_the_workspace() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, name, _) in LAYERS {
        let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml")).expect(folder);
        assert_eq!(
            section(&manifest, "lints").get("workspace"),
            Some(&"true".to_owned()),
            "{name}"
        );
        for table in ["dependencies", "dev-dependencies"] {
            for (dependency, value) in section(&manifest, table) {
                assert!(
                    value == "true" || value.contains("workspace = true"),
                    "{name}: the version of {dependency} belongs into the root manifest"
                );
            }
        }
    }
}

/// The lines of one table of a manifest, `name.workspace = true` told as `name` → `true`.
fn section(manifest: &str, table: &str) -> BTreeMap<String, String> {
    manifest
        .lines()
        .skip_while(|line| *line != format!("[{table}]"))
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| {
            (name.trim().trim_end_matches(".workspace").to_owned(), value.trim().to_owned())
        })
        .collect()
}
