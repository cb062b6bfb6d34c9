use std::fmt;

/// A mistake that can be switched on. Search for its variant to see it made.
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

    /// The mistake that has this name.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|mistake| mistake.to_string() == name)
    }

    /// What is done wrong, in one sentence.
    pub(crate) fn explanation(self) -> &'static str {
        match self {
            Self::WrongId => {
                "The projector files the row under the id of the guest instead of that of the order."
            }
            Self::WrongKey => {
                "The handler looks the loyalty card up by the id of the guest, finds none, and goes on without it."
            }
            Self::NotSubscribed => {
                "The routes of the projector leave the event out, so it never hears of it."
            }
            Self::ForgottenAdd => {
                "The handler loads the order, changes it, and forgets to add it to the unit of work."
            }
            Self::Overwritten => {
                "The projector puts a whole new row where it should change one field of the old one."
            }
            Self::Swallowed => {
                "The projector fails on the one order that has no table; the engine puts the event aside and goes on."
            }
            Self::DeliveredTwice => {
                "The event comes a second time, as events may, and the handler does its work a second time."
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
