//! Helpers that let a test say the situation and the outcome.

mod answer;
mod buyer;
mod fixtures;
mod sale;

pub use answer::Answer;
pub use buyer::{Buyer, Hold, Order};
pub use fixtures::{event, hall, text_of};
pub use sale::{ORGANIZER_TOKEN, SIGNING_KEY, Sale};
