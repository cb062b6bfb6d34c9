//! How a test flow fails: a text that shows what was expected, what was found, and what happened.
//!
//! A report reads from top to bottom:
//!
//! 1. the failed step with its line, the expected and the found values, and the number of skipped steps
//! 2. the diagnosis, with advice
//! 3. the story of the steps, and the chain: which message caused which
//! 4. the remaining work of the engine, and the command that runs the test again
//!
//! If several `then` steps of one act fail, one report shows all of them.
//!
//! | | colours | columns | the whole record |
//! |---|---|---|---|
//! | a test that panics | if stdout and stderr are a terminal | as many as the terminal has | in `target/flow-harness/<name of the test>.txt` |
//! | [`FlowFailure`]'s `Display` | none | 140 | as text: [`record_text`](FlowFailure::record_text) |
//!
//! Long values wrap after a comma. Long lines of the story and the chain are cut at the end. If a
//! chain has more than 60 lines, the report shows a part of it and counts the rest. `NO_COLOR` and
//! `CLICOLOR=0` turn colours off. `CLICOLOR_FORCE` and `FORCE_COLOR` turn colours on, even without
//! a terminal.
//!
//! With `FLOW_HARNESS_TRACE=1`, test flows that pass print their story and their chain on stderr. Tests can
//! print or check the parts themselves: [`Outcome::story`](crate::Outcome::story),
//! [`chain`](crate::Outcome::chain), [`mermaid`](crate::Outcome::mermaid) and
//! [`logs`](crate::Outcome::logs).

mod failure;
mod failure_text;
mod record_file;
mod remaining;
mod rerun_hint;

pub(crate) use failure::StepMismatch;
pub use failure::{FailedStep, FlowFailure};
pub(crate) use failure_text::passed_text;
