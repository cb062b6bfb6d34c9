//! An app with virtual time and ids, and its results.

use std::sync::{Arc, Mutex};

use flow_domain::{
    App,
    adapter::memory::MemoryStore,
    clock::{VirtualClock, VirtualIds},
    message::Recorded,
    record::{EntryKind, Record, Recorder},
    wiring::DomainBuilder,
};

use crate::fixture::{build, events_of, stored_event_names_of};

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
        let clock = Arc::new(VirtualClock::default());
        let recorder = Arc::new(Recorder::default());
        let app = App::builder(build(domain))
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
        events_of(&self.app).await
    }

    /// Returns all stored events as `OrderPlaced in order-ord-1`, oldest first.
    pub(crate) async fn stored_event_names(&self) -> Vec<String> {
        stored_event_names_of(&self.app).await
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
