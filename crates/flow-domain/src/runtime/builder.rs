use std::{sync::Arc, time::Duration};

use crate::{
    clock::{Clock, IdSource, SystemClock, SystemIds},
    handler::{Hooks, Ports, SharedPorts, WakeSignal, upcasting},
    message::Processing,
    port::{Broker, Store},
    runtime::{App, app::ProcessingModes},
    wiring::Domain,
};

/// Builds an app. Only the store is required; everything else has a default.
#[derive(Debug)]
#[must_use = "nothing runs until `start` is called"]
pub struct AppBuilder<S = ()> {
    domain: Domain,
    store: S,
    clock: Option<Arc<dyn Clock>>,
    ids: Option<Arc<dyn IdSource>>,
    budget: usize,
    modes: ProcessingModes,
    broker: Option<Arc<dyn Broker>>,
    inline_time: Option<Duration>,
    #[cfg(feature = "personal")]
    key_store: Option<Arc<dyn Store>>,
    verifies_writes: bool,
    pub(super) hooks: Hooks,
}

impl AppBuilder {
    pub(super) fn new(domain: Domain) -> Self {
        Self {
            domain,
            store: (),
            clock: None,
            ids: None,
            budget: 10_000,
            modes: ProcessingModes::default(),
            broker: None,
            inline_time: None,
            #[cfg(feature = "personal")]
            key_store: None,
            verifies_writes: false,
            hooks: Hooks::default(),
        }
    }

    /// Sets the store.
    pub fn store(self, store: impl Store + 'static) -> AppBuilder<Arc<dyn Store>> {
        self.shared_store(Arc::new(store))
    }

    /// Sets a store that other code uses, too.
    pub fn shared_store(self, store: Arc<dyn Store>) -> AppBuilder<Arc<dyn Store>> {
        AppBuilder {
            domain: self.domain,
            store,
            clock: self.clock,
            ids: self.ids,
            budget: self.budget,
            modes: self.modes,
            broker: self.broker,
            inline_time: self.inline_time,
            #[cfg(feature = "personal")]
            key_store: self.key_store,
            verifies_writes: self.verifies_writes,
            hooks: self.hooks,
        }
    }
}

impl<S> AppBuilder<S> {
    /// Sets the clock. By default it is the clock of the machine.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets the source of ids. By default ids are UUIDs of version 7.
    pub fn ids(mut self, ids: Arc<dyn IdSource>) -> Self {
        self.ids = Some(ids);
        self
    }

    /// Sets how many deliveries one command or event may cause, directly and indirectly.
    ///
    /// The default is 10,000. A cascade that goes over the budget stops with an error that names the
    /// cycle. So does [`App::process_due`], with all the commands that it processes.
    pub fn budget(mut self, n_deliveries: usize) -> Self {
        self.budget = n_deliveries;
        self
    }

    /// Sets whether [`App::send`] handles commands inline or submits them. The default is inline.
    pub fn command_processing(mut self, processing: Processing) -> Self {
        self.modes.commands = processing;
        self
    }

    /// Sets whether events are handled inline or by an engine. The default is inline.
    ///
    /// An engine receives them through the outbox and the broker, or reads them from the event store.
    pub fn event_processing(mut self, processing: Processing) -> Self {
        self.modes.events = processing;
        self
    }

    /// Finds events again whose inline handling was cut off after the commit, once `time` has passed.
    ///
    /// A process may die then, or a caller may drop the future of [`App::process`]. By default nobody
    /// looks for such events, and their handlers never run. With this setting, an engine or
    /// [`App::process_due`] runs them, of every process that uses the store.
    /// [`Health::cut_off`](crate::engine::Health::cut_off) shows their number.
    ///
    /// All handlers of an event run again if one of them did not end, so delivery is at least once. Use
    /// [`once`](crate::handler::SubscriptionOptions::once) where that matters.
    ///
    /// An event that is cut off six times in all is not handled again: it may kill its process. Its row of
    /// the outbox is abandoned then. [`Health::abandoned`](crate::engine::Health::abandoned) counts it, and
    /// [`Outbox::reopen`](crate::port::Outbox::reopen) lets it begin anew.
    ///
    /// `time` must be longer than any command may take, with all that it causes. The price is a row of the
    /// outbox for each event, which is written and deleted with commits that happen anyway.
    pub fn recover_inline_after(mut self, time: Duration) -> Self {
        self.inline_time = Some(time);
        self
    }

    /// Sets the broker, which carries messages to the subscriptions of an engine.
    pub fn broker(mut self, broker: impl Broker + 'static) -> Self {
        self.broker = Some(Arc::new(broker));
        self
    }

    /// Sets the store of the keys of personal data. By default it is the store of the app.
    ///
    /// A store of its own can have its own backups, so that erased keys do not stay in those of the
    /// events. See [`Personal`](crate::Personal).
    #[cfg(feature = "personal")]
    pub fn key_store(mut self, store: Arc<dyn Store>) -> Self {
        self.key_store = Some(store);
        self
    }

    /// Sets whether each message, state and row is read back before it is committed. The default is
    /// no.
    ///
    /// Then a value that does not come back as it was written is an error, and nothing of its unit of
    /// work is committed. The values are compared by `PartialEq`. Of a type without `PartialEq`, and
    /// of the state of a process manager, it is only checked that it can be decoded. The check decodes
    /// every value once more.
    ///
    /// What has no JSON form at all, for example NaN, is refused with or without this check. Only this
    /// check finds what serde reads as another value: `Some(None)` as `None`, or a skipped field.
    pub fn verify_writes(mut self, verify: bool) -> Self {
        self.verifies_writes = verify;
        self
    }

    /// Sets a broker that other code uses, too.
    pub fn shared_broker(mut self, broker: Arc<dyn Broker>) -> Self {
        self.broker = Some(broker);
        self
    }
}

impl AppBuilder<Arc<dyn Store>> {
    /// Starts the app.
    pub fn start(self) -> App {
        let ports = Ports {
            catalog: Arc::clone(self.domain.catalog()),
            store: upcasting(&self.store, self.domain.catalog()),
            hooks: self.hooks,
            shared: Arc::new(SharedPorts {
                raw_store: self.store,
                clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
                ids: self.ids.unwrap_or_else(|| Arc::new(SystemIds)),
                broker: self.broker,
                #[cfg(feature = "personal")]
                key_store: self.key_store,
                wake_signal: WakeSignal::default(),
                engine_metrics: Arc::default(),
                inline_time: self.inline_time,
                verifies_writes: self.verifies_writes,
            }),
        };

        App::new(self.domain, ports, self.budget, self.modes)
    }
}
