//! What a line is doing, and how a pass ends: words that the store and the ledger share.

/// Early → drawing → open ⇄ paused → draining → closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinePhase {
    /// People join; nobody has a position.
    Early,
    /// The entries are closed; positions come with the draw. Who joins now stands behind them.
    Drawing,
    Open,
    /// Nobody is admitted; people join and enter.
    Paused,
    /// Nobody joins any more; who stands in the line is admitted.
    Draining,
    /// Nobody joins or enters; passes live on.
    Closed,
}

impl LinePhase {
    pub const ALL: [Self; 6] =
        [Self::Early, Self::Drawing, Self::Open, Self::Paused, Self::Draining, Self::Closed];

    /// As it is kept and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Early => "early",
            Self::Drawing => "drawing",
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Draining => "draining",
            Self::Closed => "closed",
        }
    }

    /// The phase of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == word)
    }
}

/// Why a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PassEnd {
    Bought,
    Left,
    /// Not renewed in time.
    Idle,
    /// The line was closed.
    Closed,
}

impl PassEnd {
    pub const ALL: [Self; 4] = [Self::Bought, Self::Left, Self::Idle, Self::Closed];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bought => "bought",
            Self::Left => "left",
            Self::Idle => "idle",
            Self::Closed => "closed",
        }
    }

    /// The end of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.as_str() == word)
    }
}
