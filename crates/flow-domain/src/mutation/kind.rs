use std::fmt;

use crate::mutation::Edit;

/// One mistake in the way of one message to one handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// Who makes it.
    pub handler: String,
    /// Which message it is made with.
    pub message: String,
    /// What is wrong.
    pub kind: MutationKind,
}

/// What is wrong with the handling of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MutationKind {
    /// The handler never gets it.
    Unrouted,
    /// The handler takes it for another one.
    Misreads(Edit),
    /// What the handler raises, issues or writes, by its name, comes out differently.
    Miswrites(String, Edit),
    /// The handler returns an error.
    Fails,
    /// The handler panics.
    Panics,
}

impl MutationKind {
    /// What kind of mistake it is.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Unrouted => "route dropped",
            Self::Misreads(Edit::Swap(..)) => "fields swapped when read",
            Self::Misreads(Edit::Extend(_)) => "id changed when read",
            Self::Miswrites(_, Edit::Swap(..)) => "fields swapped when written",
            Self::Miswrites(_, Edit::Extend(_)) => "id changed when written",
            Self::Fails => "error",
            Self::Panics => "panic",
        }
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            handler, message, ..
        } = self;

        match &self.kind {
            MutationKind::Unrouted => write!(f, "{handler} does not get {message}"),
            MutationKind::Misreads(edit) => write!(f, "{handler} reads {message} with {edit}"),
            MutationKind::Miswrites(what, edit) => {
                write!(f, "{handler} makes of {message} a {what} with {edit}")
            }
            MutationKind::Fails => write!(f, "{handler} fails at {message}"),
            MutationKind::Panics => write!(f, "{handler} panics at {message}"),
        }
    }
}
