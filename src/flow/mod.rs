//! Test flows: given, when and then, as a plan that runs at the end.
//!
//! Nothing runs before [`Flow::run`] or `.await`. The types decide which step may follow. [`Given`]
//! has the `given_*` methods, and every phase has the `when*` methods. The `then*` methods need an
//! act first.
//!
//! # Given
//!
//! * What happened before: [`given_events`](Flow::given_events),
//!   [`given_aggregate`](Flow::given_aggregate), [`given_command`](Flow::given_command),
//!   [`given_nothing`](Flow::given_nothing).
//! * What goes wrong from here on: [`with_fault`](Flow::with_fault), also after an act.
//!
//! # When
//!
//! * A message: [`when`](Flow::when), [`when_with`](Flow::when_with),
//!   [`when_submitted`](Flow::when_submitted), [`when_event`](Flow::when_event).
//! * Concurrent commands: [`when_all`](Flow::when_all).
//! * Time: [`when_time_passes`](Flow::when_time_passes), [`when_time_reaches`](Flow::when_time_reaches).
//! * Redelivery: [`when_redelivered`](Flow::when_redelivered).
//! * The engine of a [`paused`](FlowHarness::paused) harness:
//!   [`when_engine_runs`](Flow::when_engine_runs), [`when_engine_cycles`](Flow::when_engine_cycles).
//! * Headers of the last act: [`with_priority`](Flow::with_priority),
//!   [`with_deadline`](Flow::with_deadline).
//!
//! # Then
//!
//! * Events: [`then_events`](Flow::then_events), [`then_no_events`](Flow::then_no_events),
//!   [`then_event`](Flow::then_event), [`then_event_like`](Flow::then_event_like),
//!   [`then_no_event`](Flow::then_no_event).
//! * Commands and causes: [`then_commands`](Flow::then_commands), [`then_chain`](Flow::then_chain).
//! * The command result: [`then_accepted`](Flow::then_accepted),
//!   [`then_accepted_of`](Flow::then_accepted_of), [`then_rejected`](Flow::then_rejected),
//!   [`then_rejected_like`](Flow::then_rejected_like),
//!   [`then_rejected_saying`](Flow::then_rejected_saying), [`then_reply`](Flow::then_reply).
//! * One stored state: [`then_aggregate`](Flow::then_aggregate),
//!   [`then_projection`](Flow::then_projection), [`then_process_manager`](Flow::then_process_manager),
//!   each with [`is`](Flow::is), [`has`](Flow::has), [`like`](Flow::like), [`absent`](Flow::absent),
//!   [`unchanged`](Flow::unchanged).
//! * All rows: [`then_projections`](Flow::then_projections), with [`count`](Flow::count),
//!   [`all`](Flow::all), [`any`](Flow::any), [`none`](Flow::none), [`unchanged`](Flow::unchanged).
//! * Handlers: [`then_handled_by`](Flow::then_handled_by) with [`times`](Flow::times),
//!   [`then_attempts`](Flow::then_attempts), [`then_handler_failed`](Flow::then_handler_failed),
//!   [`then_handler_failed_saying`](Flow::then_handler_failed_saying).
//! * Dead letters: [`then_dead_letters`](Flow::then_dead_letters), with [`none`](Flow::none),
//!   [`one`](Flow::one), [`because`](Flow::because).
//! * Schedules and publishing: [`then_scheduled`](Flow::then_scheduled),
//!   [`then_not_scheduled`](Flow::then_not_scheduled), [`then_expired`](Flow::then_expired),
//!   [`then_published`](Flow::then_published), [`then_lane`](Flow::then_lane).
//! * Pending messages: [`then_pending`](Flow::then_pending),
//!   [`then_pending_in_outbox`](Flow::then_pending_in_outbox),
//!   [`then_pending_for`](Flow::then_pending_for).
//! * Everything else: [`then_resource`](Flow::then_resource), [`then_settled`](Flow::then_settled),
//!   [`then`](Flow::then).
//!
//! [`disable_invariant`](Flow::disable_invariant) may be called in every phase.
//!
//! # How a plan is stored
//!
//! A run consumes the flow. To run it again, call the function that builds it again. Each step
//! keeps its line in the test, and a failure names that line. Messages are serialised when their
//! step is added, and the run deserialises them. So they need no `Clone`. Closures are called
//! during the run, and may borrow from the test.

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
    BuiltMessage, MessageResult, Plan, ReplyName, StateCheck, StateQuery, Step, StepKind, Then,
};
pub(crate) use run_guard::RunGuard;
pub(crate) use state::render_rows;
