//! CPU time of processes, in microseconds.

use std::{fs, str::FromStr};

use anyhow::{Context, Result};
use nix::{time::ClockId, unistd::Pid};

/// Clock ticks a second in `/proc`: 100 on every Linux that Holdfast runs on (`USER_HZ`, fixed for
/// programs).
const TICKS_PER_SECOND: f64 = 100.0;

/// Fields of proc(5).
const PARENT: usize = 4;
const ENDED_CHILDREN_USER: usize = 16;
const ENDED_CHILDREN_SYSTEM: usize = 17;

/// User plus system time of a process so far, as its CPU clock tells it: threads that have ended
/// are counted, and no time is lost to the ticks of `/proc`.
pub fn of_process(pid: u32) -> Result<f64> {
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(i32::try_from(pid)?));
    let time = clock.and_then(ClockId::now).context("the process has ended")?;
    Ok(time.tv_sec() as f64 * 1e6 + time.tv_nsec() as f64 / 1e3)
}

/// The same of a process and all its children. Those that have ended are counted in ticks of 10 ms;
/// children of children are not looked for.
pub fn of_family(pid: u32) -> Result<f64> {
    let stat = Stat::read(pid)?;
    let ended = [ENDED_CHILDREN_USER, ENDED_CHILDREN_SYSTEM].map(|field| stat.field::<f64>(field));
    let [user, system] = ended;
    let mut sum = of_process(pid)? + (user? + system?) / TICKS_PER_SECOND * 1e6;
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process that ends meanwhile is the parent's ended child from then on.
        if Stat::read(child).is_ok_and(|stat| stat.field(PARENT).is_ok_and(|of: u32| of == pid)) {
            sum += of_process(child).unwrap_or(0.0);
        }
    }
    Ok(sum)
}

struct Stat(String);

impl Stat {
    fn read(pid: u32) -> Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"));
        Ok(Self(text.context("the process has ended")?))
    }

    /// By its number in proc(5), from 4 on.
    fn field<T: FromStr>(&self, field: usize) -> Result<T>
    where
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        // The name in parentheses may hold anything; the numbers come after the last one.
        let mut fields = self.0.rsplit(')').next().unwrap_or("").split_whitespace();
        Ok(fields.nth(field - 3).context("a short stat line")?.parse()?)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_costs_at_least_what_its_first_process_costs() {
        let own = std::process::id();
        let alone = of_process(own).expect("this process runs");
        assert!(of_family(own).expect("this process runs") >= alone);
    }

    #[test]
    fn a_process_that_is_not_there_has_no_cost() {
        assert!(of_process(u32::MAX).is_err());
        assert!(of_family(u32::MAX).is_err());
    }
}
