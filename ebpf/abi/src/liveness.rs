//! What the gateway says of itself to hypervisors that ask.

/// Whether the gateway takes traffic. The word in `LIVENESS`, which outlives the
/// agent: one that is gone does not take the gateway out.
#[repr(u64)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Liveness {
    /// The tables were never filled.
    #[default]
    NotSynced = 0,
    /// The tables are those of the desired state.
    Serving = 1,
    /// It serves, and is to get no more traffic.
    Draining = 2,
}

impl Liveness {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::NotSynced, Self::Serving, Self::Draining];

    /// Name in metrics and output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSynced => "NotSynced",
            Self::Serving => "Serving",
            Self::Draining => "Draining",
        }
    }

    /// What a word says; of one that says nothing, the careful reading.
    #[inline(always)]
    #[must_use]
    pub const fn from_word(word: u64) -> Self {
        match word {
            1 => Self::Serving,
            2 => Self::Draining,
            _ => Self::NotSynced,
        }
    }
}
