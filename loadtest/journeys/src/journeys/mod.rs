//! What people do at a sale. One file a part of it; this page says who does what, and how many.

mod buy;
mod line;
mod look;
mod pay;

use std::time::Duration;

use tokio::time::sleep;

use crate::person::{Person, Stop};

const AFTER_THE_END: Duration = Duration::from_millis(200);

/// A journey from coming to going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journey {
    /// Looks around and buys nothing.
    Browse,
    /// Has the live map open for a while.
    Watch,
    /// Waits in line, picks seats on the map, buys them.
    Pick,
    /// Waits in line, takes the best available, buys them.
    TakeBest,
    /// The same, with a card that is declined before one that works.
    Decline,
    /// Gets seats and does not buy them: lets go, cancels, or just leaves.
    Abandon,
    /// Reloads and repeats everything on the way: each answer is the one before.
    ComeBack,
}

impl Journey {
    pub const ALL: [Self; 7] = [
        Self::Browse,
        Self::Watch,
        Self::Pick,
        Self::TakeBest,
        Self::Decline,
        Self::Abandon,
        Self::ComeBack,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Browse => "browse",
            Self::Watch => "watch",
            Self::Pick => "pick seats and buy",
            Self::TakeBest => "take the best and buy",
            Self::Decline => "declined, then paid",
            Self::Abandon => "abandon",
            Self::ComeBack => "come back",
        }
    }

    /// Of how many people of the crowd it is, together 20.
    pub fn weight(self) -> usize {
        match self {
            Self::Browse | Self::Pick | Self::TakeBest => 4,
            Self::Watch | Self::Decline | Self::Abandon | Self::ComeBack => 2,
        }
    }

    /// One person's whole way. Whatever goes wrong was counted where it did.
    pub async fn walk(self, person: &mut Person<'_>) {
        let outcome = match self {
            Self::Browse => look::browse(person).await,
            Self::Watch => look::watch(person).await,
            Self::Pick => buy::pick(person).await,
            Self::TakeBest => buy::take_best(person).await,
            Self::Decline => buy::with_a_decline(person).await,
            Self::Abandon => buy::abandon(person).await,
            Self::ComeBack => buy::come_back(person).await,
        };
        match outcome {
            Ok(()) | Err(Stop::Failed) => {}
            // Whoever comes to a sold-out sale looks a while for returned seats.
            Err(Stop::SoldOut) => drop(person.think(500..1_500).await),
            // goose lets its users go a moment later, and would start this journey again till then.
            Err(Stop::Over) => sleep(AFTER_THE_END).await,
        }
    }
}
