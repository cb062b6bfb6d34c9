//! JSON values that keep every number exactly, and the check of what can be read back.
//!
//! `serde_json::Value` turns a number beyond 64 bits into a float, and its form depends on the
//! features that other crates turn on. [`Json`] keeps the digits as they were written.

mod decimal;
mod edit;
mod encode;
mod encode_error;
mod number;
mod sort_key;
mod value;

pub use encode::MAX_NESTING;
pub(crate) use encode::write_json;
pub use encode_error::EncodeError;
pub use number::Number;
pub use sort_key::{SortKey, SortKind};
pub use value::Json;

#[cfg(test)]
mod tests;
