//! An app with virtual time and ids, and its results.

use std::{
    io,
    sync::{Arc, Mutex},
};

use flow_domain::{
    App, Error, Event,
    adapter::memory::MemoryStore,
    clock::{VirtualClock, VirtualIds},
    message::{Position, Recorded},
    record::{EntryKind, Record, Recorder},
    wiring::DomainBuilder,
};
use serde::{Deserialize, Serialize};

/// A running domain with its clock and recorder.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) clock: Arc<VirtualClock>,
    recorder: Arc<Recorder>,
    record: Mutex<Record>,
}

impl World {
    #[track_caller]
    pub(crate) fn new(domain: DomainBuilder) -> Self {
        Self::with_budget(domain, 10_000)
    }

    #[track_caller]
    pub(crate) fn with_budget(domain: DomainBuilder, n_deliveries: usize) -> Self {
        let domain = match domain.build() {
            Ok(domain) => domain,
            Err(err) => panic!("{err}"),
        };

        let clock = Arc::new(VirtualClock::default());
        let recorder = Arc::new(Recorder::default());
        let app = App::builder(domain)
            .store(MemoryStore::default())
            .clock(Arc::clone(&clock) as _)
            .ids(Arc::new(VirtualIds::default()))
            .recorder(Arc::clone(&recorder))
            .budget(n_deliveries)
            .start();

        Self {
            app,
            clock,
            recorder,
            record: Mutex::default(),
        }
    }

    /// Returns all stored events, oldest first.
    pub(crate) async fn events(&self) -> Vec<Recorded> {
        let store = self.app.store();
        store
            .read_category(None, Position::START, 10_000)
            .await
            .expect("memory does not fail")
    }

    /// Returns all stored events as `OrderPlaced in order-ord-1`, oldest first.
    pub(crate) async fn stored_event_names(&self) -> Vec<String> {
        let events = self.events().await;
        events
            .iter()
            .map(|event| {
                let name = event.metadata().message_type.name();
                format!("{name} in {}", event.stream())
            })
            .collect()
    }

    /// Returns the record so far.
    pub(crate) fn record(&self) -> Record {
        let mut record = self.record.lock().expect("nobody panics under this lock");
        self.recorder.drain_into(&mut record);
        record.clone()
    }

    /// Returns the outcome of each handler call, in order.
    pub(crate) fn handler_outcomes(&self) -> String {
        let record = self.record();
        let outcomes: Vec<String> = record
            .entries()
            .iter()
            .filter(|entry| matches!(entry.kind, EntryKind::HandlerEnded(_)))
            .map(|entry| entry.kind.to_string())
            .collect();

        outcomes.join("\n")
    }
}

/// The lines that handlers wrote during their calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallLog(Arc<Mutex<Vec<String>>>);

impl CallLog {
    pub(crate) fn note(&self, line: impl Into<String>) {
        let mut lines = self.0.lock().expect("nobody panics under this lock");
        lines.push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .expect("nobody panics under this lock")
            .clone()
    }
}

/// An event from outside, without an aggregate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "table", id = id)]
pub(crate) struct Ping {
    pub(crate) id: String,
}

/// An event that handlers raise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "table", id = id)]
pub(crate) struct Pong {
    pub(crate) id: String,
}

pub(crate) fn ping(id: &str) -> Ping {
    Ping { id: id.into() }
}

pub(crate) fn pong(id: impl Into<String>) -> Pong {
    Pong { id: id.into() }
}

/// Returns a transient error with a source.
pub(crate) fn timeout_error() -> Error {
    Error::failed("charging the card", io::Error::other("timed out"))
}
