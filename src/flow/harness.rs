use std::{
    fmt,
    panic::Location,
    sync::{Arc, Mutex},
};

use flow_domain::{
    Aggregate, Command, Domain, Event, WiringErrors,
    model::{AnyCommand, AnyEvent, IntoMessages},
    record::InvariantSet,
};
use tokio::runtime::Runtime;

use crate::{
    flow::{Acted, DisabledInvariant, Flow, Given, Invariant, Mismatch},
    system::{Mode, RebuildDomain, ResourceMakers, Resources, fault::Fault},
};

/// Wraps a domain, and begins sentences about it.
///
/// It takes the function that builds the domain: every run calls it, and has a fresh world, fresh
/// handlers and fresh fakes of its own. A clone is cheap.
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
#[derive(Clone)]
pub struct FlowHarness {
    setup: Arc<Setup>,
}

/// What a run needs to know of its harness.
#[derive(Clone)]
pub(crate) struct Setup {
    build_domain: Arc<BuildDomain>,
    makers: ResourceMakers,
    pub(crate) mode: Mode,
    /// Whether the harness said its mode, and not the environment.
    pub(crate) mode_is_explicit: bool,
    pub(crate) budget: usize,
    pub(crate) is_paused: bool,
    pub(crate) checks_determinism: bool,
    /// The laws that are looked after.
    pub(crate) invariants: InvariantSet,
    /// Those that are not.
    pub(crate) disabled_invariants: Vec<DisabledInvariant>,
    /// A word that stands where it says nothing.
    pub(crate) invalid_call: Option<(&'static Location<'static>, Mismatch)>,
    /// A runtime that the last run left without tasks, ready for the next.
    pub(crate) idle_runtime: Arc<Mutex<Option<Runtime>>>,
}

type BuildDomain = dyn Fn(&Resources) -> Result<Domain, WiringErrors> + Send + Sync;

impl Setup {
    pub(crate) fn make_resources(&self) -> Resources {
        self.makers.make()
    }

    pub(crate) fn build_domain(&self, resources: &Resources) -> Result<Domain, WiringErrors> {
        (self.build_domain)(resources)
    }

    /// Builds the domain anew, with the same resources: they are the world outside.
    pub(crate) fn rebuild_fn(
        self: &Arc<Self>,
        mode: Mode,
        resources: &Resources,
    ) -> Option<Arc<RebuildDomain>> {
        if mode == Mode::Sync {
            return None;
        }
        let (setup, resources) = (Arc::clone(self), resources.clone());
        Some(Arc::new(move || setup.build_domain(&resources)))
    }
}

