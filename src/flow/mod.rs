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
//! [`then`](Flow::then) takes any expectation: see [`expect`](crate::expect) for all of them. The most
//! used have a method of their own:
//!
//! * [`then_events`](Flow::then_events), [`then_no_events`](Flow::then_no_events),
//!   [`then_event`](Flow::then_event).
//! * [`then_accepted`](Flow::then_accepted), [`then_rejected`](Flow::then_rejected),
//!   [`then_reply`](Flow::then_reply), [`then_settled`](Flow::then_settled).
//! * One stored state: [`then_aggregate`](Flow::then_aggregate),
//!   [`then_projection`](Flow::then_projection), [`then_process_manager`](Flow::then_process_manager),
//!   each with [`is`](Flow::is), [`has`](Flow::has), [`like`](Flow::like), [`absent`](Flow::absent),
//!   [`unchanged`](Flow::unchanged).
//! * [`then_handled_by`](Flow::then_handled_by), with [`times`](Flow::times).
//!
//! [`disable_invariant`](Flow::disable_invariant) may be called in every phase.
//!
//! # How a plan is stored
//!
//! A run consumes the flow. To run it again, call the function that builds it again. Each step
//! keeps its line in the test, and a failure names that line. Messages are serialised when their
//! step is added, and the run deserialises them. So they need no `Clone`. Closures are called
//! during the run, and may borrow from the test.

mod builder;
mod given;
mod harness;
mod kind;
mod message;
mod of_system;
#[allow(
    private_interfaces,
    reason = "the phases are sealed, so nobody else can call the method that takes the plan"
)]
mod phase;
mod system_harness;
mod then;
mod when;

pub use crate::run::FlowFuture;
pub use crate::system::{InvalidMode, Mode, Resources};
pub use builder::Flow;
pub use flow_domain::record::Invariant;
pub use harness::{DomainFn, FlowHarness};
pub use kind::{OfDomain, OfSystem};
pub use message::{GivenCommand, WhenCommand, WhenEvent};
pub use phase::{Acted, AfterAct, Expecting, Given};
pub use system_harness::SystemHarness;
