//! What the benchmarks and the generators share: halls to sell, people's requests, CPU time of
//! processes, rounds that interleave a measurement with its floor, and the report.
//!
//! A figure is a ratio of two sides measured in one run, in the order A B B A, given as the median
//! of its rounds with the smallest and largest. CPU time is user plus system time of the named
//! processes, never of the generator. Latencies come from open loops only ([`open_loop`]). Load goes
//! to this machine only.

pub mod auditor;
pub mod cpu;
pub mod floor;
pub mod foreign;
pub mod generator;
pub mod hall;
pub mod journey;
pub mod open_loop;
pub mod random;
pub mod recording;
pub mod report;
pub mod requests;
pub mod rounds;
pub mod servers;

/// The product's: a floor is measured with the same one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
