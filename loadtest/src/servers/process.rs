//! A child process; ended with the value, by its id.

use std::{
    env,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::cpu;

pub struct Process(Child);

impl Process {
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_owned();
        let child =
            command.spawn().with_context(|| format!("{} does not start", program.display()))?;
        Ok(Self(child))
    }

    /// The same for a server whose first line of output is the address at which it listens.
    pub fn spawn_server(command: &mut Command) -> Result<(Self, SocketAddr)> {
        let mut process = Self::spawn(command.stdout(Stdio::piped()))?;
        let output = process.0.stdout.take().context("the server's output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().parse().context("the server does not say where it listens")?;
        Ok((process, address))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Microseconds of its CPU so far.
    pub fn cpu(&self) -> Result<f64> {
        cpu::of_process(self.0.id())
    }

    /// Whether it has not ended by itself.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.0.try_wait()?.is_none())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program beside this one, in the same profile.
pub fn beside(name: &str) -> Result<PathBuf> {
    let program = env::current_exe()?.with_file_name(name);
    ensure!(program.exists(), "build {name} first: cargo build --release");
    Ok(program)
}
