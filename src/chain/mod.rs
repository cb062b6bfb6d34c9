//! What caused what: questions about a record, and the chain of a run as a tree or a diagram.

mod chain_text;
mod drawing;
mod effects;
mod mermaid;
mod rolled_back;
mod schedule;
mod tree;

pub(crate) use chain_text::chain_text;
pub(crate) use mermaid::mermaid_text;
pub(crate) use rolled_back::rolled_back_by;
pub(crate) use schedule::{ScheduleStatus, ScheduledCommands};
