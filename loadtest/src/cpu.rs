//! CPU time of processes, in microseconds.

use std::fs;

use anyhow::{Context, Result};

/// Clock ticks a second in `/proc/<pid>/stat`: 100 on every Linux that Holdfast runs on
/// (`USER_HZ`, fixed for programs).
const TICKS_PER_SECOND: f64 = 100.0;

/// User plus system time of a process so far (proc(5), fields 14 and 15); resolution 10 ms.
pub fn of_process(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the process has ended")?;
    // The name in parentheses may hold anything; the numbers come after the last one.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |field: usize| -> Result<f64> {
        Ok(fields.get(field - 3).context("a short stat line")?.parse::<f64>()?)
    };
    Ok((ticks(14)? + ticks(15)?) / TICKS_PER_SECOND * 1e6)
}

/// User plus system time of a Redis server so far, as it accounts itself; resolution 1 µs.
pub async fn of_redis(connection: &mut redis::aio::MultiplexedConnection) -> Result<f64> {
    let text: String = redis::cmd("INFO").arg("cpu").query_async(connection).await?;
    let seconds = |name: &str| -> Result<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        Ok(line.context("INFO cpu lacks a line")?.trim().parse::<f64>()?)
    };
    Ok((seconds("used_cpu_user:")? + seconds("used_cpu_sys:")?) * 1e6)
}

/// CPU time of everything on this machine so far, idle and I/O wait left out.
pub fn of_machine() -> Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let fields = stat.lines().next().context("an empty /proc/stat")?.split_whitespace().skip(1);
    let ticks: Vec<f64> = fields.filter_map(|field| field.parse().ok()).collect();
    let busy = ticks.iter().enumerate().filter(|(index, _)| ![3, 4].contains(index));
    Ok(busy.map(|(_, ticks)| ticks).sum::<f64>() / TICKS_PER_SECOND * 1e6)
}
