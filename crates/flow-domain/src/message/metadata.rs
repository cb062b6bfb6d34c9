use std::{borrow::Cow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    message::{CausationId, CorrelationId, Envelope, MessageId, MessageType, StreamName},
};

/// The kind of a message: a command or an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// A request to change, which may be refused.
    Command,
    /// A fact that happened.
    Event,
}

/// Who calls the handlers of a message, and when.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Processing {
    /// The call that submits the message, inline: it calls all handlers before it returns.
    #[default]
    Sync,
    /// An engine, later.
    Async,
}

/// How urgent a message is. Everything that a command causes inherits its priority.
///
/// Any number is a priority. The constants give names to some of them.
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
    /// For messages that may wait.
    pub const LOW: Self = Self(-50);
    /// The default.
    pub const NORMAL: Self = Self(0);
    /// For messages that somebody waits for.
    pub const HIGH: Self = Self(50);
    /// For messages that must not wait.
    pub const CRITICAL: Self = Self(100);

    /// Returns the priority with this number.
    pub const fn new(number: i16) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn as_i16(self) -> i16 {
        self.0
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Everything about a message besides its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metadata {
    /// The id of this message. A redelivery has the same id.
    pub id: MessageId,
    /// A command or an event.
    pub kind: MessageKind,
    /// Its type, as stored: `Shop.OrderPlaced.v1`.
    #[serde(rename = "type")]
    pub message_type: MessageType,
    /// The stream that it belongs to.
    pub stream: StreamName,
    /// When the command was submitted or the event was raised.
    pub time: Timestamp,
    /// The flow that it is part of.
    pub correlation: CorrelationId,
    /// The message that caused it; `None` for messages from outside.
    pub causation: Option<CausationId>,
    /// How urgent it is.
    pub priority: Priority,
    /// Who initiated the first command of the flow, if the caller named somebody.
    pub initiated_by: Option<Arc<str>>,
    /// The category of the message that caused it; `None` for messages from outside.
    pub caused_in_category: Option<Cow<'static, str>>,
    /// The time after which the command expires, if it has a deadline. Commands only.
    pub deadline: Option<Timestamp>,
    /// Who calls its handlers. An engine never handles a message that is handled inline.
    #[serde(default)]
    pub processing: Processing,
    /// The event as it is stored, if an [`Upcast`](crate::Upcast) has changed it.
    #[serde(skip)]
    pub upcast_from: Option<Arc<Envelope>>,
}
