//! The parts of a message besides its content: names, streams, ids, and the envelope with its
//! metadata.

// Only the checks of a test decode a value in advance. In production, the cache is empty.
#[cfg(feature = "testing")]
mod decoded_cache;
#[cfg(not(feature = "testing"))]
#[path = "no_decoded_cache.rs"]
mod decoded_cache;
mod envelope;
mod id;
mod key;
mod labels;
mod metadata;
mod name;
mod payload;
mod short_type_name;
mod stable_hash;
mod stream;

pub use envelope::{Envelope, Recorded};
pub use id::{CausationId, CorrelationId, MessageId};
#[doc(hidden)]
pub use key::require_key;
pub use key::{InvalidKey, MAX_KEY_BYTES};
pub(crate) use labels::CategoryMessages;
pub use labels::MessageLabels;
pub use metadata::{MessageKind, Metadata, Priority, Processing};
#[cfg(feature = "testing")]
pub(crate) use name::ReencodeFn;
pub(crate) use name::is_listed;
pub use name::{
    FieldSchema, IdKind, InvalidMessageType, MessageName, MessageSchema, MessageType, SchemaLists,
};
pub use payload::Payload;
pub use short_type_name::short_type_name;
pub(crate) use stable_hash::stable_hash;
pub use stream::{ExpectedVersion, InvalidStreamName, Position, StreamName, Version};
