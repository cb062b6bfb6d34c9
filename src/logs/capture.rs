use std::sync::LazyLock;

use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber,
    dispatcher::get_default,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::{Interest, NoSubscriber},
};
use tracing_core::span::Current;

use crate::logs::captured::capture;

/// The dispatcher for runs in threads without a subscriber, shared by the whole process.
///
/// It is shared because `tracing` rebuilds the interest of all callsites for each new dispatcher.
/// That takes longer than a run.
///
/// The second dispatcher is never used, but it must exist. While only one dispatcher is registered,
/// `tracing` asks the current dispatcher of the thread that reaches a callsite first. If that
/// thread has none, `tracing` disables the callsite for all threads.
static CAPTURE_ONLY: LazyLock<[Dispatch; 2]> =
    LazyLock::new(|| [Dispatch::new(CaptureOnly), Dispatch::new(CaptureOnly)]);

/// Returns a dispatcher that captures the logs of a run.
///
/// A subscriber that is already set in this thread still gets everything.
pub(super) fn capture_dispatch() -> Dispatch {
    get_default(|current| {
        if current.is::<NoSubscriber>() {
            CAPTURE_ONLY[0].clone()
        } else if current.is::<CaptureOnly>() || current.is::<Tee>() {
            current.clone()
        } else {
            Dispatch::new(Tee {
                inner: current.clone(),
            })
        }
    })
}

/// Returns true for log events that are captured: level `DEBUG` or more severe.
///
/// Events of `flow_domain` itself are not captured. They repeat the record, and they would slow
/// down every step.
fn is_captured(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_flow_domain = target
        .strip_prefix("flow_domain")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));

    metadata.is_event() && *metadata.level() <= Level::DEBUG && !is_flow_domain
}

/// Captures the logs of a run in a thread without another subscriber. It ignores spans.
struct CaptureOnly;

impl Subscriber for CaptureOnly {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_captured(metadata) {
            // Not `always`: events outside of a run are not captured.
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_captured(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn event(&self, event: &Event<'_>) {
        capture(event);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Captures the logs of a run, and passes everything on to another subscriber.
///
/// The other subscriber gets the same events and spans as it would without the run.
struct Tee {
    inner: Dispatch,
}

impl Subscriber for Tee {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let inner = self.inner.register_callsite(metadata);
        if inner.is_never() && is_captured(metadata) {
            Interest::sometimes()
        } else {
            inner
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.inner.enabled(metadata) || is_captured(metadata)
    }

    fn event(&self, event: &Event<'_>) {
        if is_captured(event.metadata()) {
            capture(event);
        }
        // The other subscriber may have disabled the event. Then only the capture needs it.
        if self.inner.enabled(event.metadata()) {
            self.inner.event(event);
        }
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.inner.new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.inner.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.inner.record_follows_from(span, follows);
    }

    fn enter(&self, span: &Id) {
        self.inner.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.inner.exit(span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.inner.clone_span(span)
    }

    fn try_close(&self, span: Id) -> bool {
        self.inner.try_close(span)
    }

    fn current_span(&self) -> Current {
        self.inner.current_span()
    }
}
