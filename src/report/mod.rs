//! How a sentence fails: the text that says what was expected, what was found, and what happened.

mod absence;
mod again;
mod chain;
mod diff;
mod drawing;
mod failure;
mod file;
mod left;
mod page;
mod show;
mod story;
mod terminal;
mod text;
mod tree;
mod undone;

pub(crate) use absence::nothing_found;
pub(crate) use chain::chain_text;
pub(crate) use diff::{differences, is_like, unlike};
pub(crate) use failure::Failed;
pub use failure::FlowFailure;
pub(crate) use page::Page;
pub(crate) use story::{Steps, Story};
pub(crate) use text::{indent, show_message, show_stored, show_value};
pub(crate) use undone::undone_with;
