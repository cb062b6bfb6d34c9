//! The same points as the record, for `tracing`: a span for each handling, an event for what happens in
//! it. Field names are those of the OpenTelemetry semantic conventions for messaging where they fit
//! (<https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/>), and `flow.*` where
//! they do not.

use tracing::{Level, Span, debug, error, info, info_span, level_filters::LevelFilter};

use crate::{
    error::Error,
    message::Envelope,
    record::{EntryKind, HandlerKind},
};

/// Returns true if somebody wants to know everything that happens.
#[inline]
pub(super) fn is_debug_enabled() -> bool {
    LevelFilter::current() >= LevelFilter::DEBUG && tracing::enabled!(Level::DEBUG)
}

/// The span of one handling.
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

/// Tells what happened.
#[cold]
pub(super) fn log_entry(what: &EntryKind) {
    debug!(flow.happening = %what);
}

/// Tells that a handling did not succeed: a rejection is news, a failure is an error.
pub(super) fn log_failure(handler: &'static str, err: &Error) {
    let reason = err.with_causes();
    if err.is_rejection() {
        info!(messaging.consumer.group.name = handler, error = %reason, "rejected");
    } else {
        error!(messaging.consumer.group.name = handler, error = %reason, "failed");
    }
}
