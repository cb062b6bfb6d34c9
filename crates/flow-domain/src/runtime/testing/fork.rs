use std::{fmt, sync::Arc};

use crate::{
    error::Error,
    handler::{Ports, SharedPorts, WakeSignal, upcasting},
    runtime::App,
    wiring::Domain,
};

impl App {
    /// Returns an app with another domain on the same ports.
    ///
    /// `domain` may be the domain of this app, built again.
    pub(crate) fn with_domain(&self, domain: Domain) -> Self {
        let ports = Ports {
            catalog: Arc::clone(domain.catalog()),
            store: upcasting(&self.ports.raw_store, domain.catalog()),
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

    /// Returns a copy of the app: it has the same content, clock and ids, and calls the same handlers.
    ///
    /// From here on, neither app sees what the other does. In memory, the cost of a fork does not depend
    /// on how much was stored before the first fork.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if the store, broker, clock or ids cannot
    /// be forked. The error names the adapter.
    pub fn fork(&self) -> Result<Self, Error> {
        let ports = &*self.ports;
        let raw_store = ports
            .raw_store
            .fork()
            .ok_or_else(|| cannot_fork("store", &ports.raw_store))?;
        let clock = ports.clock.fork();
        let ids = ports.ids.fork();
        let broker = match &ports.broker {
            Some(broker) => Some(broker.fork().ok_or_else(|| cannot_fork("broker", broker))?),
            None => None,
        };

        Ok(Self {
            domain: self.domain.clone(),
            ports: Arc::new(Ports {
                catalog: Arc::clone(&ports.catalog),
                store: upcasting(&raw_store, &ports.catalog),
                hooks: ports.hooks.fork(),
                shared: Arc::new(SharedPorts {
                    raw_store,
                    clock: clock.ok_or_else(|| cannot_fork("clock", &ports.clock))?,
                    ids: ids.ok_or_else(|| cannot_fork("ids", &ports.ids))?,
                    broker,
                    // The keys of a fork are those of the app, because nothing is ever read by another key.
                    #[cfg(feature = "personal")]
                    key_store: ports.key_store.clone(),
                    wake_signal: WakeSignal::default(),
                    engine_metrics: Arc::default(),
                    inline_time: ports.inline_time,
                    verifies_writes: ports.verifies_writes,
                }),
            }),
            budget: self.budget,
            modes: self.modes,
        })
    }
}

/// Returns the error for an adapter that cannot be forked.
///
/// The name of the adapter is the beginning of its `Debug` text.
fn cannot_fork(port: &str, adapter: &dyn fmt::Debug) -> Error {
    let name: String = format!("{adapter:?}")
        .chars()
        .take_while(|letter| letter.is_alphanumeric())
        .collect();

    Error::setup(format!(
        "the {port} `{name}` cannot be forked: use one in memory"
    ))
}
