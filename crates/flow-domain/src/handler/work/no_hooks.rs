//! The functions of `hooks` for production: they do nothing.
#![allow(
    clippy::unused_self,
    reason = "the functions have the signatures of `hooks`"
)]

use std::sync::Arc;

use crate::{
    error::Error,
    handler::{ProcessManager, UnitOfWork},
    message::StreamName,
    model::{Aggregate, Message, Projection, SerializedMessage},
    record::Table,
};

#[derive(Clone, Debug, Default)]
pub(crate) struct MessageRewrite {}

impl MessageRewrite {
    pub(super) fn apply(&self, _: &mut SerializedMessage, _: &mut StreamName) {}
}

#[derive(Debug, Default)]
pub(crate) struct IgnoredFailures {}

impl IgnoredFailures {
    pub(super) fn append(&mut self, _: Self) {}
}

impl UnitOfWork {
    pub(super) fn note_nested_failure(
        &mut self,
        _: Option<&'static str>,
        _: impl FnOnce() -> String,
        _: &Error,
    ) {
    }

    pub(in crate::handler) fn note_own_error<T>(
        &mut self,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        result
    }

    pub(super) fn forget_ignored_failures(&mut self) {}

    pub(crate) fn report_ignored_failures(&mut self) {}

    pub(super) fn check_message_round_trip<M: Message>(&self, _: &M, _: &mut SerializedMessage) {}

    pub(super) fn check_event_round_trips<A: Aggregate>(&self, _: &A, _: &mut [SerializedMessage]) {
    }

    pub(super) fn check_aggregate<A: Aggregate>(&mut self, _: A, _: &StreamName) {}

    pub(super) fn check_aggregate_without_events<A: Aggregate>(&mut self, _: A, _: &StreamName) {}

    pub(in crate::handler) fn check_process_manager<M: ProcessManager>(
        &mut self,
        _: (Table, &Arc<str>),
        _: &M,
    ) {
    }

    pub(in crate::handler) fn check_row<P: Projection>(&mut self, _: (Table, &Arc<str>), _: &P) {}
}
