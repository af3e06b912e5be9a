//! Where scripts run: in process, on one Redis (alone or whichever the Sentinels call master), in a
//! cluster. A place runs one call at a time per partition and gives its answer; it knows no script.

pub(crate) mod address;
pub(crate) mod cluster;
mod connecting;
pub mod in_process;
mod redis;
pub(crate) mod single;
