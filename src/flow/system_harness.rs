use std::{fmt, marker::PhantomData, panic::Location, sync::Arc};

use flow_domain::model::{AnyEvent, IntoMessages};

use crate::{
    flow::{Acted, Flow, Given, OfSystem},
    plan::{Plan, RunGuard, Setup},
    system::{
        fault::ComponentFault,
        under_test::{At, SystemUnderTest},
    },
};

/// Wraps a system of your own, and begins test flows for it.
///
/// A domain that is built on `flow-domain` needs none of this: see [`FlowHarness`](crate::FlowHarness). Every run
/// starts its own system. A clone is cheap.
#[derive(Clone, Debug)]
pub struct SystemHarness {
    setup: Arc<Setup>,
}

impl SystemHarness {
    /// Wraps the system that `system` describes.
    pub fn new<S: Send + Sync + 'static>(system: SystemUnderTest<S>) -> Self {
        Self {
            setup: Arc::new(Setup::of_system(Arc::new(Arc::new(system)))),
        }
    }

    /// Sets how many steps of workers one act may cause. The default is 10,000.
    ///
    /// An act that exceeds the budget fails the flow, and the report names the workers that go on.
    #[must_use]
    pub fn budget(mut self, n_steps: usize) -> Self {
        Arc::make_mut(&mut self.setup).budget = n_steps;
        self
    }

    /// Calls the workers in another order in each round, as the numbers of a generator with this seed say.
    ///
    /// The default is the environment variable `FLOW_WORKER_SEED`, or the order of the description if it is
    /// not set. A report prints the seed. To try many orders, run the flow for each of many seeds.
    #[must_use]
    pub fn shuffle_workers(mut self, seed: u64) -> Self {
        Arc::make_mut(&mut self.setup).worker_seed = Some(seed);
        self
    }

    #[track_caller]
    fn begin<'t>(&self) -> Flow<'t, Given, OfSystem> {
        Flow {
            plan: Box::new(Plan::new(Arc::clone(&self.setup))),
            run_guard: RunGuard::new(Location::caller()),
            phase: Given,
            kind: PhantomData,
        }
    }

    /// Begins with events that happened before; see [`Flow::given_events`].
    #[track_caller]
    pub fn given_events<'t>(
        &self,
        events: impl IntoMessages<AnyEvent>,
    ) -> Flow<'t, Given, OfSystem> {
        self.begin().given_events(events)
    }

    /// Begins with a command that was executed before; see [`Flow::given_command`].
    #[track_caller]
    pub fn given_command<'t, C>(&self, command: At<C>) -> Flow<'t, Given, OfSystem>
    where
        C: fmt::Debug + Send + 'static,
    {
        self.begin().given_command(command)
    }

    /// Begins with a system that has just started; see [`Flow::given_nothing`].
    #[track_caller]
    pub fn given_nothing<'t>(&self) -> Flow<'t, Given, OfSystem> {
        self.begin().given_nothing()
    }

    /// Begins with a fault at a component or a worker; see [`fault::component`](crate::fault::component).
    #[track_caller]
    pub fn with_fault<'t>(&self, fault: ComponentFault) -> Flow<'t, Given, OfSystem> {
        self.begin().with_fault(fault)
    }

    /// Begins with a command; see [`Flow::when`].
    #[track_caller]
    pub fn when<'t, C>(&self, command: At<C>) -> Flow<'t, Acted, OfSystem>
    where
        C: fmt::Debug + Send + 'static,
    {
        self.begin().when(command)
    }

    /// Begins with an event from outside; see [`Flow::when_event`].
    #[track_caller]
    pub fn when_event<'t, E>(&self, event: At<E>) -> Flow<'t, Acted, OfSystem>
    where
        E: fmt::Debug + PartialEq + Send + 'static,
    {
        self.begin().when_event(event)
    }
}
