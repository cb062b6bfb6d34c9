use std::{fmt, sync::Arc};

use crate::{error::Error, message::StreamName, record::Table};

/// Why a handling was rolled back, and what was lost with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RolledBack {
    /// The refusal or the failure with its causes, as text.
    pub reason: String,
    /// What kind of failure it is, where that is known.
    pub kind: FailureKind,
    /// What had been raised and written.
    pub discarded: Vec<DiscardedEffect>,
}

/// What kind of failure it was that a handling ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// The handler panicked.
    Panic,
    /// Something of this name could not be read or written as JSON.
    Codec(String),
    /// There was no such thing under this id.
    NotFound {
        /// Its Rust name: `Order`.
        type_name: &'static str,
        /// The id that it was looked for by.
        id: String,
    },
    /// Anything else.
    Other,
}

/// Something that was raised, written or sent, and rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiscardedEffect {
    /// An event.
    Event {
        /// Its name: `OrderPlaced`.
        name: String,
        /// The stream that it was for.
        stream: StreamName,
    },
    /// A state or row that was written or deleted.
    Value {
        /// Where it would have been kept.
        table: Table,
        /// Its id.
        id: Arc<str>,
    },
    /// A command that was to be sent, by its name.
    Command(String),
}

impl RolledBack {
    pub(crate) fn new(err: &Error, lost: Vec<DiscardedEffect>) -> Self {
        let kind = if err.is_panic() {
            FailureKind::Panic
        } else if let Some(what) = err.codec_type() {
            FailureKind::Codec(what.to_owned())
        } else if let Some((what, id)) = err.missing_item() {
            let id = id.to_owned();
            FailureKind::NotFound {
                type_name: what,
                id,
            }
        } else {
            FailureKind::Other
        };

        Self {
            reason: err.with_causes().to_string(),
            kind,
            discarded: lost,
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

/// The reason, and behind it what was rolled back, if anything was.
impl fmt::Display for RolledBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        for (idx, lost) in self.discarded.iter().enumerate() {
            let joined = if idx == 0 { "; rolled back " } else { ", " };
            write!(f, "{joined}{lost}")?;
        }
        Ok(())
    }
}
