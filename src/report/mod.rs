//! How a sentence fails: the text that says what was expected, what was found, and what happened.

mod chain;
mod diff;
mod failure;
mod story;
mod text;

pub(crate) use chain::chain_text;
pub(crate) use diff::{differences, is_like, unlike};
pub(crate) use failure::Failed;
pub use failure::FlowFailure;
pub(crate) use story::{Steps, story_text};
pub(crate) use text::{show_fields, show_message};
