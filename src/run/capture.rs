use std::sync::LazyLock;

use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber,
    dispatcher::get_default,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::{Interest, NoSubscriber},
};
use tracing_core::span::Current;

use crate::run::logs::capture;

/// Who listens in a run where nobody else does. There is one for the process: `tracing` asks every
/// place that logs again when a new one comes, which takes longer than a run.
///
/// And a second one: if it knows of one only, `tracing` asks whoever listens in the thread that comes
/// first to a place that logs, and remembers for all of them that nobody does.
static CAPTURE_ONLY: LazyLock<[Dispatch; 2]> =
    LazyLock::new(|| [Dispatch::new(CaptureOnly), Dispatch::new(CaptureOnly)]);

/// Who listens to what is logged in a run, besides whoever does so already in this thread.
pub(super) fn capture_dispatch() -> Dispatch {
    get_default(|theirs| {
        if theirs.is::<NoSubscriber>() {
            CAPTURE_ONLY[0].clone()
        } else if theirs.is::<CaptureOnly>() || theirs.is::<Tee>() {
            theirs.clone()
        } else {
            Dispatch::new(Tee {
                inner: theirs.clone(),
            })
        }
    })
}

/// What is heard: events of the handlers. Those of the runtime itself tell what the record tells, and
/// would cost every step of a run that nobody watches.
fn is_captured(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_own = target
        .strip_prefix("flow_domain")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    metadata.is_event() && *metadata.level() <= Level::DEBUG && !is_own
}

/// Listens where nobody else does. It wants no spans, so there are none.
struct CaptureOnly;

impl Subscriber for CaptureOnly {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_captured(metadata) {
            // Not always: outside of a run nobody listens.
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

/// Listens and hands everything on to the subscriber that was there before, which sees what it would
/// see without.
struct Tee {
    inner: Dispatch,
}

impl Subscriber for Tee {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let theirs = self.inner.register_callsite(metadata);
        if theirs.is_never() && is_captured(metadata) {
            Interest::sometimes()
        } else {
            theirs
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.inner.enabled(metadata) || is_captured(metadata)
    }

    fn event(&self, event: &Event<'_>) {
        if is_captured(event.metadata()) {
            capture(event);
        }
        // It may be here only because we wanted it.
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
