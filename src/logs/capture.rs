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
static CAPTURE_ONLY: LazyLock<[Dispatch; 2]> = LazyLock::new(|| {
    let capture_only = || Dispatch::new(Tee(Dispatch::none()));
    [capture_only(), capture_only()]
});

/// Returns a dispatcher that captures the logs of a run.
///
/// A subscriber that is already set in this thread still gets everything.
pub(super) fn capture_dispatch() -> Dispatch {
    get_default(|current| {
        if current.is::<NoSubscriber>() {
            CAPTURE_ONLY[0].clone()
        } else if current.is::<Tee>() {
            current.clone()
        } else {
            Dispatch::new(Tee(current.clone()))
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

/// Captures the logs of a run, and passes everything on to another subscriber.
///
/// The other subscriber gets the same events and spans as it would without the run. In a thread
/// without a subscriber, it is [`NoSubscriber`], which ignores everything.
struct Tee(Dispatch);

impl Subscriber for Tee {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let interest = self.0.register_callsite(metadata);
        if interest.is_never() && is_captured(metadata) {
            // Not `always`: events outside of a run are not captured.
            Interest::sometimes()
        } else {
            interest
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // Another subscriber may need all levels: a dispatcher does not tell the hint of its subscriber.
        self.0.is::<NoSubscriber>().then_some(LevelFilter::DEBUG)
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata) || is_captured(metadata)
    }

    fn event(&self, event: &Event<'_>) {
        if is_captured(event.metadata()) {
            capture(event);
        }
        // The other subscriber may have disabled the event. Then only the capture needs it.
        if self.0.enabled(event.metadata()) {
            self.0.event(event);
        }
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.0.new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.0.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.0.record_follows_from(span, follows);
    }

    fn enter(&self, span: &Id) {
        self.0.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.0.exit(span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.0.clone_span(span)
    }

    fn try_close(&self, span: Id) -> bool {
        self.0.try_close(span)
    }

    fn current_span(&self) -> Current {
        self.0.current_span()
    }
}
