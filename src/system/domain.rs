use std::{any::TypeId, sync::Arc};

use flow_domain::{
    App, Domain, Error, Headers,
    adapter::memory::MemoryStore,
    clock::{VirtualClock, VirtualIds},
    handler::remember_panic_locations,
    message::Payload,
    port::BoxFuture,
    record::{Record, Recorder},
    runtime::{Kept, Processed},
};

use crate::system::{Act, System};

/// A world of its own for a domain: store, clock, ids and record.
#[derive(Debug)]
pub(crate) struct DomainSystem {
    app: App,
    recorder: Arc<Recorder>,
    /// What is said of every message besides its content: nothing.
    headers: Headers,
}

impl DomainSystem {
    /// Starts a fresh world.
    pub(crate) fn start(domain: Domain, budget: usize) -> Self {
        remember_panic_locations();
        let recorder = Arc::new(Recorder::default());
        let app = App::builder(domain)
            .store(MemoryStore::default())
            .clock(Arc::new(VirtualClock::default()))
            .ids(Arc::new(VirtualIds::default()))
            .recorder(Arc::clone(&recorder))
            .budget(budget)
            .start();
        Self {
            app,
            recorder,
            headers: Headers::default(),
        }
    }
}

impl System for DomainSystem {
    fn act<'a>(&'a self, act: Act<'a>) -> BoxFuture<'a, Processed> {
        // One box for each, or all would be as large as the largest.
        match act {
            Act::Command(command) => Box::pin(self.app.process_written(command, &self.headers)),
            Act::Events(events) => Box::pin(self.app.publish_written(events, &self.headers)),
            Act::Aggregate(aggregate) => Box::pin(self.app.add_written(aggregate)),
        }
    }

    fn look_up<'a>(
        &'a self,
        kept: Kept,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Payload>, Error>> {
        Box::pin(self.app.look_up(kept, id))
    }

    fn look_up_all(&self, projection: Kept) -> BoxFuture<'_, Result<Vec<Payload>, Error>> {
        Box::pin(self.app.look_up_all(projection))
    }

    fn update(&self, record: &mut Record) {
        self.recorder.update(record);
    }

    fn handler_name(&self, handler: TypeId) -> Option<&'static str> {
        let handlers = self.app.domain().handlers();
        let found = handlers.iter().find(|entry| entry.type_id == handler);
        found.map(|entry| entry.name)
    }

    fn handler_names(&self) -> Vec<&'static str> {
        let handlers = self.app.domain().handlers();
        handlers.iter().map(|entry| entry.name).collect()
    }

    fn message_names(&self) -> Vec<String> {
        let wiring = self.app.domain().wiring();
        let aggregates = wiring.aggregates.iter();
        let own =
            aggregates.flat_map(|aggregate| aggregate.commands.iter().chain(&aggregate.events));
        own.chain(&wiring.events_from_outside).cloned().collect()
    }
}
