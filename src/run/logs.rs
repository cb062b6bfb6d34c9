use std::{
    cell::RefCell,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use flow_domain::record::{EntryId, current_handler_call};
use tracing::{
    Dispatch, Event, Level,
    dispatcher::with_default,
    field::{Field, Visit},
};

use crate::run::capture::capture_dispatch;

/// How many lines of a run are kept.
const MAX_LINES: usize = 1_000;

thread_local! {
    /// Where what is logged in this thread belongs.
    static CURRENT_LOGS: RefCell<Option<Arc<Logs>>> = const { RefCell::new(None) };
}

/// Something that a handler wrote through `tracing`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Log {
    /// The entry of the record at which the handling began that wrote it.
    pub entry: EntryId,
    /// How important it is.
    pub level: Level,
    /// Which part of the program wrote it, mostly a module: `shop::mail`.
    pub target: &'static str,
    /// What it says, with its fields behind it: `reserving stock quantity=2`.
    pub text: String,
}

/// `INFO reserving stock quantity=2`
impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.level, self.text)
    }
}

/// What was logged in a run.
#[derive(Debug, Default)]
pub(super) struct Logs {
    lines: Mutex<Vec<Log>>,
}

impl Logs {
    pub(super) fn all(&self) -> Vec<Log> {
        let all = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        all.clone()
    }

    fn add(&self, entry: EntryId, event: &Event<'_>) {
        let mut all = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == MAX_LINES {
            return;
        }

        let mut text = LogText::default();
        event.record(&mut text);
        let metadata = event.metadata();
        all.push(Log {
            entry,
            level: *metadata.level(),
            target: metadata.target(),
            text: format!("{}{}", text.message, text.fields).trim().to_owned(),
        });
    }
}

/// Keeps what is logged, if a handler of a run is busy in this thread.
pub(super) fn capture(event: &Event<'_>) {
    let Some(entry) = current_handler_call() else {
        return;
    };

    CURRENT_LOGS.with_borrow(|logs| {
        if let Some(logs) = logs {
            logs.add(entry, event);
        }
    });
}

#[derive(Default)]
struct LogText {
    message: String,
    fields: String,
}

impl Visit for LogText {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields = format!("{} {name}={value:?}", self.fields),
        }
    }
}

/// Runs `future`, and keeps what its handlers log.
pub(super) fn capture_logs<F: Future>(logs: Arc<Logs>, future: Pin<&mut F>) -> CaptureLogs<'_, F> {
    CaptureLogs {
        logs: Some(logs),
        dispatch: capture_dispatch(),
        future,
    }
}

pub(super) struct CaptureLogs<'a, F> {
    /// `None` while it is polled.
    logs: Option<Arc<Logs>>,
    dispatch: Dispatch,
    future: Pin<&'a mut F>,
}

impl<F: Future> Future for CaptureLogs<'_, F> {
    type Output = F::Output;

    // For each poll anew: on a runtime with several threads the next one may be in another.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self {
            logs,
            dispatch: listener,
            future,
        } = &mut *self;
        let _open = ScopedLogs::enter(logs);
        with_default(listener, || future.as_mut().poll(cx))
    }
}

/// Lends the logs of a run to this thread, until it is dropped.
struct ScopedLogs<'a> {
    logs: &'a mut Option<Arc<Logs>>,
    outer: Option<Arc<Logs>>,
}

impl<'a> ScopedLogs<'a> {
    fn enter(logs: &'a mut Option<Arc<Logs>>) -> Self {
        // A sentence may be run in a closure of another.
        let outer = CURRENT_LOGS.replace(logs.take());
        Self { logs, outer }
    }
}

impl Drop for ScopedLogs<'_> {
    fn drop(&mut self) {
        *self.logs = CURRENT_LOGS.replace(self.outer.take());
    }
}
