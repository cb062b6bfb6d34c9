use std::{fmt, marker::PhantomData, panic::Location, sync::Arc};

use flow_domain::{
    Aggregate, Domain, WiringErrors,
    model::{AnyCommand, AnyEvent, IntoMessages},
    record::Invariant,
    testing::Backend,
};

use crate::{
    flow::{Acted, Flow, Given, GivenCommand, WhenCommand, WhenEvent},
    plan::{Plan, RunGuard, Setup, disabled_invariant},
    system::{BackendChoice, Mode, Resources, fault::Fault},
};

/// Wraps a domain, and begins test flows for it.
///
/// The harness takes the function that builds the domain. Every run calls this function, and has its
/// own world, handlers and fakes. A clone is cheap.
///
/// # Examples
///
/// ```
/// use flow_harness::prelude::*;
/// use shop::{PlaceOrder, OrderDashboard, OrderStatus};
///
/// let shop = FlowHarness::new(shop::domain);
///
/// shop.given_nothing()
///     .when(PlaceOrder {
///         order_id: "ord-1".into(),
///         customer_id: "cust-1".into(),
///         product_id: "prod-1".into(),
///         quantity: 2,
///         total_cents: 9_995,
///     })
///     .then_projection::<OrderDashboard>("ord-1")
///     .has(|row| row.status == OrderStatus::Cancelled)
///     .run();
/// ```
///
/// As a fixture of rstest, which is your own dependency:
///
/// ```
/// # use flow_harness::prelude::*;
/// # fn place_order() -> shop::PlaceOrder {
/// #     shop::PlaceOrder {
/// #         order_id: "ord-1".into(),
/// #         customer_id: "cust-1".into(),
/// #         product_id: "prod-1".into(),
/// #         quantity: 2,
/// #         total_cents: 9_995,
/// #     }
/// # }
/// use rstest::{fixture, rstest};
///
/// #[fixture]
/// fn harness() -> FlowHarness {
///     FlowHarness::new(shop::domain)
/// }
///
/// #[rstest]
/// fn order_is_accepted(
///     harness: FlowHarness,
///     #[values(Mode::Sync, Mode::Engine)] mode: Mode,
/// ) {
///     harness.mode(mode).when(place_order()).then_accepted().run();
/// }
/// ```
#[derive(Clone, Debug)]
pub struct FlowHarness {
    setup: Arc<Setup>,
}

/// A function that builds a domain: `fn() -> Result<Domain, WiringErrors>`.
///
/// It may also take `&`[`Resources`], to pass fakes to handlers.
#[diagnostic::on_unimplemented(
    message = "this is not a function that builds a domain",
    label = "expected a function or closure that returns `Result<Domain, WiringErrors>`",
    note = "pass the function without a call: `FlowHarness::new(my_crate::domain)`; every run calls it",
    note = "to pass fakes to handlers: `FlowHarness::new(|fakes: &Resources| domain(fakes.get::<FakeMailer>()))`"
)]
pub trait DomainFn<Arguments>: Send + Sync + 'static {
    /// Builds the domain.
    ///
    /// # Errors
    ///
    /// Returns the mistakes in the wiring of the domain.
    fn build(&self, resources: &Resources) -> Result<Domain, WiringErrors>;
}

impl<F> DomainFn<()> for F
where
    F: Fn() -> Result<Domain, WiringErrors> + Send + Sync + 'static,
{
    fn build(&self, _resources: &Resources) -> Result<Domain, WiringErrors> {
        self()
    }
}

impl<F> DomainFn<(Resources,)> for F
where
    F: Fn(&Resources) -> Result<Domain, WiringErrors> + Send + Sync + 'static,
{
    fn build(&self, resources: &Resources) -> Result<Domain, WiringErrors> {
        self(resources)
    }
}

impl FlowHarness {
    /// Wraps the domain that `domain` builds.
    pub fn new<Arguments>(domain: impl DomainFn<Arguments>) -> Self {
        Self {
            setup: Arc::new(Setup::new(move |resources| domain.build(resources))),
        }
    }

