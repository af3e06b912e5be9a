//! What this machine does beside the benchmark.

use std::{process, time::Instant};

use anyhow::Result;

use crate::cpu;

pub struct Foreign {
    machine: f64,
    began: Instant,
    ours: f64,
}

impl Foreign {
    /// Before the first server is started.
    pub fn start() -> Result<Self> {
        let (machine, ours) = (cpu::of_machine()?, cpu::of_family(process::id())?);
        Ok(Self { machine, began: Instant::now(), ours })
    }

    /// Of all cores' time since the start, when every server has ended: then all that they used is
    /// this process's. What the kernel does in interrupts is counted as foreign.
    pub fn share(&self) -> Result<f64> {
        let ours = cpu::of_family(process::id())? - self.ours;
        let machine = cpu::of_machine()? - self.machine;
        let cores = std::thread::available_parallelism()?.get() as f64;
        Ok((machine - ours).max(0.0) / (self.began.elapsed().as_micros() as f64 * cores))
    }
}
