//! The `chromedriver` process, on a port that it chooses.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    process::{Child, ChildStdout, Command, Stdio},
};

/// Runs a program until its own input ends, then kills its process group: the driver and every
/// browser that it has opened. So they end even with a test that is killed and drops nothing.
const GUARD: &str = "\"$@\" & exec >&-; read -r _; kill -KILL 0";

/// Ends with the value, and with this process.
pub struct Driver {
    pub url: String,
    guard: Child,
    /// Kept open: the program writes to it as long as it lives.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    pub fn start() -> Self {
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard", "chromedriver", "--port=0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell starts");
        let mut output = BufReader::new(guard.stdout.take().expect("its output"));
        let port = loop {
            let mut line = String::new();
            let length = output.read_line(&mut line).expect("its output can be read");
            assert!(length > 0, "chromedriver does not start; `make setup` installs it");
            if let Some((_, port)) = line.trim_end().rsplit_once("successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        Self { url: format!("http://127.0.0.1:{port}"), guard, _output: output }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}