    /// Sets the level at which flows run.
    ///
    /// The default is the environment variable `FLOW_MODE` (`sync`, `engine`, `differential`), or
    /// [`Mode::Sync`] if it is not set.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        let setup = Arc::make_mut(&mut self.setup);
        (setup.mode, setup.mode_is_explicit) = (mode, true);
        self
    }

    /// Sets what opens the stores of the runs.
    ///
    /// The default is the environment variable `FLOW_BACKEND`, or memory if it is not set; see
    /// [`backend`](crate::backend).
    #[must_use]
    pub fn backend(mut self, backend: impl Backend + 'static) -> Self {
        Arc::make_mut(&mut self.setup).backend = BackendChoice::explicit(backend);
        self
    }

    /// Runs every flow once more, on another backend, and fails it if anything differs.
    ///
    /// Compared are what the test sees, the record of the run, and all that is stored at the end. A flow
    /// that fails must fail alike. [`allow_difference`](Flow::allow_difference) names exceptions.
    ///
    /// The default is the environment variable `FLOW_COMPARE_BACKEND`. See
    /// [`docs::backends`](crate::docs::backends).
    #[must_use]
    pub fn compare_backend(mut self, backend: impl Backend + 'static) -> Self {
        Arc::make_mut(&mut self.setup).compared_backend = Some(BackendChoice::explicit(backend));
        self
    }

    /// Stops the engine from running after every act.
    ///
    /// The engine then runs only in the steps [`when_engine_runs`](Flow::when_engine_runs) and
    /// [`when_engine_cycles`](Flow::when_engine_cycles). A flow that reads state while messages are
    /// pending fails. In [`Mode::Sync`] messages are never pending.
    #[must_use]
    pub fn paused(mut self) -> Self {
        Arc::make_mut(&mut self.setup).is_paused = true;
        self
    }

    /// Runs every flow 31 times, and fails it if a later run differs from the first.
    ///
    /// This finds and names a handler that uses the wall clock, random ids or the order of a hash
    /// map. It cannot find a difference between two processes, such as the seed of a static. The
    /// first difference ends the check. A flow that fails for another reason is checked, too.
    #[must_use]
    pub fn check_determinism(mut self) -> Self {
        Arc::make_mut(&mut self.setup).checks_determinism = true;
        self
    }

    /// Disables an [`Invariant`] in every flow. A failure prints the reason.
    ///
    /// [`Flow::disable_invariant`] disables it in one flow.
    #[must_use]
    #[track_caller]
    pub fn disable_invariant(mut self, invariant: Invariant, reason: &str) -> Self {
        let setup = Arc::make_mut(&mut self.setup);

        match disabled_invariant(Location::caller(), invariant, reason) {
            Ok(disabled) => {
                setup.invariants = setup.invariants.without(invariant);
                Arc::make_mut(&mut setup.disabled_invariants).push(disabled);
            }
            Err(mismatch) => {
                setup
                    .invalid_call
                    .get_or_insert((Location::caller(), mismatch));
            }
        }

        self
    }

    /// Sets how many deliveries one act may cause, directly and indirectly. The default is 10,000.
    ///
    /// They are counted in the same way in every mode. Time that passes is one act with all its timers.
    /// An act that exceeds the budget fails the flow, and the report names the cycle.
    ///
    /// The budget also bounds [`fault_at_every_step`](crate::Flow::fault_at_every_step), and what one call
    /// of a handler does while no time passes; see [`docs::hangs`](crate::docs::hangs).
    #[must_use]
    pub fn budget(mut self, n_deliveries: usize) -> Self {
        Arc::make_mut(&mut self.setup).budget = n_deliveries;
        self
    }

    /// Adds a fake. Every run makes its own fake with `make`.
    ///
    /// The function that builds the domain gets the fake with [`Resources::get`]. The test reads it with
    /// [`expect::resource`](crate::expect::resource) or [`Outcome::resource`](crate::Outcome::resource). A
    /// second call for the same type replaces the first, so a test can replace the fake of its fixture.
    #[must_use]
    pub fn resource<T: fmt::Debug + Send + Sync + 'static>(
        mut self,
        make: impl Fn() -> T + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.setup).makers.add(make);
        self
    }

    #[track_caller]
    fn begin<'t>(&self) -> Flow<'t, Given> {
        Flow {
            plan: Box::new(Plan::new(Arc::clone(&self.setup))),
            run_guard: RunGuard::new(Location::caller()),
            phase: Given,
            kind: PhantomData,
        }
    }

    /// Begins with events that happened before; see [`Flow::given_events`].
    #[track_caller]
    pub fn given_events<'t>(&self, events: impl IntoMessages<AnyEvent>) -> Flow<'t, Given> {
        self.begin().given_events(events)
    }

    /// Begins with events as they were stored; see [`Flow::given_stored`].
    #[track_caller]
    pub fn given_stored<'t, T: AsRef<str>, J: fmt::Display>(
        &self,
        stream: impl AsRef<str>,
        events: impl IntoIterator<Item = (T, J)>,
    ) -> Flow<'t, Given> {
        self.begin().given_stored(stream, events)
    }

    /// Begins with an aggregate that existed before; see [`Flow::given_aggregate`].
    #[track_caller]
    pub fn given_aggregate<'t, A: Aggregate>(&self, aggregate: A) -> Flow<'t, Given> {
        self.begin().given_aggregate(aggregate)
    }

    /// Begins with a command that was processed before; see [`Flow::given_command`].
    #[track_caller]
    pub fn given_command<'t, C: GivenCommand>(&self, command: C) -> Flow<'t, Given> {
        self.begin().given_command(command)
    }

    /// Begins with an empty world; see [`Flow::given_nothing`].
    #[track_caller]
    pub fn given_nothing<'t>(&self) -> Flow<'t, Given> {
        self.begin().given_nothing()
    }

    /// Begins with a fault; see [`fault`](crate::fault).
    #[track_caller]
    pub fn with_fault<'t>(&self, fault: Fault) -> Flow<'t, Given> {
        self.begin().with_fault(fault)
    }

    /// Begins with a command in an empty world; see [`Flow::when`].
    #[track_caller]
    pub fn when<'t, C: WhenCommand>(&self, command: C) -> Flow<'t, Acted> {
        self.begin().when(command)
    }

    /// Begins with a submitted command; see [`Flow::when_submitted`].
    #[track_caller]
    pub fn when_submitted<'t, C: WhenCommand>(&self, command: C) -> Flow<'t, Acted> {
        self.begin().when_submitted(command)
    }

    /// Begins with concurrent commands; see [`Flow::when_all`].
    #[track_caller]
    pub fn when_all<'t>(&self, commands: impl IntoMessages<AnyCommand>) -> Flow<'t, Acted> {
        self.begin().when_all(commands)
    }

    /// Begins with an event in an empty world; see [`Flow::when_event`].
    #[track_caller]
    pub fn when_event<'t, E: WhenEvent>(&self, event: E) -> Flow<'t, Acted> {
        self.begin().when_event(event)
    }
}
