//! The types and functions of `hooks` for production: they are empty and do nothing.
#![allow(
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "the functions have the signatures of `hooks`"
)]

use std::future::{Ready, ready};

use crate::{
    clock::Clock,
    error::{Error, HandlerFailure},
    message::{Envelope, MessageId, Recorded},
    port::{Broker, Changes, PortFuture, Publication, PublishResult, Store},
    record::{EntryId, EntryKind},
};

#[derive(Clone, Debug, Default)]
pub(crate) struct Hooks {}

impl Hooks {
    pub(super) fn is_recording(&self) -> bool {
        false
    }

    pub(super) fn creation_entry(&self, _: MessageId) -> EntryId {
        EntryId::UNRECORDED
    }

    pub(super) fn record(&self, _: Option<EntryId>, _: &dyn Clock, _: EntryKind) -> EntryId {
        EntryId::UNRECORDED
    }

    pub(crate) fn before_attempt(
        &self,
        _: &'static str,
        _: &Envelope,
        _: u32,
    ) -> Result<(), Error> {
        Ok(())
    }

    pub(super) fn count_read(&self) -> Ready<()> {
        ready(())
    }

    pub(super) fn count_send(&self, _: &str) -> Result<(), Error> {
        Ok(())
    }

    pub(super) fn count_cancel(&self, _: &str) {}

    pub(crate) fn limit_tries(&self, n_tries: u32) -> u32 {
        n_tries
    }

    pub(crate) fn limit_call<F>(&self, _: &str, call: F) -> F {
        call
    }

    pub(crate) fn report_failure(&self, _: impl FnOnce() -> HandlerFailure) {}

    pub(crate) fn commit<'a>(
        &self,
        store: &'a dyn Store,
        changes: &'a Changes,
    ) -> PortFuture<'a, Vec<Recorded>> {
        store.commit(changes)
    }

    pub(crate) fn publish<'a>(
        &self,
        broker: &'a dyn Broker,
        publications: &'a [Publication],
    ) -> PortFuture<'a, Vec<PublishResult>> {
        broker.publish(publications)
    }
}

pub(super) struct PollObservation {}

impl PollObservation {
    pub(super) fn begin(_: EntryId) -> Self {
        Self {}
    }

    pub(super) fn end(self, _: &'static str) {}
}

pub(super) fn take_panic_location() -> Option<String> {
    None
}
