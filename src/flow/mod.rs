//! The sentence: given, when and then, written down as a plan that can be run any number of times.
//!
//! Nothing happens until [`Flow::run`] or `.await`. Which step may follow which is decided by types:
//! [`Given`] has the words for the past, every sentence has the words for acts, and after the first
//! act come the words for what is expected.

mod armed;
mod expectation;
mod given;
mod harness;
mod kept;
mod mode;
mod phase;
mod plan;
mod resources;
mod start;
mod subject;
mod then;
mod then_act;
mod when;

pub use expectation::{Expectation, Mismatch, Trouble};
pub use harness::{DomainFn, FlowHarness};
pub use mode::Mode;
pub use phase::{Acted, AfterAct, Given, HandledBy, Many, One};
pub use resources::Resources;
pub use start::Flow;

pub(crate) use harness::Setup;
pub(crate) use plan::{Look, LookCheck, Message, Plan, Step, StepKind, Then};
