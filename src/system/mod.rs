//! The seam between a sentence and what it runs against.
//!
//! A sentence knows nothing of how messages are handled. It hands acts to a [`System`], looks things
//! up in it, and reads its record. The built-in system runs a domain of `flow-domain`.

mod domain;
pub mod fault;
mod mode;
mod resources;
mod tasks;
mod world;

use std::{any::TypeId, fmt, time::Duration};

use flow_domain::{
    Error, Headers,
    clock::Timestamp,
    engine::Remaining,
    message::{Payload, Recorded},
    model::{SerializedAggregate, SerializedMessage},
    port::BoxFuture,
    record::{EntryId, Record},
    runtime::{ProcessResult, RebuildReport, StaleRow, StateType},
    wiring::Wiring,
};

pub(crate) use domain::DomainSystem;
pub use mode::{InvalidMode, Mode};
pub(crate) use resources::ResourceMakers;
pub use resources::Resources;
pub(crate) use tasks::SpawnedTasks;
pub(crate) use world::{RebuildDomain, World};

/// What a sentence hands to a system.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act<'a> {
    /// A command.
    Command(&'a SerializedMessage),
    /// A command that is handled later.
    Submit(&'a SerializedMessage),
    /// Events that happened outside, or before.
    Events(&'a [SerializedMessage]),
    /// An aggregate that was there before.
    Aggregate(&'a SerializedAggregate),
    /// Time that passes.
    Time(ClockAdvance),
    /// The engine runs: until nothing is left, or so many cycles.
    Engine(Option<usize>),
    /// Events once more that were delivered before, as the copy with this number.
    Redeliver(&'a [(Recorded, EntryId)], u32),
}

/// How much time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockAdvance {
    /// So much.
    Ready(Duration),
    /// Until then.
    To(Timestamp),
}

/// What a sentence runs against: one world, used by one run only.
pub(crate) trait System: fmt::Debug + Send + Sync {
    /// Does what `act` says and everything that it causes, and returns when nothing is left to do.
    fn act<'a>(&'a mut self, act: Act<'a>, headers: &'a Headers) -> BoxFuture<'a, ProcessResult>;

    /// Hands over commands at the same time: all of them decide before one of them is committed.
    fn act_all<'a>(
        &'a mut self,
        commands: &'a [SerializedMessage],
    ) -> BoxFuture<'a, Vec<ProcessResult>>;

    /// Reads what is kept under `id`, as JSON.
    ///
    /// # Errors
    ///
    /// Returns an error, saying what to write, if such things are not kept here.
    fn read_state<'a>(
        &'a self,
        kept: StateType,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Payload>, Error>>;

    /// Reads all rows of a projection by id, as JSON.
    ///
    /// # Errors
    ///
    /// Returns an error, saying what to write, if there is no such projection.
    fn read_rows(&self, projection: StateType) -> BoxFuture<'_, Result<Vec<Payload>, Error>>;

    /// Appends to `record` what happened since it was last brought up to date.
    fn update_record(&self, record: &mut Record);

    /// The name of the handler with this Rust type, if it is one.
    fn handler_name(&self, handler: TypeId) -> Option<&'static str>;

    /// The names of all handlers, in order of registration.
    fn handler_names(&self) -> Vec<&'static str>;

    /// What waits for an engine after the last act.
    fn remaining(&self) -> &Remaining;

    /// Whether the engine waits to be told.
    fn is_paused(&self) -> bool;

    /// Whether events are handled inline, without an engine.
    fn is_inline(&self) -> bool;

    /// Rebuilds projections from all events, by name, and tells which rows are something else.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    fn stale_rows<'a>(
        &'a self,
        projections: &'a [&'static str],
    ) -> BoxFuture<'a, Result<(Vec<StaleRow>, RebuildReport), Error>>;

    /// The name of the projection that a projector keeps.
    fn projection_of(&self, projector: &str) -> Option<&'static str>;

    /// The category of the streams of an aggregate.
    fn category_of(&self, aggregate: &str) -> Option<&'static str>;

    /// The names of all messages that can occur.
    fn message_names(&self) -> Vec<String>;

    /// Who handles what.
    fn wiring(&self) -> &Wiring;

    /// What an aggregate is that is folded from these events, as JSON; `None` if it cannot be folded.
    fn fold(&self, kept: StateType, events: &[Recorded]) -> Option<Payload>;
}
