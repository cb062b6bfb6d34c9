use std::{
    cell::RefCell,
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use flow_domain::record::{EntryId, current_handler_call};
use tracing::{
    Event, Level,
    dispatcher::with_default,
    field::{Field, Visit},
};

use crate::logs::capture::capture_dispatch;

/// The maximum number of log lines that a run stores.
const MAX_LINES: usize = 1_000;

thread_local! {
    /// The logs of the run that is polled in this thread.
    static CURRENT_LOGS: RefCell<Option<Arc<Logs>>> = const { RefCell::new(None) };
}

/// A log line that a handler wrote through `tracing`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Log {
    /// The entry of the record with which the handler call began.
    pub entry: EntryId,
    /// The level of the line.
    pub level: Level,
    /// The part of the program that wrote the line, usually a module: `shop::mail`.
    pub target: &'static str,
    /// The message and then its fields: `reserving stock quantity=2`.
    pub text: String,
}

/// Writes level and text: `INFO reserving stock quantity=2`.
impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.level, self.text)
    }
}

/// The log lines of a run.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    lines: Mutex<Vec<Log>>,
}

impl Logs {
    pub(crate) fn all(&self) -> Vec<Log> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn add(&self, entry: EntryId, event: &Event<'_>) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == MAX_LINES {
            return;
        }

        let mut text = LogText::default();
        event.record(&mut text);

        let metadata = event.metadata();
        lines.push(Log {
            entry,
            level: *metadata.level(),
            target: metadata.target(),
            text: format!("{}{}", text.message, text.fields).trim().to_owned(),
        });
    }
}

/// Stores a log event, if a handler of a run is at work in this thread.
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

/// Collects the message and the fields of a log event as text.
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

/// Awaits `future`, and stores the log lines of its handlers in `logs`.
pub(crate) async fn capture_logs<F: Future>(logs: Arc<Logs>, mut future: Pin<&mut F>) -> F::Output {
    let dispatch = capture_dispatch();

    // Each poll sets logs and dispatcher again, because the next poll may happen in another thread.
    poll_fn(|cx| {
        let _scope = ScopedLogs::enter(Arc::clone(&logs));
        with_default(&dispatch, || future.as_mut().poll(cx))
    })
    .await
}

/// Makes the logs of a run current in this thread, until it is dropped.
struct ScopedLogs {
    /// The logs that were current before, if this run is inside another one.
    outer: Option<Arc<Logs>>,
}

impl ScopedLogs {
    fn enter(logs: Arc<Logs>) -> Self {
        // A closure of one flow may run another flow, so there may be logs already.
        let outer = CURRENT_LOGS.replace(Some(logs));
        Self { outer }
    }
}

impl Drop for ScopedLogs {
    fn drop(&mut self) {
        CURRENT_LOGS.set(self.outer.take());
    }
}
