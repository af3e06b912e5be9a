//! The pages of the documentation, and what of Markdown the tests read.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A page, by its path below the repository.
pub struct Page {
    pub path: String,
    pub text: String,
}

/// A fenced block.
pub struct Block {
    /// The word after the fence; empty when there is none.
    pub language: String,
    pub text: String,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages at the top and all below `docs/`, in order.
pub fn all() -> Vec<Page> {
    let mut paths: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name)).into();
    paths.extend(files_below(&root().join("docs"), "md"));
    paths.into_iter().map(|path| read(&path)).collect()
}

/// The page at `path` below the repository.
pub fn page(path: &str) -> Page {
    read(&root().join(path))
}

fn read(path: &Path) -> Page {
    let below = path.strip_prefix(root()).expect("a path of the repository");
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{below:?}: {error}"));
    Page { path: below.to_string_lossy().into_owned(), text }
}

/// All files with this extension, in order.
pub fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

impl Page {
    /// Fenced blocks, those inside lists too.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for line in self.text.lines() {
            match (line.trim_start().strip_prefix("```"), &mut open) {
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(word), None) => {
                    open = Some(Block { language: word.trim().to_owned(), text: String::new() });
                }
                (None, Some(block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a fence is not closed", self.path);
        blocks
    }

    /// The lines outside of fences.
    pub fn prose(&self) -> String {
        let mut inside = false;
        let mut prose = String::new();
        for line in self.text.lines() {
            if line.trim_start().starts_with("```") {
                inside = !inside;
            } else if !inside {
                prose.push_str(line);
                prose.push('\n');
            }
        }
        prose
    }

    /// The parts of the prose between back ticks, those that go over the end of a line too.
    pub fn code_words(&self) -> Vec<String> {
        let prose = self.prose();
        let paragraphs = prose.split("\n\n");
        let words = paragraphs.flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2));
        words.map(|word| word.replace('\n', " ")).collect()
    }

    /// The rows of the page's tables, cell by cell, heads and rules left out.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let prose = self.prose();
        let lines: Vec<&str> = prose.lines().collect();
        let is_rule = |line: &str| line.starts_with("|--") || line.starts_with("|:-");
        let mut rows = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let is_head = lines.get(at + 1).is_some_and(|next| is_rule(next));
            if line.starts_with('|') && !is_rule(line) && !is_head {
                let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
                rows.push(inner.split('|').map(|cell| cell.trim().to_owned()).collect());
            }
        }
        rows
    }
}
