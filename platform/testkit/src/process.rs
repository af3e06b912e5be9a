//! A server process under the test's thumb. Signals go out through the `kill` program, always to
//! ids of processes that were started here and have not been reaped.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{scratch, wait::wait_for};

/// Told when a program is missing.
pub(crate) const INSTALL_HINT: &str = "run `make setup`, or install it: \
     apt-get install --no-install-recommends redis-server postgresql util-linux procps";

/// One running server.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with its output in `log`, in a process group of its own, so that Ctrl-C
    /// reaches it only through the test.
    pub(crate) fn spawn(command: &mut Command, log: &Path) -> Self {
        use std::os::unix::process::CommandExt;
        let output = File::options().create(true).append(true).open(log).expect("a log file");
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| missing(&command.get_program().to_string_lossy(), &error));
        scratch::remember(child.id());
        Self { child, log: log.to_owned() }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the process can be asked").is_none()
    }

    pub(crate) fn log_tail(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Sends `signal` (a name such as `STOP`) to the process and to those it has started.
    pub(crate) fn signal_tree(&self, signal: &str) {
        let mut pids = vec![self.child.id()];
        pids.extend(children_of(self.child.id()));
        self::signal(signal, &pids);
    }

    /// SIGKILL to the process and to those it has started; returns when all are gone, and with
    /// them what they held: Postgres does not start over shared memory that is still in use.
    pub(crate) fn kill(&mut self) {
        let children = if self.is_running() { children_of(self.child.id()) } else { Vec::new() };
        if self.is_running() {
            // The parent first, so that it starts no others.
            self::signal("KILL", &[self.child.id()]);
            if !children.is_empty() {
                self::signal("KILL", &children);
            }
        }
        let _ = self.child.wait();
        scratch::forget(self.child.id());
        wait_for("the killed processes to end", 30, || {
            children.iter().all(|pid| has_ended(*pid)).then_some(())
        });
    }

    /// Asks by `signal` for an orderly end and waits; SIGKILL after ten seconds.
    pub(crate) fn stop(&mut self, signal: &str) {
        if self.is_running() {
            self.signal_tree("CONT");
            self::signal(signal, &[self.child.id()]);
            for _ in 0..1000 {
                if !self.is_running() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
        self.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until `probe` succeeds; gives up at once when the process has ended. `false`: it ended.
pub(crate) fn wait_until_up(process: &mut Process, mut probe: impl FnMut() -> bool) -> bool {
    let what = format!("a server to answer; its log is {}", process.log.display());
    wait_for(&what, 60, || {
        if probe() {
            return Some(true);
        }
        (!process.is_running()).then_some(false)
    })
}

pub(crate) fn missing(program: &str, error: &std::io::Error) -> ! {
    if error.kind() == ErrorKind::NotFound {
        panic!("`{program}` is not installed: {INSTALL_HINT}");
    }
    panic!("`{program}` does not start: {error}");
}

fn signal(name: &str, pids: &[u32]) {
    let result = Command::new("kill")
        .arg(format!("-{name}"))
        .args(pids.iter().map(u32::to_string))
        // One that has just ended by itself is no failure.
        .stderr(Stdio::null())
        .status();
    if let Err(error) = result {
        missing("kill", &error);
    }
}

/// Ids of the processes whose parent is `parent`. Postgres puts each of its backends into a session
/// of its own, so the process group does not reach them.
fn children_of(parent: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| state_and_parent(*pid).is_some_and(|(_, found)| found == parent))
        .collect()
}

/// Gone, or a zombie that only waits to be reaped by whoever adopted it.
fn has_ended(pid: u32) -> bool {
    state_and_parent(pid).is_none_or(|(state, _)| state == "Z" || state == "X")
}

/// From `/proc/<pid>/stat`: `pid (name) state parent …`; the name may contain spaces and
/// parentheses.
fn state_and_parent(pid: u32) -> Option<(String, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
