//! The sentence: given, when and then, written down as a plan, and then run.
//!
//! Nothing happens until [`Flow::run`] or `.await`. Which step may follow which is decided by types:
//! [`Given`] has the words for the past, every sentence has the words for acts, and after the first
//! act come the words for what is expected.
//!
//! | given | when | then |
//! |---|---|---|
//! | [`given_events`](Flow::given_events) | [`when`](Flow::when), a command | [`then_events`](Flow::then_events), exactly these; [`then_no_events`](Flow::then_no_events) |
//! | [`given_aggregate`](Flow::given_aggregate) | [`when_event`](Flow::when_event), from outside | [`then_event`](Flow::then_event), [`then_event_like`](Flow::then_event_like), [`then_no_event`](Flow::then_no_event) |
//! | [`given_command`](Flow::given_command) | [`when_with`](Flow::when_with), made from what was seen; [`when_submitted`](Flow::when_submitted), to be handled later | [`then_accepted`](Flow::then_accepted), [`then_rejected`](Flow::then_rejected), [`then_rejected_like`](Flow::then_rejected_like), [`then_rejected_saying`](Flow::then_rejected_saying), [`then_reply`](Flow::then_reply) |
//! | [`given_nothing`](Flow::given_nothing) | [`when_all`](Flow::when_all), at the same time | [`then_aggregate`](Flow::then_aggregate), [`then_projection`](Flow::then_projection), [`then_process_manager`](Flow::then_process_manager), each with [`is`](Flow::is), [`has`](Flow::has), [`like`](Flow::like), [`absent`](Flow::absent), [`unchanged`](Flow::unchanged) |
//! | [`with_fault`](Flow::with_fault) | [`when_time_passes`](Flow::when_time_passes), [`when_time_reaches`](Flow::when_time_reaches) | [`then_projections`](Flow::then_projections) with [`count`](Flow::count), [`all`](Flow::all), [`any`](Flow::any), [`none`](Flow::none), [`unchanged`](Flow::unchanged) |
//! | | [`when_redelivered`](Flow::when_redelivered), the same again | [`then_commands`](Flow::then_commands), [`then_chain`](Flow::then_chain), [`then_handled_by`](Flow::then_handled_by) with [`times`](Flow::times) |
//! | | [`when_engine_runs`](Flow::when_engine_runs), [`when_engine_cycles`](Flow::when_engine_cycles) of a harness that is [`paused`](FlowHarness::paused) | [`then_handler_failed`](Flow::then_handler_failed), [`then_handler_failed_saying`](Flow::then_handler_failed_saying), [`then_resource`](Flow::then_resource), [`then_settled`](Flow::then_settled), [`then`](Flow::then) |
//! | | [`with_priority`](Flow::with_priority), [`with_deadline`](Flow::with_deadline) of the last act | [`then_dead_letters`](Flow::then_dead_letters) with [`none`](Flow::none), [`one`](Flow::one), [`because`](Flow::because); [`then_attempts`](Flow::then_attempts), [`then_expired`](Flow::then_expired), [`then_accepted_of`](Flow::then_accepted_of) |
//! | | | [`then_scheduled`](Flow::then_scheduled), [`then_not_scheduled`](Flow::then_not_scheduled), [`then_published`](Flow::then_published), [`then_lane`](Flow::then_lane), [`then_pending`](Flow::then_pending), [`then_pending_in_outbox`](Flow::then_pending_in_outbox), [`then_pending_for`](Flow::then_pending_for) |
//!
//! [`disable_invariant`](Flow::disable_invariant) may stand anywhere and says which [`Invariant`] is not looked after, and
//! why.
//!
//! A run ends the sentence; to run it again, a function that returns it is called again. Messages are
//! written down when the word is said and read back by the run, so they need no `Clone`. Closures are
//! called by the run and may borrow from the test. Each step keeps its line, and a failure names it.

mod expectation;
mod given;
mod harness;
mod invariants;
mod phase;
mod plan;
mod run_guard;
mod start;
mod state;
mod state_assertions;
mod then;
mod then_delivery;
mod then_effects;
mod when;

pub use crate::system::{InvalidMode, Mode, Resources};
pub use expectation::{Expectation, Mismatch, Problem};
pub use flow_domain::record::Invariant;
pub use harness::{DomainFn, FlowHarness};
pub use phase::{Acted, AfterAct, DeadLetterPhase, Given, HandledBy, RowsOf, StateOf};
pub use start::Flow;

pub(crate) use harness::Setup;
pub(crate) use invariants::DisabledInvariant;
pub(crate) use plan::{
    MessageResult, Plan, ReplyName, StateCheck, StateQuery, Step, StepKind, Then,
};
pub(crate) use run_guard::RunGuard;
pub(crate) use state::render_rows;
