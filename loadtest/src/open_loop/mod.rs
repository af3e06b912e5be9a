//! The open loop: people come when they come, whether or not those before them were answered.
//!
//! Arrivals are drawn before the run ([`Profile`]), and each latency counts from when its person was
//! meant to act. A server that stalls is thus measured by everybody who would have come meanwhile,
//! and a generator that cannot keep up measures itself: [`Verdict`] calls such a run void. The
//! generator is as many processes of one thread as are asked for; their histograms are added, and
//! percentiles are taken of the sum.

mod arrivals;
mod crowd;
mod figures;
mod latencies;
mod pace;
mod plan;
mod verdict;
mod worker;

pub use arrivals::Profile;
pub use crowd::send;
pub use figures::{Figures, StepFigures};
pub use latencies::Latencies;
pub use plan::{Plan, Wave};
pub use verdict::{Limits, Threshold, Verdict};
pub use worker::work_if_asked;
