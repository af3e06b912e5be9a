//! One line that tells how far the run is.

use std::{
    io::{IsTerminal, Write, stderr},
    sync::Arc,
    time::Duration,
};

use tokio::{task::JoinHandle, time::sleep};

use crate::load::{Load, Second};

const CELLS: u64 = 30;

pub struct Progress {
    load: Arc<Load>,
    drawer: JoinHandle<()>,
}

impl Progress {
    /// On a terminal it is drawn anew in place; elsewhere a line comes every ten seconds.
    pub fn start(load: Arc<Load>) -> Self {
        let shared = load.clone();
        let on_terminal = stderr().is_terminal();
        let drawer = tokio::spawn(async move {
            loop {
                draw(&shared, on_terminal);
                sleep(Duration::from_millis(if on_terminal { 500 } else { 10_000 })).await;
            }
        });
        Self { load, drawer }
    }

    pub async fn finish(self) {
        self.drawer.abort();
        let _ = self.drawer.await;
        draw(&self.load, stderr().is_terminal());
        eprintln!();
    }
}

fn draw(load: &Load, on_terminal: bool) {
    let line = line(load.elapsed(), load.run_time, &load.seconds(), load.sold());
    let (before, after) = if on_terminal { ("\r\x1b[K", "") } else { ("", "\n") };
    // A closed terminal does not end the run.
    let _ = write!(stderr(), "{before}{line}{after}");
}

fn line(elapsed: Duration, whole: Duration, seconds: &[Second], tickets: u64) -> String {
    let whole_s = whole.as_secs().max(1);
    let passed = elapsed.as_secs().min(whole_s);
    let full = (passed * CELLS / whole_s) as usize;
    let bar = "█".repeat(full) + &"░".repeat(CELLS as usize - full);
    let sum =
        |of: fn(&Second) -> u32| seconds.iter().map(|second| u64::from(of(second))).sum::<u64>();
    format!(
        "{bar} {passed}/{whole_s} s   {} answered   {} refused   {} errors   {tickets} tickets",
        sum(|second| second.accepted),
        sum(|second| second.refused),
        sum(|second| second.errors),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_half_full_at_half_time_and_never_overflows() {
        let seconds = [Second { accepted: 3, refused: 1, errors: 0 }; 2];
        let at = |elapsed| line(Duration::from_secs(elapsed), Duration::from_secs(60), &seconds, 4);
        assert_eq!(at(30).matches('█').count(), 15);
        assert_eq!(at(90).matches('█').count(), 30);
        assert!(at(30).ends_with("30/60 s   6 answered   2 refused   0 errors   4 tickets"));
    }
}
