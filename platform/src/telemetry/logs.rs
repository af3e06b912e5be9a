//! Logs to standard error, written together.
//!
//! A line for each request, each with a write of its own, would cost a request more than its routing
//! does. Lines gather in memory and are written every tenth of a second, at the latest; at once with
//! a warning or an error, so that a process that dies has said why.

use std::{
    io::{self, Write},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Lines wait so long.
pub(super) const FLUSH_INTERVAL: Duration = Duration::from_millis(100);
/// More bytes than these do not wait.
const BYTES_MAX: usize = 64 * 1024;

static WAITING: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Where the formatting layer writes.
#[derive(Clone, Copy)]
pub(super) struct Logs;

/// One line on its way.
pub(super) struct Line {
    is_urgent: bool,
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { is_urgent: false }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line {
        Line { is_urgent: *metadata.level() <= Level::WARN }
    }
}

impl Write for Line {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut waiting = waiting();
        waiting.extend_from_slice(text);
        if self.is_urgent || waiting.len() > BYTES_MAX {
            write_out(&mut waiting);
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        flush();
        Ok(())
    }
}

/// Writes what waits.
pub(super) fn flush() {
    write_out(&mut waiting());
}

fn waiting() -> MutexGuard<'static, Vec<u8>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write_out(waiting: &mut Vec<u8>) {
    if !waiting.is_empty() {
        // There is nobody left to tell when standard error is closed.
        let _ = io::stderr().write_all(waiting);
        waiting.clear();
    }
}
