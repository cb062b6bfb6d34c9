use std::{
    cell::RefCell,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use flow_domain::record::{EntryId, current_handling};
use tracing::{
    Dispatch, Event, Level,
    dispatcher::with_default,
    field::{Field, Visit},
};

use crate::run::listener::listener;

/// How many lines of a run are kept.
const MOST: usize = 1_000;

thread_local! {
    /// Where what is logged in this thread belongs.
    static LOGS: RefCell<Option<Arc<Logs>>> = const { RefCell::new(None) };
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
    all: Mutex<Vec<Log>>,
}

impl Logs {
    pub(super) fn all(&self) -> Vec<Log> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.clone()
    }

    fn add(&self, entry: EntryId, event: &Event<'_>) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == MOST {
            return;
        }
        let mut text = Text::default();
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
pub(super) fn hear(event: &Event<'_>) {
    let Some(entry) = current_handling() else {
        return;
    };
    LOGS.with_borrow(|logs| {
        if let Some(logs) = logs {
            logs.add(entry, event);
        }
    });
}

#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields = format!("{} {name}={value:?}", self.fields),
        }
    }
}

/// Runs `future`, and keeps what its handlers log.
pub(super) fn listening<F: Future>(logs: Arc<Logs>, future: Pin<&mut F>) -> Listening<'_, F> {
    Listening {
        logs: Some(logs),
        listener: listener(),
        future,
    }
}

pub(super) struct Listening<'a, F> {
    /// `None` while it is polled.
    logs: Option<Arc<Logs>>,
    listener: Dispatch,
    future: Pin<&'a mut F>,
}

impl<F: Future> Future for Listening<'_, F> {
    type Output = F::Output;

    // For each poll anew: on a runtime with several threads the next one may be in another.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self {
            logs,
            listener,
            future,
        } = &mut *self;
        let _open = Open::begin(logs);
        with_default(listener, || future.as_mut().poll(cx))
    }
}

/// Lends the logs of a run to this thread, until it is dropped.
struct Open<'a> {
    logs: &'a mut Option<Arc<Logs>>,
    outer: Option<Arc<Logs>>,
}

impl<'a> Open<'a> {
    fn begin(logs: &'a mut Option<Arc<Logs>>) -> Self {
        // A sentence may be run in a closure of another.
        let outer = LOGS.replace(logs.take());
        Self { logs, outer }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        *self.logs = LOGS.replace(self.outer.take());
    }
}
