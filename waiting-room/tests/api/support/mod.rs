//! Helpers that let a test say the situation and the outcome.

mod answer;
mod buyer;
mod fixtures;
mod node;
mod purchase;
mod stores;
mod world;

pub use answer::Answer;
pub use buyer::{Buyer, Pass, Place, claims};
pub use fixtures::{brisk, slow, text_of};
pub use node::{Node, ORGANIZER_TOKEN, SIGNING_KEY};
pub use stores::Stores;
pub(crate) use stores::in_every_place;
pub use world::World;
