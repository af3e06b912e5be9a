//! One Postgres server. Its programs refuse to run as root, so root hands them over to the user
//! `postgres` by `setpriv`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::{
    port::free_port,
    process::{INSTALL_HINT, Process, missing, wait_until_up},
    scratch,
};

/// The superuser of a server under test; it needs no password.
const USER: &str = "holdfast";
/// The user as whom the server runs when the tests run as root.
const UNPRIVILEGED: &str = "postgres";

/// A private Postgres on a free port, with the durability of its defaults.
pub struct PostgresServer {
    process: Process,
    programs: PathBuf,
    port: u16,
    directory: PathBuf,
    databases: AtomicU32,
}

impl PostgresServer {
    /// A new server of one's own: for tests that stop it. Takes about a second.
    pub fn start() -> Self {
        let programs = programs();
        let directory = scratch::directory("postgres");
        if runs_as_root() {
            // Owned before initdb runs: it creates its directory as the other user.
            run(Command::new("chown").arg(UNPRIVILEGED).arg(&directory));
        }
        run(unprivileged(&programs.join("initdb"))
            .args(["--username", USER, "--auth", "trust", "--encoding", "UTF8"])
            .args(["--locale", "C", "--no-sync", "--pgdata"])
            .arg(directory.join("data"))
            .current_dir(&directory));
        for _ in 0..10 {
            let port = free_port();
            let process = spawn(&programs, &directory, port);
            let mut server = Self {
                process,
                programs: programs.clone(),
                port,
                directory: directory.clone(),
                databases: AtomicU32::new(0),
            };
            if server.wait_until_answering() {
                return server;
            }
            if !server.process.log_tail().contains("Address already in use") {
                panic!("postgres ended at once:\n{}", server.process.log_tail());
            }
        }
        panic!("no free port for postgres in ten attempts");
    }

    /// The server that all tests of this process share; never stop it. Take a database each.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<PostgresServer> = LazyLock::new(PostgresServer::start);
        &SHARED
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// URL of the database that every server has.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Creates an empty database and gives its URL.
    pub fn create_database(&self, name: &str) -> String {
        self.query(&format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\"")));
        self.url_of(name)
    }

    /// Creates an empty database under a name not used before and gives its URL.
    pub fn fresh_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        self.create_database(&format!("test_{number}"))
    }

    /// Runs SQL on the database of [`PostgresServer::url`]; gives the rows, values parted by `|`.
    pub fn query(&self, sql: &str) -> String {
        self.query_at(&self.url(), sql)
    }

    /// Runs SQL on the database at `url`.
    pub fn query_at(&self, url: &str, sql: &str) -> String {
        let output = run(Command::new(self.programs.join("psql"))
            .args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet"])
            .args(["--set", "ON_ERROR_STOP=1", "--command", sql, url]));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// SIGKILL to the server and all its backends: a crash.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// A fast shutdown: sessions are ended, data is written out.
    pub fn stop(&mut self) {
        self.process.stop("INT");
    }

    /// Ends the process if it still runs and starts it again; after a crash it recovers.
    pub fn restart(&mut self) {
        if self.process.is_running() {
            self.process.stop("INT");
        }
        self.process = spawn(&self.programs, &self.directory, self.port);
        assert!(self.wait_until_answering(), "no restart:\n{}", self.process.log_tail());
    }

    /// SIGSTOP to the server and its backends: connections stay open and nothing answers.
    pub fn pause(&self) {
        self.process.signal_tree("STOP");
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.process.signal_tree("CONT");
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    fn wait_until_answering(&mut self) -> bool {
        let (program, port) = (self.programs.join("pg_isready"), self.port.to_string());
        wait_until_up(&mut self.process, || {
            let asked = Command::new(&program)
                .args(["--quiet", "--host", "127.0.0.1", "--port", &port])
                .args(["--username", USER, "--dbname", "postgres"])
                .stdout(Stdio::null())
                .status();
            asked.unwrap_or_else(|error| missing("pg_isready", &error)).success()
        })
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // An immediate shutdown: quick, and it gives its shared memory back.
        self.process.stop("QUIT");
    }
}

fn spawn(programs: &Path, directory: &Path, port: u16) -> Process {
    let sockets = format!("unix_socket_directories={}", directory.display());
    let mut command = unprivileged(&programs.join("postgres"));
    command
        .current_dir(directory)
        .arg("-D")
        .arg(directory.join("data"))
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-c", &sockets])
        .args(["-c", "max_connections=500", "-c", "shared_buffers=32MB"]);
    // Beside the directory: this file is ours, the directory the other user's.
    Process::spawn(&mut command, &directory.with_extension("log"))
}

/// The directory of the newest installed version, or of `postgres` on the PATH.
fn programs() -> PathBuf {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = installed
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let path = entry.path().join("bin");
            path.join("initdb").is_file().then_some((version, path))
        })
        .max();
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|directory| directory.join("initdb").is_file())
    };
    newest
        .map(|(_, path)| path)
        .or_else(on_path)
        .unwrap_or_else(|| panic!("Postgres (`initdb`) is not installed: {INSTALL_HINT}"))
}

fn runs_as_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // `/proc/self` belongs to whom the process runs as.
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// `program`, as the user `postgres` when the tests run as root. `setpriv` replaces itself by the
/// program, so that the process id is the program's.
fn unprivileged(program: &Path) -> Command {
    if !runs_as_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED, "--init-groups"])
        .arg("--")
        .arg(program);
    command
}

/// Runs a program to its end; panics with what it wrote when it fails.
fn run(command: &mut Command) -> Output {
    let name = command.get_program().to_string_lossy().into_owned();
    let output =
        command.stdin(Stdio::null()).output().unwrap_or_else(|error| missing(&name, &error));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
