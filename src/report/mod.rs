//! How a sentence fails: the text that says what was expected, what was found, and what happened.
//!
//! A report reads from top to bottom: the step with its line, what was expected and what was found there,
//! how many steps were not run because of it, the story up to there, who caused what, what is left to
//! do, and how to run the test again. Several `then` of one act that fail are told together.
//!
//! | | colours | columns | the whole record |
//! |---|---|---|---|
//! | a test that panics | if stdout and stderr are a terminal | those of the terminal | in `target/flow-harness/<name of the test>.txt` |
//! | [`FlowFailure`]'s `Display` | none | 140 | as text: [`record_text`](FlowFailure::record_text) |
//!
//! Values go on after a comma, the lines of story and chain are cut at their end, and a chain of more
//! than 60 lines shows a part of itself and counts the rest. `NO_COLOR` and `CLICOLOR=0` take colours away,
//! `CLICOLOR_FORCE` and `FORCE_COLOR` bring them where there is no terminal.
//!
//! With `FLOW_HARNESS_TRACE=1`, sentences that pass tell their story and their chain on stderr.
//! [`Outcome::story`](crate::Outcome::story), [`chain`](crate::Outcome::chain),
//! [`mermaid`](crate::Outcome::mermaid) and [`logs`](crate::Outcome::logs) are there for tests that want
//! to print or check them.

mod chain;
mod diff;
mod drawing;
mod effects;
mod failure;
mod failure_text;
mod mermaid;
mod nothing_found;
mod record_file;
mod remaining;
mod render_options;
mod rerun_hint;
mod rolled_back;
mod story;
mod terminal;
mod text;
mod tree;

pub(crate) use chain::chain_text;
pub(crate) use diff::{differences, is_like, partial_differences, render_differences};
pub(crate) use failure::StepMismatch;
pub use failure::{FailedStep, FlowFailure};
pub(crate) use mermaid::mermaid_text;
pub(crate) use nothing_found::nothing_found;
pub(crate) use render_options::RenderOptions;
pub(crate) use rolled_back::rolled_back_by;
pub(crate) use story::{StepProgress, Story};
pub(crate) use text::{cut_middle, first_few, indent, show_message, show_stored, show_value};
