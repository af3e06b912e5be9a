//! `holdfast demo` on a private port, as a reader has it.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::support::{ORGANIZER_TOKEN, free_port};

/// The demo; ended with the value, by its process id.
pub struct Demo {
    pub base: String,
    listen: String,
    folder: TempDir,
    child: Child,
}

impl Demo {
    /// Starts and waits until the sample sale is there.
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a directory");
        let listen = format!("127.0.0.1:{}", free_port());
        let child = Command::new(program())
            .arg("demo")
            .envs(settings(&listen, folder.path()))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the demo starts");
        let mut demo = Self { base: format!("http://{listen}"), listen, folder, child };
        let output = demo.child.stdout.take().expect("its output");
        let ready = BufReader::new(output).lines().map_while(Result::ok);
        assert!(ready.into_iter().any(|line| line.contains("Ctrl-C")), "the demo ended early");
        demo
    }

    /// Where commands may leave files.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// A command that finds the program and this demo as a reader's second terminal does.
    pub fn command(&self, program_name: &str) -> Command {
        let mut path = vec![program().parent().expect("a folder").to_owned()];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut command = Command::new(program_name);
        command
            .envs(settings(&self.listen, self.folder.path()))
            .env("PATH", std::env::join_paths(path).expect("a search path"))
            .env("HOLDFAST", &self.base)
            .env("ORGANIZER_TOKEN", ORGANIZER_TOKEN)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_holdfast"))
}

fn settings(listen: &str, data: &Path) -> [(&'static str, String); 5] {
    [
        ("HOLDFAST_LISTEN", listen.to_owned()),
        ("HOLDFAST_DATA_DIR", data.join("data").to_string_lossy().into_owned()),
        ("HOLDFAST_ORGANIZER_TOKEN", ORGANIZER_TOKEN.to_owned()),
        // All pages come from one address, faster than a reader types.
        ("HOLDFAST_RATE_LIMIT_PER_MINUTE", "0".to_owned()),
        ("HOLDFAST_LOG", "warn".to_owned()),
    ]
}
