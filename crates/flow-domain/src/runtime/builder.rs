use std::sync::Arc;

use crate::{
    clock::{Clock, IdSource, SystemClock, SystemIds},
    handler::{Interceptor, Ports, SharedPorts, WakeSignal},
    message::Processing,
    port::{Broker, Store},
    record::{InvariantSet, Recorder},
    runtime::{App, app::ProcessingModes},
    wiring::Domain,
};

/// Starts an app: a store is needed, everything else is the system's own unless said otherwise.
#[derive(Debug)]
#[must_use = "nothing runs until `start` is called"]
pub struct AppBuilder<S = ()> {
    domain: Domain,
    store: S,
    clock: Option<Arc<dyn Clock>>,
    ids: Option<Arc<dyn IdSource>>,
    recorder: Option<Arc<Recorder>>,
    budget: usize,
    modes: ProcessingModes,
    broker: Option<Arc<dyn Broker>>,
    interceptor: Option<Arc<dyn Interceptor>>,
    invariants: InvariantSet,
}

impl AppBuilder {
    pub(super) fn new(domain: Domain) -> Self {
        Self {
            domain,
            store: (),
            clock: None,
            ids: None,
            recorder: None,
            budget: 10_000,
            modes: ProcessingModes::default(),
            broker: None,
            interceptor: None,
            invariants: InvariantSet::NONE,
        }
    }

    /// What everything is kept in.
    pub fn store(self, store: impl Store + 'static) -> AppBuilder<Arc<dyn Store>> {
        self.shared_store(Arc::new(store))
    }

    /// What everything is kept in, shared with others.
    pub fn shared_store(self, store: Arc<dyn Store>) -> AppBuilder<Arc<dyn Store>> {
        AppBuilder {
            domain: self.domain,
            store,
            clock: self.clock,
            ids: self.ids,
            recorder: self.recorder,
            budget: self.budget,
            modes: self.modes,
            broker: self.broker,
            interceptor: self.interceptor,
            invariants: self.invariants,
        }
    }
}

impl<S> AppBuilder<S> {
    /// What tells the time. The machine's clock by default.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// What makes ids. UUIDs of version 7 by default.
    pub fn ids(mut self, ids: Arc<dyn IdSource>) -> Self {
        self.ids = Some(ids);
        self
    }

    /// What writes down everything that happens. Nothing by default.
    pub fn recorder(mut self, recorder: Arc<Recorder>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// How many deliveries one command or event may cause, directly and indirectly. 10,000 by
    /// default; over it, the cascade is stopped with an error that names the cycle.
    pub fn budget(mut self, n_deliveries: usize) -> Self {
        self.budget = n_deliveries;
        self
    }

    /// By whom commands are handled that are handed over with [`App::send`]. Inline by default.
    pub fn command_processing(mut self, processing: Processing) -> Self {
        self.modes.commands = processing;
        self
    }

    /// By whom events are handled. Inline by default; by an engine, they are sent through the outbox
    /// and the broker, or read from the event store.
    pub fn event_processing(mut self, processing: Processing) -> Self {
        self.modes.events = processing;
        self
    }

    /// What carries messages to the subscriptions of an engine.
    pub fn broker(mut self, broker: impl Broker + 'static) -> Self {
        self.broker = Some(Arc::new(broker));
        self
    }

    /// What carries messages, shared with others.
    pub fn shared_broker(mut self, broker: Arc<dyn Broker>) -> Self {
        self.broker = Some(broker);
        self
    }

    /// What stands between the runtime and the handlers, for tests.
    pub fn interceptor(mut self, interceptor: Arc<dyn Interceptor>) -> Self {
        self.interceptor = Some(interceptor);
        self
    }

    /// Which laws are looked after while handlers write, for tests. None by default: it costs reading
    /// back whatever is written. The recorder is told of those that are broken.
    pub fn invariants(mut self, laws: InvariantSet) -> Self {
        self.invariants = laws;
        self
    }
}

impl AppBuilder<Arc<dyn Store>> {
    /// Starts the app.
    pub fn start(self) -> App {
        let ports = Ports {
            catalog: Arc::clone(self.domain.catalog()),
            store: self.store,
            recorder: self.recorder,
            interceptor: self.interceptor,
            invariants: self.invariants,
            shared: Arc::new(SharedPorts {
                clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
                ids: self.ids.unwrap_or_else(|| Arc::new(SystemIds)),
                broker: self.broker,
                wake_signal: WakeSignal::default(),
                engine_metrics: Arc::default(),
            }),
        };

        App::new(self.domain, ports, self.budget, self.modes)
    }
}
