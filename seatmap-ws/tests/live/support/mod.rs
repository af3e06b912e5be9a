//! Helpers that let a test say the situation and the outcome.

mod decode;
mod house;
mod map;
mod viewer;

pub use decode::{Told, told_by_binary, told_by_json};
pub use house::{House, Place, Plan};
pub use map::Map;
pub use viewer::{Heard, Viewer};

/// Each test of a list in both places where scripts run.
macro_rules! in_both_places {
    ($($name:ident)*) => {
        mod in_process {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::support::Place::in_process()).await;
            })*
        }
        mod on_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::support::Place::redis()).await;
            })*
        }
    };
}
pub(crate) use in_both_places;

/// A small generator whose seed a failing test prints.
pub struct Lcg(pub u64);

impl Lcg {
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(bound)) as u32
    }
}

pub fn seed() -> u64 {
    let mut random = [0; 8];
    getrandom::fill(&mut random).expect("randomness");
    let seed = u64::from_be_bytes(random);
    println!("seed {seed}");
    seed
}

/// Asks until the answer is there; fails with `what` after twenty seconds.
pub async fn wait_for<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..2_000 {
        if let Some(value) = ask().await {
            return value;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("waited twenty seconds for: {what}");
}
