//! What the benchmarks share: CPU time of processes, rounds that interleave a measurement with its
//! floor, and the report.
//!
//! A figure is a ratio of two sides measured in one run, in the order A B B A, given as the median
//! of its rounds with the smallest and largest. CPU time is user plus system time of the named
//! processes, never of the generator. Load goes to this machine only.

pub mod cpu;
pub mod floor;
pub mod generator;
pub mod recording;
pub mod report;
pub mod rounds;
pub mod servers;

/// The product's: a floor is measured with the same one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
