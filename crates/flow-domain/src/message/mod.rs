//! What travels: names, streams, ids, and the envelope with its metadata.

mod envelope;
mod id;
mod metadata;
mod name;
mod payload;
mod stream;

pub use envelope::{Envelope, Recorded};
pub use id::{CausationId, CorrelationId, MessageId};
pub use metadata::{MessageKind, Metadata, Priority};
pub use name::{InvalidMessageType, MessageName, MessageSchema, MessageType, NameList};
pub use payload::{Payload, text_of};
pub use stream::{
    ExpectedVersion, InvalidStreamName, Position, StreamCategory, StreamName, Version,
};
