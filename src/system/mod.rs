//! The seam between a sentence and what it runs against.
//!
//! A sentence knows nothing of how messages are handled. It hands acts to a [`System`], looks things
//! up in it, and reads its record. The built-in system runs a domain of `flow-domain`.

mod domain;

use std::{any::TypeId, fmt};

use flow_domain::{
    Error,
    message::Payload,
    model::{Written, WrittenAggregate},
    port::BoxFuture,
    record::Record,
    runtime::{Kept, Processed},
};

pub(crate) use domain::DomainSystem;

/// What a sentence hands to a system.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act<'a> {
    /// A command.
    Command(&'a Written),
    /// Events that happened outside, or before.
    Events(&'a [Written]),
    /// An aggregate that was there before.
    Aggregate(&'a WrittenAggregate),
}

/// What a sentence runs against: one world, used by one run only.
pub(crate) trait System: fmt::Debug + Send + Sync {
    /// Does what `act` says and everything that it causes, and returns when nothing is left to do.
    fn act<'a>(&'a self, act: Act<'a>) -> BoxFuture<'a, Processed>;

    /// Reads what is kept under `id`, as JSON.
    ///
    /// # Errors
    ///
    /// Returns an error, saying what to write, if such things are not kept here.
    fn look_up<'a>(
        &'a self,
        kept: Kept,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Payload>, Error>>;

    /// Reads all rows of a projection by id, as JSON.
    ///
    /// # Errors
    ///
    /// Returns an error, saying what to write, if there is no such projection.
    fn look_up_all(&self, projection: Kept) -> BoxFuture<'_, Result<Vec<Payload>, Error>>;

    /// Appends to `record` what happened since it was last brought up to date.
    fn update(&self, record: &mut Record);

    /// The name of the handler with this Rust type, if it is one.
    fn handler_name(&self, handler: TypeId) -> Option<&'static str>;

    /// The names of all handlers, in order of registration.
    fn handler_names(&self) -> Vec<&'static str>;

    /// The names of all messages that can occur.
    fn message_names(&self) -> Vec<String>;
}
