//! A thread that does nothing but wait for the next arrival: the runtime's own timers are good to a
//! millisecond, the operating system's to some tenths of one.

use std::{
    thread,
    time::{Duration, Instant},
};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::plan::Arrival;

/// Hands each over when its time has come, counted from `began`.
pub fn start(arrivals: Vec<Arrival>, began: Instant) -> UnboundedReceiver<Arrival> {
    let (sender, receiver) = unbounded_channel();
    thread::spawn(move || {
        for arrival in arrivals {
            let wait = (began + arrival.at).saturating_duration_since(Instant::now());
            if wait > Duration::ZERO {
                thread::sleep(wait);
            }
            if sender.send(arrival).is_err() {
                return;
            }
        }
    });
    receiver
}
