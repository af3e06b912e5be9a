//! What the operating system says of this process, under the names that every Prometheus client uses.
//!
//! Relies on Linux's `/proc`; elsewhere these metrics are absent. Read when asked, and written here:
//! the recorder's counters are whole numbers, and seconds of computing time are not.

use std::{fmt::Write, fs, path::Path, sync::OnceLock};

/// Of the kernel's interface, on every architecture that this program runs on.
const TICKS_PER_SECOND: f64 = 100.0;
/// Fields of `/proc/self/stat` after the name, counted from 0.
const USER_TICKS: usize = 11;
const KERNEL_TICKS: usize = 12;
const START_TICKS: usize = 19;

/// Appends what can be read, in Prometheus's text format.
pub(super) fn render(text: &mut String) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let rows = [
        ("process_cpu_seconds_total", "counter", "Computing time used", cpu_seconds(&stat)),
        ("process_open_fds", "gauge", "Open files and sockets", open_files()),
        (
            "process_resident_memory_bytes",
            "gauge",
            "Memory of the process that is in use",
            resident_bytes(),
        ),
        ("process_start_time_seconds", "gauge", "When the process started", start_time(&stat)),
    ];
    for (name, kind, help, value) in rows {
        if let Some(value) = value {
            // Writing to a text does not fail.
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n\n");
        }
    }
}

/// A number of `/proc/self/stat`. The name before may hold anything, spaces and brackets included.
fn field(stat: &str, number: usize) -> Option<f64> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(number)?.parse().ok()
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    Some((field(stat, USER_TICKS)? + field(stat, KERNEL_TICKS)?) / TICKS_PER_SECOND)
}

/// A newer kernel has counted them; on an older one they are.
fn open_files() -> Option<f64> {
    let folder = Path::new("/proc/self/fd");
    match fs::metadata(folder).ok()?.len() {
        0 => Some(fs::read_dir(folder).ok()?.count() as f64),
        counted => Some(counted as f64),
    }
}

fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024.0)
}

/// Seconds since 1970, the same at every look.
fn start_time(stat: &str) -> Option<f64> {
    static KNOWN: OnceLock<Option<f64>> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let machine = fs::read_to_string("/proc/stat").ok()?;
        let booted = machine.lines().find_map(|line| line.strip_prefix("btime "))?;
        let booted: f64 = booted.trim().parse().ok()?;
        Some(booted + field(stat, START_TICKS)? / TICKS_PER_SECOND)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 90 0 0 0 150 50 0 0 20 0 3 0 4200 1 1";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(field(stat, START_TICKS), Some(4200.0));
        assert_eq!(cpu_seconds(""), None);
        assert_eq!(cpu_seconds("7 (a) S 1"), None);
    }

    #[test]
    fn what_the_system_tells_is_written_with_its_kind_and_meaning() {
        let mut text = "before 1\n".to_owned();
        render(&mut text);
        assert!(text.starts_with("before 1\n"));
        if !Path::new("/proc/self/stat").exists() {
            return;
        }
        for (name, kind) in [
            ("process_cpu_seconds_total", "counter"),
            ("process_open_fds", "gauge"),
            ("process_resident_memory_bytes", "gauge"),
            ("process_start_time_seconds", "gauge"),
        ] {
            assert!(text.contains(&format!("# TYPE {name} {kind}\n{name} ")), "{text}");
        }
    }
}