/// A function that builds a domain: `fn() -> Result<Domain, WiringErrors>`, or one that also takes
/// `&`[`Resources`] to hand fakes to handlers.
#[diagnostic::on_unimplemented(
    message = "this is not a function that builds a domain",
    label = "expected a function or closure that returns `Result<Domain, WiringErrors>`",
    note = "`FlowHarness::new(my_crate::domain)`, without calling it: every run builds its own",
    note = "to hand fakes to handlers: `FlowHarness::new(|fakes: &Resources| domain(fakes.get::<FakeMailer>()))`"
)]
pub trait DomainFn<Arguments>: Send + Sync + 'static {
    /// Builds the domain.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with its wiring.
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
            setup: Arc::new(Setup {
                build_domain: Arc::new(move |resources| domain.build(resources)),
                makers: ResourceMakers::default(),
                mode: Mode::from_env(),
                mode_is_explicit: false,
                budget: 10_000,
                is_paused: false,
                checks_determinism: false,
                invariants: InvariantSet::all(),
                disabled_invariants: Vec::new(),
                invalid_call: None,
                idle_runtime: Arc::default(),
            }),
        }
    }

    /// The level that sentences are run at. By default what the environment says with `FLOW_MODE`
    /// (`sync`, `engine`, `compared`), and [`Mode::Sync`] if it says nothing.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        let setup = Arc::make_mut(&mut self.setup);
        (setup.mode, setup.mode_is_explicit) = (mode, true);
        self
    }

    /// Keeps the engine from running after every act: it does when the sentence says
    /// [`when_engine_runs`](Flow::when_engine_runs) or
    /// [`when_engine_cycles`](Flow::when_engine_cycles), and what is read while messages wait fails the
    /// sentence. In [`Mode::Sync`] nothing ever waits.
    #[must_use]
    pub fn paused(mut self) -> Self {
        Arc::make_mut(&mut self.setup).is_paused = true;
        self
    }

    /// Runs every sentence five times, and fails it if a run does something else than the first: a
    /// handler that asks the wall clock or makes a random id is found, and named. One that depends on the
    /// order of a hash map is not always found: with two entries it goes unseen in one run of the test
    /// out of sixteen, with more entries less often.
    ///
    /// What differs between two processes only, such as the seed of a static, is not found.
    #[must_use]
    pub fn check_determinism(mut self) -> Self {
        Arc::make_mut(&mut self.setup).checks_determinism = true;
        self
    }

    /// Does not look after this law in any sentence, for a reason that a failure tells; see
    /// [`Invariant`](crate::Invariant). [`Flow::disable_invariant`] says it for one sentence.
    #[must_use]
    #[track_caller]
    pub fn disable_invariant(mut self, law: Invariant, reason: &str) -> Self {
        let setup = Arc::make_mut(&mut self.setup);
        match DisabledInvariant::new(Location::caller(), law, reason) {
            Ok(unchecked) => {
                setup.invariants = setup.invariants.without(law);
                setup.disabled_invariants.push(unchecked);
            }
            Err(misplaced) => setup.invalid_call = Some(misplaced),
        }

        self
    }

    /// How many deliveries one act may cause, directly and indirectly. 10,000 by default; over it,
    /// the sentence fails and names the cycle.
    #[must_use]
    pub fn budget(mut self, n_deliveries: usize) -> Self {
        Arc::make_mut(&mut self.setup).budget = n_deliveries;
        self
    }

    /// Has a fake made for each run. Said twice for one type, the last counts: a test can replace the
    /// fake of its fixture.
    ///
    /// The function that builds the domain gets it with [`Resources::get`], the test looks at it with
    /// [`then_resource`](Flow::then_resource) or [`Outcome::resource`](crate::Outcome::resource).
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
        Flow::begin(Arc::clone(&self.setup), Location::caller())
    }

    /// Begins with events that happened before; see [`Flow::given_events`].
    #[track_caller]
    pub fn given_events<'t>(&self, events: impl IntoMessages<AnyEvent>) -> Flow<'t, Given> {
        self.begin().given_events(events)
    }

    /// Begins with an aggregate that was there before; see [`Flow::given_aggregate`].
    #[track_caller]
    pub fn given_aggregate<'t, A: Aggregate>(&self, aggregate: A) -> Flow<'t, Given> {
        self.begin().given_aggregate(aggregate)
    }

    /// Begins with a command that was processed before; see [`Flow::given_command`].
    #[track_caller]
    pub fn given_command<'t, C: Command>(&self, command: C) -> Flow<'t, Given> {
        self.begin().given_command(command)
    }

    /// Begins with an empty world, where that is the point.
    #[track_caller]
    pub fn given_nothing<'t>(&self) -> Flow<'t, Given> {
        self.begin().given_nothing()
    }

    /// Begins with something that goes wrong; see [`fault`](crate::fault).
    #[track_caller]
    pub fn with_fault<'t>(&self, fault: Fault) -> Flow<'t, Given> {
        self.begin().with_fault(fault)
    }

    /// Begins with a command in an empty world; see [`Flow::when`].
    #[track_caller]
    pub fn when<'t, C: Command>(&self, command: C) -> Flow<'t, Acted> {
        self.begin().when(command)
    }

    /// Begins with a command that is processed later; see [`Flow::when_submitted`].
    #[track_caller]
    pub fn when_submitted<'t, C: Command>(&self, command: C) -> Flow<'t, Acted> {
        self.begin().when_submitted(command)
    }

    /// Begins with commands at the same time; see [`Flow::when_all`].
    #[track_caller]
    pub fn when_all<'t>(&self, commands: impl IntoMessages<AnyCommand>) -> Flow<'t, Acted> {
        self.begin().when_all(commands)
    }

    /// Begins with an event in an empty world; see [`Flow::when_event`].
    #[track_caller]
    pub fn when_event<'t, E: Event>(&self, event: E) -> Flow<'t, Acted> {
        self.begin().when_event(event)
    }
}

impl fmt::Debug for FlowHarness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowHarness")
            .field("setup", &self.setup)
            .finish()
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("mode", &self.mode)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
