use std::sync::Arc;

use crate::{
    error::Error,
    handler::{Ports, SharedPorts, WakeSignal},
    record::Recorder,
    runtime::App,
    wiring::Domain,
};

impl App {
    /// Returns an app that runs another domain, or the same one built anew, on everything that this one
    /// runs on.
    pub(crate) fn with_domain(&self, domain: Domain) -> Self {
        let ports = Ports {
            catalog: Arc::clone(domain.catalog()),
            ..(*self.ports).clone()
        };

        Self {
            domain,
            ports: Arc::new(ports),
            budget: self.budget,
            modes: self.modes,
        }
    }

    /// Returns the same app on other ports.
    pub(crate) fn with_ports(&self, ports: &Arc<Ports>) -> Self {
        Self {
            ports: Arc::clone(ports),
            ..self.clone()
        }
    }

    /// Returns an app with the same content, clock and ids, that goes its own way from here on: neither
    /// sees what the other does. Both call the same handlers.
    ///
    /// In memory this costs the same however much was there before the first fork.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if the store, the broker, the clock or the
    /// ids are of a kind that cannot be forked, and says which.
    pub fn fork(&self) -> Result<Self, Error> {
        let ports = &*self.ports;
        let cannot = |what: &str, which: &dyn std::fmt::Debug| {
            let kind = format!("{which:?}");
            let name: String = kind
                .chars()
                .take_while(|one| one.is_alphanumeric())
                .collect();

            Error::setup(format!(
                "the {what} `{name}` cannot be forked: use one in memory"
            ))
        };
        let store = ports.store.fork();
        let clock = ports.clock.fork();
        let ids = ports.ids.fork();
        let broker = match &ports.broker {
            Some(broker) => Some(broker.fork().ok_or_else(|| cannot("broker", broker))?),
            None => None,
        };

        Ok(Self {
            domain: self.domain.clone(),
            ports: Arc::new(Ports {
                catalog: Arc::clone(&ports.catalog),
                store: store.ok_or_else(|| cannot("store", &ports.store))?,
                recorder: ports.recorder.as_deref().map(Recorder::fork).map(Arc::new),
                interceptor: ports.interceptor.clone(),
                invariants: ports.invariants,
                shared: Arc::new(SharedPorts {
                    clock: clock.ok_or_else(|| cannot("clock", &ports.clock))?,
                    ids: ids.ok_or_else(|| cannot("ids", &ports.ids))?,
                    broker,
                    wake_signal: WakeSignal::default(),
                    engine_metrics: Arc::default(),
                }),
            }),
            budget: self.budget,
            modes: self.modes,
        })
    }
}
