use std::sync::LazyLock;

use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber,
    dispatcher::get_default,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::{Interest, NoSubscriber},
};
use tracing_core::span::Current;

use crate::run::logs::hear;

/// Who listens in a run where nobody else does. There is one for the process: `tracing` asks every
/// place that logs again when a new one comes, which takes longer than a run.
///
/// And a second one: if it knows of one only, `tracing` asks whoever listens in the thread that comes
/// first to a place that logs, and remembers for all of them that nobody does.
static ALONE: LazyLock<[Dispatch; 2]> =
    LazyLock::new(|| [Dispatch::new(Alone), Dispatch::new(Alone)]);

/// Who listens to what is logged in a run, besides whoever does so already in this thread.
pub(super) fn listener() -> Dispatch {
    get_default(|theirs| {
        if theirs.is::<NoSubscriber>() {
            ALONE[0].clone()
        } else if theirs.is::<Alone>() || theirs.is::<Besides>() {
            theirs.clone()
        } else {
            Dispatch::new(Besides {
                theirs: theirs.clone(),
            })
        }
    })
}

/// What is heard: events of the handlers. Those of the runtime itself tell what the record tells, and
/// would cost every step of a run that nobody watches.
fn is_heard(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_own = target
        .strip_prefix("flow_domain")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    metadata.is_event() && *metadata.level() <= Level::DEBUG && !is_own
}

/// Listens where nobody else does. It wants no spans, so there are none.
struct Alone;

impl Subscriber for Alone {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_heard(metadata) {
            // Not always: outside of a run nobody listens.
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_heard(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn event(&self, event: &Event<'_>) {
        hear(event);
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
struct Besides {
    theirs: Dispatch,
}

impl Subscriber for Besides {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let theirs = self.theirs.register_callsite(metadata);
        if theirs.is_never() && is_heard(metadata) {
            Interest::sometimes()
        } else {
            theirs
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.theirs.enabled(metadata) || is_heard(metadata)
    }

    fn event(&self, event: &Event<'_>) {
        if is_heard(event.metadata()) {
            hear(event);
        }
        // It may be here only because we wanted it.
        if self.theirs.enabled(event.metadata()) {
            self.theirs.event(event);
        }
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.theirs.new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.theirs.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.theirs.record_follows_from(span, follows);
    }

    fn enter(&self, span: &Id) {
        self.theirs.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.theirs.exit(span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.theirs.clone_span(span)
    }

    fn try_close(&self, span: Id) -> bool {
        self.theirs.try_close(span)
    }

    fn current_span(&self) -> Current {
        self.theirs.current_span()
    }
}
