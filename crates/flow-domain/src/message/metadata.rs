use std::{borrow::Cow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    message::{CausationId, CorrelationId, MessageId, MessageType, StreamName},
};

/// Whether a message asks for something or tells what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// A request to change, which may be refused.
    Command,
    /// A fact that happened.
    Event,
}

/// By whom what a message causes is handled.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Processing {
    /// Inline: by whoever handed it over, before the call returns.
    #[default]
    Sync,
    /// Later: by an engine.
    Async,
}

/// How urgent a message is; it travels with a command to everything that the command causes.
///
/// Any number is a priority; the constants are those that have names.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Priority(i16);

impl Priority {
    /// Migrations and imports.
    pub const BULK: Self = Self(-100);
    /// Another name for [`BULK`](Self::BULK).
    pub const BACKFILL: Self = Self::BULK;
    /// What may wait.
    pub const LOW: Self = Self(-50);
    /// What is said when nothing is said.
    pub const NORMAL: Self = Self(0);
    /// What somebody is waiting for.
    pub const HIGH: Self = Self(50);
    /// What must not wait.
    pub const CRITICAL: Self = Self(100);

    /// The priority with this number.
    pub const fn new(number: i16) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn as_i16(self) -> i16 {
        self.0
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What is known of a message besides its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metadata {
    /// Names this message, however often it is delivered.
    pub id: MessageId,
    /// A command or an event.
    pub kind: MessageKind,
    /// Its type, as stored: `Shop.OrderPlaced.v1`.
    #[serde(rename = "type")]
    pub message_type: MessageType,
    /// The stream that it belongs to.
    pub stream: StreamName,
    /// When it was handed over or raised.
    pub time: Timestamp,
    /// The flow that it is part of.
    pub correlation: CorrelationId,
    /// The message whose handling caused it; `None` for what comes from outside.
    pub causation: Option<CausationId>,
    /// How urgent it is.
    pub priority: Priority,
    /// Who asked for the command that began the flow, if that was told.
    pub initiated_by: Option<Arc<str>>,
    /// The category of the message whose handling caused it; `None` for what comes from outside.
    pub caused_in_category: Option<Cow<'static, str>>,
    /// Until when it is worth to be handled, if that was told. Commands only.
    pub deadline: Option<Timestamp>,
    /// By whom its handlers are called. What is handled inline is never handled by an engine.
    #[serde(default)]
    pub processing: Processing,
}
