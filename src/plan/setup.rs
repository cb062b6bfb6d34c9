use std::{env, fmt, panic::Location, sync::Arc};

use flow_domain::{Domain, WiringErrors, record::InvariantSet};

use crate::{
    expect::Mismatch,
    outcome::DisabledInvariant,
    plan::wiring_check::WiringCheck,
    system::{
        BackendChoice, Mode, RebuildDomain, ResourceMakers, Resources, under_test::StartSystem,
    },
};

/// The settings of a harness, as a run needs them.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) tested: Tested,
    /// The warnings about the wiring of the domain.
    pub(crate) wiring_check: WiringCheck,
    pub(crate) makers: ResourceMakers,
    pub(crate) mode: Mode,
    /// Whether [`FlowHarness::mode`] set the mode, and not the environment.
    pub(crate) mode_is_explicit: bool,
    /// What opens the store of a run.
    pub(crate) backend: BackendChoice,
    /// What opens the store of a second run, which must have the same results.
    pub(crate) compared_backend: Option<BackendChoice>,
    pub(crate) budget: usize,
    pub(crate) is_paused: bool,
    /// Shuffles the workers of a system; `None` for the order of their list.
    pub(crate) worker_seed: Option<u64>,
    pub(crate) checks_determinism: bool,
    /// The invariants that every run checks.
    pub(crate) invariants: InvariantSet,
    /// The invariants that no run checks, each with the reason.
    pub(crate) disabled_invariants: Arc<Vec<DisabledInvariant>>,
    /// The line of an invalid method call, and what is wrong with the call. It fails the run.
    pub(crate) invalid_call: Option<(&'static Location<'static>, Mismatch)>,
}

/// The environment variable that shuffles the workers of a system.
const WORKER_SEED_VAR: &str = "FLOW_WORKER_SEED";

/// Returns the seed of the environment; `None` if it has none.
///
/// # Panics
///
/// Panics if it is not a number. Without a seed, the tests would not run in the order that the user asked for.
fn worker_seed_from_env() -> Option<u64> {
    let text = env::var(WORKER_SEED_VAR)
        .ok()
        .filter(|text| !text.is_empty())?;
    match text.parse() {
        Ok(seed) => Some(seed),
        Err(err) => panic!("{WORKER_SEED_VAR}: {text:?} is not a seed: {err}"),
    }
}

/// What the flows of a harness run.
#[derive(Clone)]
pub(crate) enum Tested {
    /// A domain.
    Domain {
        build: Arc<BuildDomain>,
        /// Whether the function captures values, which all runs share.
        captures_values: bool,
    },
    /// A system that is not built on `flow-domain`.
    System(Arc<dyn StartSystem>),
}

/// A function that builds a domain.
pub(crate) type BuildDomain = dyn Fn(&Resources) -> Result<Domain, WiringErrors> + Send + Sync;

impl Setup {
    /// Returns the default settings for the domain that `build_domain` builds.
    pub(crate) fn new<F>(build_domain: F) -> Self
    where
        F: Fn(&Resources) -> Result<Domain, WiringErrors> + Send + Sync + 'static,
    {
        Self {
            wiring_check: WiringCheck::of_function::<F>(),
            mode: Mode::from_env(),
            backend: BackendChoice::from_env(),
            compared_backend: BackendChoice::compared_from_env(),
            invariants: InvariantSet::all(),
            ..Self::plain(Tested::Domain {
                build: Arc::new(build_domain),
                captures_values: 0 < size_of::<F>(),
            })
        }
    }

    /// Returns the default settings for a system that is not built on `flow-domain`.
    ///
    /// Its mode and its store are its own, and the harness knows no invariants of it.
    pub(crate) fn of_system(system: Arc<dyn StartSystem>) -> Self {
        Self {
            mode_is_explicit: true,
            worker_seed: worker_seed_from_env(),
            ..Self::plain(Tested::System(system))
        }
    }

    fn plain(tested: Tested) -> Self {
        Self {
            tested,
            wiring_check: WiringCheck::default(),
            makers: ResourceMakers::default(),
            mode: Mode::Sync,
            mode_is_explicit: false,
            backend: BackendChoice::default(),
            compared_backend: None,
            budget: 10_000,
            is_paused: false,
            worker_seed: None,
            checks_determinism: false,
            invariants: InvariantSet::NONE,
            disabled_invariants: Arc::default(),
            invalid_call: None,
        }
    }

    /// Returns the settings that the environment made and that are no defaults, as in a shell.
    pub(crate) fn environment(&self) -> Vec<String> {
        let mode =
            Some(self.mode).filter(|mode| !self.mode_is_explicit && *mode != Mode::default());
        let mode = mode.map(|mode| format!("{}={}", Mode::ENV_VAR, mode.as_str()));

        let seed = self.worker_seed;
        let seed = seed.map(|seed| format!("{WORKER_SEED_VAR}={seed}"));

        let backends = [Some(&self.backend), self.compared_backend.as_ref()];
        let backends = backends.into_iter().flatten();
        backends
            .filter_map(BackendChoice::environment)
            .chain(mode)
            .chain(seed)
            .collect()
    }

    /// Returns true if the function that builds the domain captures values, which all runs share.
    pub(crate) fn captures_values(&self) -> bool {
        matches!(
            self.tested,
            Tested::Domain {
                captures_values: true,
                ..
            }
        )
    }

    /// Returns a function that builds the domain again, for an engine that restarts.
    ///
    /// The function uses the same resources, because fakes stand for systems that survive a
    /// restart. Returns `None` in [`Mode::Sync`], which has no engine.
    pub(crate) fn rebuild_fn(
        &self,
        mode: Mode,
        resources: &Resources,
    ) -> Option<Arc<RebuildDomain>> {
        let Tested::Domain { build, .. } = &self.tested else {
            return None;
        };
        if mode == Mode::Sync {
            return None;
        }

        let (build, resources) = (Arc::clone(build), resources.clone());
        Some(Arc::new(move || build(&resources)))
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("mode", &self.mode)
            .field("backend", &self.backend)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
