use std::{fmt, sync::Arc};

use crate::{error::Error, message::StreamName, record::Table};

/// Why a handler call was rolled back, and the effects that were discarded with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RolledBack {
    /// The rejection or the failure with its causes, as text.
    pub reason: String,
    /// The kind of the failure.
    pub kind: FailureKind,
    /// The events, writes and commands that were discarded.
    pub discarded: Vec<DiscardedEffect>,
}

/// The kind of failure that ended a handler call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// The handler panicked.
    Panic,
    /// The handler took longer than its time limit.
    TimedOut,
    /// A value of this type could not be encoded as JSON or decoded.
    Codec(String),
    /// There is no state or row with this id.
    NotFound {
        /// The Rust name of the state or row: `Order`.
        type_name: &'static str,
        /// The id that the handler tried to load.
        id: String,
    },
    /// Anything else.
    Other,
}

/// An event, a write or a command that was rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiscardedEffect {
    /// An event.
    Event {
        /// Its name: `OrderPlaced`.
        name: String,
        /// The stream that it was raised for.
        stream: StreamName,
    },
    /// A state or row that was written or deleted.
    Value {
        /// The table that it was written to.
        table: Table,
        /// Its id.
        id: Arc<str>,
    },
    /// The name of a command that was not sent.
    Command(String),
}

impl RolledBack {
    pub(crate) fn new(err: &Error, discarded: Vec<DiscardedEffect>) -> Self {
        let kind = if err.is_panic() {
            FailureKind::Panic
        } else if err.is_timed_out() {
            FailureKind::TimedOut
        } else if let Some(type_name) = err.codec_type() {
            FailureKind::Codec(type_name.to_owned())
        } else if let Some((type_name, id)) = err.missing_item() {
            let id = id.to_owned();
            FailureKind::NotFound { type_name, id }
        } else {
            FailureKind::Other
        };

        Self {
            reason: err.with_causes().to_string(),
            kind,
            discarded,
        }
    }
}

/// `OrderPlaced in order-ord-1`, `Order "ord-1"`, `ConfirmOrder`.
impl fmt::Display for DiscardedEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event { name, stream } => write!(f, "{name} in {stream}"),
            Self::Value { table, id } => write!(f, "{} {id:?}", table.name),
            Self::Command(name) => f.write_str(name),
        }
    }
}

/// The reason, then the discarded effects, if there are any.
impl fmt::Display for RolledBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        for (idx, effect) in self.discarded.iter().enumerate() {
            let separator = if idx == 0 { "; rolled back " } else { ", " };
            write!(f, "{separator}{effect}")?;
        }
        Ok(())
    }
}
