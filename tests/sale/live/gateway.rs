//! A process with the role `seatmap-ws` alone, on the stores of a server.

use std::{
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::support::{Server, wait_for};

/// Ends with the value.
pub struct Gateway {
    pub address: SocketAddr,
    data: TempDir,
    child: Child,
}

impl Gateway {
    pub async fn start(server: &Server) -> Self {
        let data = TempDir::new().expect("a temporary directory");
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let child = spawn(server, &data, address);
        let gateway = Self { address, data, child };
        gateway.wait_until_ready(server).await;
        gateway
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// At the same address.
    pub async fn start_again(&mut self, server: &Server) {
        self.child = spawn(server, &self.data, self.address);
        self.wait_until_ready(server).await;
    }

    async fn wait_until_ready(&self, server: &Server) {
        wait_for("the gateway", 60, || async {
            let url = format!("http://{}/readyz", self.address);
            let answer = server.http.get(url).send().await.ok()?;
            (answer.status() == 200).then_some(())
        })
        .await;
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(server: &Server, data: &TempDir, address: SocketAddr) -> Child {
    Command::new(env!("CARGO_BIN_EXE_holdfast"))
        .args(["serve", "--roles", "seatmap-ws"])
        .env("HOLDFAST_LISTEN", address.to_string())
        .env("HOLDFAST_DATA_DIR", data.path())
        .env("HOLDFAST_REDIS_URL", server.stores.redis_url())
        .env("HOLDFAST_DATABASE_URL", server.stores.database_url())
        .env("HOLDFAST_SIGNING_KEY", "a signing key that only this test suite uses")
        .env("HOLDFAST_RATE_LIMIT_PER_MINUTE", "0")
        .env("HOLDFAST_LOG", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("holdfast starts")
}
