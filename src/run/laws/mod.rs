//! The laws that every sentence looks after by itself, and the words for those that are broken.

mod fields;
mod keeping;
mod rebuild;
mod silent;
mod text;

pub(super) use silent::silent_changes;
pub(crate) use text::broken;
