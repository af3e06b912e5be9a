//! Links between pages lead to files and headings that are there.

use std::path::Path;

use super::pages::{self, Page, root};

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let mut seen = 0;
    for page in pages::all() {
        let folder = root().join(&page.path);
        let folder = folder.parent().expect("a folder");
        for target in targets(&page) {
            if target.starts_with("https://") || target.starts_with("mailto:") {
                continue;
            }
            assert!(!target.starts_with("http:"), "{}: {target} has no TLS", page.path);
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let found = if file.is_empty() { root().join(&page.path) } else { folder.join(file) };
            assert!(found.exists(), "{}: {target} leads nowhere", page.path);
            if !anchor.is_empty() {
                assert!(has_heading(&found, anchor), "{}: no heading {target}", page.path);
            }
            seen += 1;
        }
    }
    assert!(seen > 50, "only {seen} links were found");
}

#[test]
fn the_door_names_every_page() {
    let door = pages::page("docs/README.md");
    let targets = targets(&door);
    let folders = ["docs/adr/", "docs/runbooks/"];
    for page in pages::all() {
        let Some(below) = page.path.strip_prefix("docs/") else { continue };
        let is_in_folder = folders.iter().any(|folder| page.path.starts_with(folder));
        if below != "README.md" && !is_in_folder {
            assert!(targets.iter().any(|target| target == below), "docs/README.md lacks {below}");
        }
    }
}

/// What stands between `](` and `)`.
fn targets(page: &Page) -> Vec<String> {
    let prose = page.prose();
    let ends = prose.split("](").skip(1);
    ends.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// Whether the page has a heading to which this anchor leads.
fn has_heading(path: &Path, anchor: &str) -> bool {
    let below = path.strip_prefix(root()).expect("a path of the repository");
    let page = pages::page(&below.to_string_lossy());
    let prose = page.prose();
    let mut headings = prose.lines().filter(|line| line.starts_with('#'));
    headings.any(|heading| slug(heading.trim_start_matches('#').trim()) == anchor)
}

/// A heading as an anchor: lower case, spaces as dashes, nothing but letters, digits and dashes.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
