//! The bare hyper server, as a process of its own: the benchmark itself, started anew as
//! `bench floor-server`.

use std::{env, net::SocketAddr, process::Command};

use anyhow::Result;
use tokio::net::TcpListener;

use super::Process;
use crate::floor;

const FLOOR_SERVER: &str = "floor-server";

pub struct Floor {
    pub address: SocketAddr,
    process: Process,
}

impl Floor {
    /// What a process does that was started as the server: serves until it is killed.
    pub async fn serve() -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        floor::serve(listener).await
    }

    pub fn start() -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        let (process, address) = Process::spawn_server(command.arg(FLOOR_SERVER))?;
        Ok(Self { address, process })
    }

    /// Microseconds of its CPU so far.
    pub fn cpu(&self) -> Result<f64> {
        self.process.cpu()
    }
}
