//! An app with virtual time and ids, and what can be asked of it afterwards.

use std::{
    io,
    sync::{Arc, Mutex},
};

use flow_domain::{
    App, Error, Event,
    adapter::memory::MemoryStore,
    clock::{VirtualClock, VirtualIds},
    message::{Position, Recorded},
    record::{Record, Recorder},
    wiring::DomainBuilder,
};
use serde::{Deserialize, Serialize};

/// A domain that runs, with its clock and recorder in reach.
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

    /// All stored events, oldest first.
    pub(crate) async fn events(&self) -> Vec<Recorded> {
        let store = self.app.store();
        store
            .read_category(None, Position::START, 10_000)
            .await
            .expect("memory can be read")
    }

    /// All stored events as `OrderPlaced in order-ord-1`, oldest first.
    pub(crate) async fn stored_event_names(&self) -> Vec<String> {
        let events = self.events().await;
        let told = events.iter().map(|event| {
            let name = event.metadata().message_type.name();
            format!("{name} in {}", event.stream())
        });
        told.collect()
    }

    /// Everything that happened.
    pub(crate) fn record(&self) -> Record {
        let mut record = self.record.lock().expect("nobody panics under this lock");
        self.recorder.drain_into(&mut record);
        record.clone()
    }

    /// How each handling ended, in order.
    pub(crate) fn handler_outcomes(&self) -> String {
        let record = self.record();
        let endings = record.entries().iter().filter_map(|entry| {
            use flow_domain::record::EntryKind::HandlerEnded;
            matches!(entry.kind, HandlerEnded(_)).then(|| entry.kind.to_string())
        });
        endings.collect::<Vec<_>>().join("\n")
    }
}

/// What handlers wrote down while they were called.
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

/// An event that comes from outside and needs no aggregate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "table", id = id)]
pub(crate) struct Ping {
    pub(crate) id: String,
}

/// Another one, which handlers raise.
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

/// A failure of the outside, with its cause.
pub(crate) fn timed_out() -> Error {
    Error::failed("charging the card", io::Error::other("timed out"))
}
