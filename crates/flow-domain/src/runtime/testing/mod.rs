//! What tests do with an app: they act with serialized messages, read its state, and fork it.

mod builder;
mod fork;
mod inspect;
mod process_result;
mod redelivery;
mod serialized;
mod stored;
mod time;

pub use inspect::StateType;
pub use stored::StoredEvent;
