//! One Redis server. It keeps nothing on disk unless asked to: killed and restarted it is empty,
//! which is what the recovery tests want.

use std::{path::PathBuf, process::Command};

use crate::{
    port::free_port,
    process::{Process, wait_until_up},
    resp::{Reply, RespClient},
    scratch,
};

/// A private Redis on a free port.
pub struct RedisServer {
    process: Process,
    port: u16,
    directory: PathBuf,
    /// Arguments after port and directory; a configuration file's path comes first if there is one.
    arguments: Vec<String>,
}

impl RedisServer {
    /// A standalone server without persistence.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With more settings, as `redis-server` takes them: `&["--appendonly", "yes"]`.
    pub fn start_with(settings: &[&str]) -> Self {
        Self::launch("redis", |_, _| settings.iter().map(|s| (*s).to_owned()).collect())
    }

    /// Starts on free ports until it comes up; `arguments` are made from port and directory.
    pub(crate) fn launch(
        name: &str,
        arguments: impl Fn(u16, &std::path::Path) -> Vec<String>,
    ) -> Self {
        let directory = scratch::directory(name);
        for _ in 0..10 {
            let port = free_port();
            let arguments = arguments(port, &directory);
            let process = spawn(port, &directory, &arguments);
            let mut server = Self { process, port, directory: directory.clone(), arguments };
            if server.wait_until_answering() {
                return server;
            }
            // Another process took the port first, or the settings are wrong: the log says.
            if !server.process.log_tail().contains("Address already in use") {
                panic!("redis-server ended at once:\n{}", server.process.log_tail());
            }
        }
        panic!("no free port for redis-server in ten attempts");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// One command on a connection of its own; panics when the server does not answer.
    pub fn command<A: AsRef<[u8]>>(&self, arguments: &[A]) -> Reply {
        self.try_command(arguments)
            .unwrap_or_else(|| panic!("no answer:\n{}", self.process.log_tail()))
    }

    /// One command; `None` when the server cannot be reached or does not answer.
    pub fn try_command<A: AsRef<[u8]>>(&self, arguments: &[A]) -> Option<Reply> {
        RespClient::connect(self.port).ok()?.command(arguments).ok()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(&mut self) {
        self.process.stop("TERM");
    }

    /// Ends the process if it still runs and starts it again on the same port and directory.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = spawn(self.port, &self.directory, &self.arguments);
        assert!(self.wait_until_answering(), "no restart:\n{}", self.process.log_tail());
    }

    /// SIGSTOP: connections stay open and nothing answers.
    pub fn pause(&self) {
        self.process.signal_tree("STOP");
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.process.signal_tree("CONT");
    }

    fn wait_until_answering(&mut self) -> bool {
        let port = self.port;
        wait_until_up(&mut self.process, || {
            let answer = RespClient::connect(port).and_then(|mut c| c.command(&["PING"]));
            // A server that loads its data, or a Sentinel, may answer otherwise at first.
            answer.is_ok_and(|reply| reply == Reply::Status("PONG".into()))
        })
    }
}

fn spawn(port: u16, directory: &std::path::Path, arguments: &[String]) -> Process {
    let mut command = Command::new("redis-server");
    // A configuration file, if any, must come before all settings.
    let (file, settings) = match arguments.first() {
        Some(first) if !first.starts_with("--") => arguments.split_at(1),
        _ => arguments.split_at(0),
    };
    command.args(file).args(["--port", &port.to_string()]).args([
        "--bind",
        "127.0.0.1",
        "--daemonize",
        "no",
    ]);
    command.arg("--dir").arg(directory);
    if file.is_empty() {
        command.args(["--save", "", "--appendonly", "no"]);
    }
    command.args(settings);
    Process::spawn(&mut command, &directory.join("log"))
}
