use std::fmt;

use crate::testing::mutation::Edit;

/// One mistake of one handler with one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The handler that makes the mistake.
    pub handler: String,
    /// The message whose route has the mistake.
    pub message: String,
    /// The kind of mistake.
    pub kind: MutationKind,
}

/// The kind of a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MutationKind {
    /// The handler never receives the message.
    Unrouted,
    /// The handler receives a changed message.
    Misreads(Edit),
    /// An output of the handler is changed: an event, a command or a state with this name.
    Miswrites(String, Edit),
    /// The handler returns an error.
    Fails,
    /// The handler panics.
    Panics,
}

impl MutationKind {
    /// Returns a short text for the kind, without names.
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
            MutationKind::Unrouted => write!(f, "{handler} does not receive {message}"),
            MutationKind::Misreads(edit) => write!(f, "{handler} reads {message} with {edit}"),
            MutationKind::Miswrites(output, edit) => {
                write!(
                    f,
                    "{handler} handles {message} and writes {output} with {edit}"
                )
            }
            MutationKind::Fails => write!(f, "{handler} fails on {message}"),
            MutationKind::Panics => write!(f, "{handler} panics on {message}"),
        }
    }
}
