use std::sync::Arc;

use flow_domain::{
    App, Domain, WiringErrors,
    adapter::memory::MemoryBroker,
    clock::{VirtualClock, VirtualIds},
    message::Processing,
    port::Store,
    record::{InvariantSet, Recorder},
    testing::CallLimits,
};

use crate::system::{Mode, fault::FaultInjector};

/// The settings of one run's world: its domain, mode, invariants and faults.
pub(crate) struct World {
    pub(crate) domain: Domain,
    /// A store that is empty.
    pub(crate) store: Arc<dyn Store>,
    pub(crate) mode: Mode,
    pub(crate) budget: usize,
    /// The limits of handler calls beside their time limits.
    pub(crate) call_limits: Arc<CallLimits>,
    /// The invariants that the run checks.
    pub(crate) invariants: InvariantSet,
    /// Whether the engine runs only in `when_engine_*` steps.
    pub(crate) is_paused: bool,
    /// Builds the domain again, for an engine that restarts.
    pub(crate) rebuild_domain: Option<Arc<RebuildDomain>>,
    /// `None` if the flow has no faults and no concurrent commands.
    pub(crate) faults: Option<Arc<FaultInjector>>,
}

pub(crate) type RebuildDomain = dyn Fn() -> Result<Domain, WiringErrors> + Send + Sync;

impl World {
    /// Starts an app with a broker in memory and a virtual clock.
    pub(super) fn start(self, recorder: &Arc<Recorder>) -> App {
        let mut builder = App::builder(self.domain)
            .shared_store(self.store)
            .clock(Arc::new(VirtualClock::default()))
            .ids(Arc::new(VirtualIds::default()))
            .recorder(Arc::clone(recorder))
            .budget(self.budget)
            .call_limits(self.call_limits)
            .invariants(self.invariants);

        if let Some(faults) = self.faults {
            builder = builder.interceptor(faults);
        }

        match self.mode {
            Mode::Sync => builder.start(),
            Mode::Engine | Mode::Differential => builder
                .shared_broker(Arc::new(MemoryBroker::with_partitions(1)))
                .event_processing(Processing::Async)
                .start(),
        }
    }
}
