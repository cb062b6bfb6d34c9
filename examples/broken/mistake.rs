use std::fmt;

/// A mistake that can be switched on. Search for a variant to find the code that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    WrongId,
    WrongKey,
    NotSubscribed,
    ForgottenAdd,
    Overwritten,
    Swallowed,
    DeliveredTwice,
    TooEarly,
}

impl Mistake {
    pub(crate) const ALL: [Self; 8] = [
        Self::WrongId,
        Self::WrongKey,
        Self::NotSubscribed,
        Self::ForgottenAdd,
        Self::Overwritten,
        Self::Swallowed,
        Self::DeliveredTwice,
        Self::TooEarly,
    ];

    /// Returns the mistake with this name.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|mistake| mistake.to_string() == name)
    }

    /// Describes the mistake in one sentence.
    pub(crate) fn explanation(self) -> &'static str {
        match self {
            Self::WrongId => {
                "The projector stores the row under the id of the guest, not of the order."
            }
            Self::WrongKey => {
                "The handler looks up the loyalty card by the id of the guest. It finds none and goes on."
            }
            Self::NotSubscribed => {
                "The projector has no route for the event, so it never receives it."
            }
            Self::ForgottenAdd => {
                "The handler loads and changes the order, but does not add it to the unit of work."
            }
            Self::Overwritten => {
                "The projector writes a new row, but should change one field of the old row."
            }
            Self::Swallowed => {
                "The projector fails on an order without a table. The event becomes a dead letter, and the engine goes on."
            }
            Self::DeliveredTwice => {
                "The event is delivered twice, as events may be, and the handler does its work twice."
            }
            Self::TooEarly => "The test reads the row before the engine has delivered the event.",
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongId => "wrong-id",
            Self::WrongKey => "wrong-key",
            Self::NotSubscribed => "not-subscribed",
            Self::ForgottenAdd => "forgotten-add",
            Self::Overwritten => "overwritten",
            Self::Swallowed => "swallowed",
            Self::DeliveredTwice => "delivered-twice",
            Self::TooEarly => "too-early",
        })
    }
}
