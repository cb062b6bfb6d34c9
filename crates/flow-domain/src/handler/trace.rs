//! Reports the entries of the record to `tracing`: a span for each handling, and an event for each entry.
//!
//! Field names follow the OpenTelemetry semantic conventions for messaging where these fit
//! (<https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/>). All other fields begin
//! with `flow.`.

use tracing::{Level, Span, debug, error, info, info_span, level_filters::LevelFilter};

use crate::{
    error::Error,
    message::Envelope,
    record::{EntryKind, HandlerKind},
};

/// Returns true if a `tracing` subscriber wants events of the level `DEBUG`.
#[inline]
pub(super) fn is_debug_enabled() -> bool {
    LevelFilter::current() >= LevelFilter::DEBUG && tracing::enabled!(Level::DEBUG)
}

/// Returns the span of one handling, or a disabled one if no subscriber wants the level `INFO`.
#[inline]
pub(crate) fn handling_span(envelope: &Envelope, handler: &'static str, kind: HandlerKind) -> Span {
    if LevelFilter::current() < LevelFilter::INFO {
        return Span::none();
    }

    make_span(envelope, handler, kind)
}

fn make_span(envelope: &Envelope, handler: &'static str, kind: HandlerKind) -> Span {
    let metadata = &envelope.metadata;

    info_span!(
        "process",
        messaging.system = "flow",
        messaging.operation.type = "process",
        messaging.operation.name = "process",
        messaging.consumer.group.name = handler,
        messaging.destination.name = %metadata.stream,
        messaging.message.id = %metadata.id,
        messaging.message.conversation_id = %metadata.correlation,
        flow.handler.kind = kind.as_str(),
        flow.message.type = %metadata.message_type,
        flow.causation_id = metadata.causation.map(tracing::field::display),
    )
}

/// Logs an entry of the record.
#[cold]
pub(super) fn log_entry(kind: &EntryKind) {
    debug!(flow.entry = %kind);
}

/// Logs that another writer committed first. The handler is called again, so this is no failure.
pub(super) fn log_lost_race(handler: &'static str, err: &Error) {
    debug!(messaging.consumer.group.name = handler, error = %err, "lost a race");
}

/// Logs that a handling did not succeed: a rejection as information, a failure as an error.
pub(super) fn log_failure(handler: &'static str, err: &Error) {
    let reason = err.with_causes();

    if err.is_rejection() {
        info!(messaging.consumer.group.name = handler, error = %reason, "rejected");
    } else {
        error!(messaging.consumer.group.name = handler, error = %reason, "failed");
    }
}
