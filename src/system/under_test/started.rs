use std::sync::Arc;

use flow_domain::{port::BoxFuture, record::Recorder, testing::StateType};

use crate::system::{
    Resources, System,
    fault::FaultInjector,
    under_test::{SystemUnderTest, running::RunningSystem},
};

/// What a run starts a [`SystemUnderTest`] with.
#[derive(Debug, Default)]
pub(crate) struct SystemSettings {
    /// The states that the expectations of the flow read, with their ids; `None` for all rows.
    pub(crate) watched: Vec<(StateType, Option<String>)>,
    /// How many steps of workers an act may cause.
    pub(crate) budget: usize,
    /// `None` if the flow has no faults.
    pub(crate) faults: Option<Arc<FaultInjector>>,
    /// Shuffles the order of the workers; `None` for the order of the list.
    pub(crate) worker_seed: Option<u64>,
}

/// A system that was started for one run.
#[derive(Debug)]
pub(crate) struct StartedSystem {
    pub(crate) system: Box<dyn System>,
    pub(crate) recorder: Arc<Recorder>,
    /// The started system, for expectations of the test.
    pub(crate) resources: Resources,
}

/// A [`SystemUnderTest`] without its Rust type.
pub(crate) trait StartSystem: Send + Sync {
    /// Starts the system for one run.
    fn start(&self, settings: SystemSettings) -> BoxFuture<'_, StartedSystem>;
}

impl<S: Send + Sync + 'static> StartSystem for Arc<SystemUnderTest<S>> {
    fn start(&self, settings: SystemSettings) -> BoxFuture<'_, StartedSystem> {
        Box::pin(async move {
            let system = RunningSystem::start(Arc::clone(self), settings).await;

            StartedSystem {
                recorder: Arc::clone(system.recorder.recorder()),
                resources: Resources::of_system(Arc::clone(&system.state)),
                system: Box::new(system),
            }
        })
    }
}
