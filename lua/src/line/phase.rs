//! What a line is doing.

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

    /// As the line keeps it.
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
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == word)
    }
}
