//! What was found against what is wanted: printed, and kept in a document when
//! `BENCHMARKS=docs/benchmarks.md` names one.
//!
//! A figure that misses its target is shown as missed; a run ends with an error only when what was
//! measured did not do its work.

use std::{env, fmt::Write as _, fs, process::Command};

use anyhow::{Context, Result};

use crate::{foreign::Foreign, rounds::Ratio};

/// Of a run that can be believed: CPU of other processes, and how far its rounds differ.
const FOREIGN_SHARE_MAX: f64 = 0.05;
const SPREAD_MAX: f64 = 0.2;

const HEAD: &str = "# Benchmarks\n\n`make bench` measures these figures and writes this page. A ratio \
has both sides in one run, interleaved A B B A: the median of its rounds, and the least and the most. \
CPU is user and system time of what is measured, never of the generator.\n";

/// One benchmark's figures.
pub struct Report {
    title: &'static str,
    /// What is measured how.
    about: String,
    rows: Vec<Row>,
    disturbed: Vec<String>,
    foreign: Foreign,
}

struct Row {
    name: String,
    cells: [String; 5],
    is_met: Option<bool>,
}

impl Report {
    /// Before the first server is started.
    pub fn new(title: &'static str, about: String) -> Result<Self> {
        println!("{title}. {about}");
        println!();
        println!(
            "{:<48} {:>9} {:>9} {:>7} {:>13}  target",
            "", "measured", "floor", "ratio", "least–most"
        );
        let (rows, disturbed) = (Vec::new(), Vec::new());
        Ok(Self { title, about, rows, disturbed, foreign: Foreign::start()? })
    }

    /// A measurement beside its floor; `most`: what the ratio may be.
    pub fn ratio(&mut self, name: &str, ratio: &Ratio, most: f64) {
        self.add_ratio(name, ratio, format!("at most {most:.2}"), Some(ratio.median <= most));
    }

    /// Two sides beside each other, of which nothing is wanted.
    pub fn beside(&mut self, name: &str, ratio: &Ratio) {
        self.add_ratio(name, ratio, String::new(), None);
    }

    fn add_ratio(&mut self, name: &str, ratio: &Ratio, target: String, is_met: Option<bool>) {
        if (ratio.most - ratio.least) / ratio.median > SPREAD_MAX {
            self.disturbed.push(format!("the rounds of “{name}” differ"));
        }
        let cells = [
            format!("{:.2}", ratio.measured),
            format!("{:.2}", ratio.floor),
            format!("{:.2}", ratio.median),
            format!("{:.2}–{:.2}", ratio.least, ratio.most),
            target,
        ];
        self.add(name, cells, is_met);
    }

    /// A figure without a floor.
    pub fn figure(&mut self, name: &str, value: f64, unit: &str, target: &str, is_met: bool) {
        self.add(name, plain(value, unit, target), Some(is_met));
    }

    /// A figure that nothing is wanted of.
    pub fn fact(&mut self, name: &str, value: f64, unit: &str) {
        self.add(name, plain(value, unit, ""), None);
    }

    fn add(&mut self, name: &str, cells: [String; 5], is_met: Option<bool>) {
        let [measured, floor, ratio, spread, target] = &cells;
        let missed = if is_met == Some(false) { "  MISSED" } else { "" };
        println!("{name:<48} {measured:>9} {floor:>9} {ratio:>7} {spread:>13}  {target}{missed}");
        self.rows.push(Row { name: name.to_owned(), cells, is_met });
    }

    /// When every server has ended: says what disturbed the run, and writes the document when one is
    /// named.
    pub fn end(mut self) -> Result<()> {
        let foreign = self.foreign.share()?;
        self.fact("CPU of other processes meanwhile", foreign * 100.0, "%");
        if foreign > FOREIGN_SHARE_MAX {
            self.disturbed.push("other processes used the CPU".to_owned());
        }
        println!();
        for what in &self.disturbed {
            println!("disturbed: {what}");
        }
        let Ok(path) = env::var("BENCHMARKS") else { return Ok(()) };
        let before = fs::read_to_string(&path).unwrap_or_default();
        let after = with_section(&before, self.title, &self.section()?);
        fs::write(&path, after).with_context(|| format!("{path} cannot be written"))
    }

    fn section(&self) -> Result<String> {
        let mut text = format!("{}\n\n{}\n\n", self.about, provenance()?);
        text.push_str("| | measured | floor | ratio | least–most | target | |\n");
        text.push_str("|---|---:|---:|---:|---:|---|---|\n");
        for Row { name, cells, is_met } in &self.rows {
            let verdict = match is_met {
                Some(true) => "met",
                Some(false) => "**missed**",
                None => "",
            };
            writeln!(text, "| {name} | {} | {verdict} |", cells.join(" | "))?;
        }
        for what in &self.disturbed {
            write!(text, "\nDisturbed: {what}.\n")?;
        }
        Ok(text)
    }
}

fn plain(value: f64, unit: &str, target: &str) -> [String; 5] {
    let digits = if value.abs() >= 1_000.0 { 0 } else { 2 };
    let value = format!("{value:.digits$} {unit}").trim().to_owned();
    [value, String::new(), String::new(), String::new(), target.to_owned()]
}

/// The document with this section's text in its place, or at the end.
fn with_section(document: &str, title: &str, text: &str) -> String {
    let mut sections: Vec<(String, String)> = document
        .split("\n## ")
        .skip(1)
        .filter_map(|section| section.split_once("\n\n"))
        .map(|(title, text)| (title.to_owned(), text.trim_end().to_owned()))
        .collect();
    let text = text.trim_end().to_owned();
    match sections.iter_mut().find(|(known, _)| known == title) {
        Some((_, known)) => *known = text,
        None => sections.push((title.to_owned(), text)),
    }
    let sections = sections.iter().map(|(title, text)| format!("\n## {title}\n\n{text}\n"));
    HEAD.to_owned() + &sections.collect::<String>()
}

/// On what, of what, by what.
fn provenance() -> Result<String> {
    let command: Vec<String> = env::args().collect();
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cpu = cpu.map_or("unknown", |(_, name)| name);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let cores = std::thread::available_parallelism()?;
    let commit = output("git", &["rev-parse", "--short", "HEAD"]).unwrap_or("unknown".to_owned());
    let changed = output("git", &["status", "--porcelain", "--untracked-files=no", "--", ":!docs"]);
    let changed = if changed.is_some_and(|files| files.is_empty()) { "" } else { ", changed" };
    Ok(format!(
        "`{}` at {commit}{changed}, on {cores} cores of {cpu}, Linux {}.",
        command.join(" "),
        kernel.trim()
    ))
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_takes_its_place_and_leaves_the_others() {
        let one = with_section("", "Holds", "first");
        let two = with_section(&one, "Line", "second\n\n| a |\n");
        let again = with_section(&two, "Holds", "third");
        assert_eq!(again, format!("{HEAD}\n## Holds\n\nthird\n\n## Line\n\nsecond\n\n| a |\n"));
    }
}
