//! One directory a test process for all data of its servers, and the guard that cleans up when the
//! process ends in a way that runs no destructor (a shared server, a signal, an abort).
//!
//! The guard is a shell that waits at the reading end of a pipe whose only writer is this process.
//! When the pipe closes it ends the servers whose ids stand in `pids/` and removes the directory.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

struct Scratch {
    root: PathBuf,
    /// Kept for its standard input: the end of the process closes it.
    _guard: Child,
}

const GUARD: &str = r#"
trap '' HUP INT TERM
read -r _
for pid in $(cat "$1"/pids/* 2>/dev/null); do
    kill -CONT "$pid"; kill -INT "$pid"
done
for pid in $(cat "$1"/pids/* 2>/dev/null); do
    for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" && sleep 0.1; done
    kill -KILL "$pid"
done
rm -rf "$1"
"#;

fn scratch() -> &'static Scratch {
    static SCRATCH: OnceLock<Scratch> = OnceLock::new();
    SCRATCH.get_or_init(|| {
        let root = tempfile::Builder::new()
            .prefix("holdfast-test-")
            .tempdir()
            .expect("a temporary directory")
            .keep();
        // Postgres runs as another user and has to get through to its own directory.
        fs::set_permissions(&root, fs::Permissions::from_mode(0o711)).expect("own directory");
        fs::create_dir(root.join("pids")).expect("a directory for process ids");
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&root)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        Scratch { root, _guard: guard }
    })
}

/// A new empty directory below the scratch directory.
pub(crate) fn directory(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = scratch().root.join(format!("{name}-{number}"));
    fs::create_dir(&path).expect("a directory for a server");
    path
}

/// The guard ends this process when the test process is gone.
pub(crate) fn remember(pid: u32) {
    fs::write(pid_file(pid), format!("{pid}\n")).expect("the process id is written");
}

/// The process has ended and was reaped; its id may soon be another's.
pub(crate) fn forget(pid: u32) {
    let _ = fs::remove_file(pid_file(pid));
}

fn pid_file(pid: u32) -> PathBuf {
    Path::new(&scratch().root).join("pids").join(pid.to_string())
}
