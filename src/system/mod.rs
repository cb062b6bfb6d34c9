//! The interface between a test flow and the system under test.
//!
//! A flow does not know how messages are handled. It passes acts to a [`System`], reads state from it,
//! and reads its record. [`DomainSystem`] runs a domain of `flow-domain`, and [`under_test`] any other system.

pub mod backend;
mod domain;
pub mod fault;
mod mode;
mod resources;
mod stored_values;
mod tasks;
pub(crate) mod under_test;
mod world;

use std::{any::TypeId, fmt, time::Duration};

use flow_domain::{
    Error, HandlerFailure, Headers,
    clock::Timestamp,
    engine::RebuildReport,
    message::{MessageLabels, MessageType, Payload, Priority, Recorded},
    model::SerializedMessage,
    port::BoxFuture,
    record::{EntryId, Record},
    runtime::ProcessResult,
    testing::{Remaining, SerializedAggregate, StaleRow, StateType, StoredEvent},
    wiring::Wiring,
};

pub(crate) use backend::BackendChoice;
pub(crate) use domain::DomainSystem;
pub use mode::{InvalidMode, Mode};
pub(crate) use resources::ResourceMakers;
pub use resources::Resources;
pub(crate) use stored_values::StoredValue;
pub(crate) use tasks::SpawnedTasks;
pub(crate) use world::{RebuildDomain, World};

/// One act of a flow, or a step of its given part.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act<'a> {
    /// Dispatches a command.
    Command(&'a SerializedMessage),
    /// Submits a command, to be handled later.
    Submit(&'a SerializedMessage),
    /// Publishes events from outside.
    Events(&'a [SerializedMessage]),
    /// Appends events that happened before.
    History(&'a [SerializedMessage]),
    /// Appends events as programs of yesterday stored them.
    Stored(&'a [StoredEvent]),
    /// Adds an aggregate that existed before.
    Aggregate(&'a SerializedAggregate),
    /// Advances the clock.
    Time(ClockAdvance),
    /// Runs the engine for this number of cycles. `None` means until nothing is left.
    Engine(Option<usize>),
    /// Delivers events again. The number counts the redeliveries of this act, from 1.
    Redeliver(&'a [(Recorded, EntryId)], u32),
}

/// How far the clock advances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockAdvance {
    By(Duration),
    To(Timestamp),
}

/// The system under test: one world, for one run only.
///
/// The defaults are those of a system without projections, lanes and an engine.
pub(crate) trait System: fmt::Debug + Send + Sync {
    /// Performs `act` and everything that it causes, and returns when nothing is left to do.
    fn act<'a>(&'a mut self, act: Act<'a>, headers: &'a Headers) -> BoxFuture<'a, ProcessResult>;

    /// Dispatches commands concurrently: all of them decide before one of them commits.
    fn act_all<'a>(
        &'a mut self,
        commands: &'a [SerializedMessage],
    ) -> BoxFuture<'a, Vec<ProcessResult>> {
        let _ = commands;
        Box::pin(async { Vec::new() })
    }

    /// Returns the state that is stored under `id`, or all rows of a projection, ordered by id.
    ///
    /// # Errors
    ///
    /// Returns an error that says what to write instead, if the domain does not store this type.
    fn read_states<'a>(
        &'a self,
        state_type: StateType,
        id: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Payload>, Error>>;

    /// Returns all that is stored, in the order in which the store returns it.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    fn stored_values(&self) -> BoxFuture<'_, Result<Vec<StoredValue>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Returns the time of the virtual clock.
    fn now(&self) -> Timestamp;

    /// Appends to `record` the entries that are new since the last call of this method.
    fn update_record(&self, record: &mut Record);

    /// Returns the failures of which no caller learns, since the last call.
    fn take_failures(&self) -> Vec<HandlerFailure> {
        Vec::new()
    }

    /// Returns the name of the handler with this Rust type.
    fn handler_name(&self, handler: TypeId) -> Option<&'static str> {
        let _ = handler;
        None
    }

    /// Returns what is left to deliver after the last act.
    fn remaining(&self) -> &Remaining;

    /// Returns true if an engine runs only in `when_engine_*` steps. It says nothing about the mode.
    fn is_paused(&self) -> bool {
        false
    }

    /// Returns true if events are handled inline, without an engine.
    fn is_inline(&self) -> bool {
        true
    }

    /// Rebuilds the named projections from all events, and returns the stored rows that differ.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    fn stale_rows<'a>(
        &'a self,
        projections: &'a [&'static str],
    ) -> BoxFuture<'a, Result<(Vec<StaleRow>, RebuildReport), Error>> {
        let _ = projections;
        Box::pin(async { Ok((Vec::new(), RebuildReport::default())) })
    }

    /// Returns the name of the projection that a projector writes.
    fn projection_of(&self, projector: &str) -> Option<&'static str> {
        self.wiring()
            .subscriptions
            .iter()
            .find(|subscription| subscription.handler == projector)
            .and_then(|subscription| subscription.projection)
    }

    /// Returns the category of the streams of an aggregate.
    fn category_of(&self, aggregate: &str) -> Option<&'static str> {
        self.wiring()
            .aggregates
            .iter()
            .find(|entry| entry.name == aggregate)
            .map(|entry| entry.category)
    }

    /// Returns true if a handler subscribes to the event with this label.
    fn has_subscriber(&self, event: &str) -> bool {
        let subscriptions = &self.wiring().subscriptions;
        subscriptions.iter().any(|route| route.event == event)
    }

    /// Returns true if an aggregate is folded from the event with this label.
    fn is_folded(&self, event: &str) -> bool {
        let mut aggregates = self.wiring().aggregates.iter();
        aggregates.any(|aggregate| {
            aggregate.event_sourced && aggregate.events.iter().any(|name| name == event)
        })
    }

    /// Returns the names of all messages that can occur.
    fn message_names(&self) -> Vec<String> {
        let wiring = self.wiring();

        wiring
            .aggregates
            .iter()
            .flat_map(|aggregate| aggregate.commands.iter().chain(&aggregate.events))
            .chain(&wiring.events_from_outside)
            .cloned()
            .collect()
    }

    /// Returns how texts name the messages.
    fn labels(&self) -> MessageLabels;

    /// Returns the priority below which messages use the backfill lane, if there are lanes.
    fn lanes_below(&self) -> Option<Priority> {
        None
    }

    /// Returns which handlers handle which messages.
    fn wiring(&self) -> &Wiring;

    /// Returns the names of the components and workers of a system that is not built on `flow-domain`.
    fn component_names(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Returns true if the record may have events. A system of another kind may not report what it commits.
    fn reports_events(&self) -> bool {
        true
    }

    /// Returns true if a part of the system may notice that time passes.
    fn knows_time(&self) -> bool {
        true
    }

    /// Returns true if the wiring is known. Otherwise [`wiring`](Self::wiring) is empty.
    fn has_known_wiring(&self) -> bool {
        true
    }

    /// Returns true if the domain has retired events of this type.
    fn is_retired(&self, event: &MessageType) -> bool {
        let _ = event;
        false
    }

    /// Folds an aggregate from these events, and returns it as JSON.
    ///
    /// Returns `None` if it cannot be folded.
    fn fold(&self, state_type: StateType, events: &[Recorded]) -> Option<Payload> {
        let _ = (state_type, events);
        None
    }

    /// Folds an aggregate from these events, and returns its state after each of them as JSON.
    fn fold_each(&self, state_type: StateType, events: &[Recorded]) -> Vec<Option<Payload>> {
        let _ = (state_type, events);
        Vec::new()
    }
}
