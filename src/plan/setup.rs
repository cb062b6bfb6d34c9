use std::{fmt, panic::Location, sync::Arc};

use flow_domain::{Domain, WiringErrors, record::InvariantSet};

use crate::{
    expect::Mismatch,
    outcome::DisabledInvariant,
    plan::wiring_check::WiringCheck,
    system::{BackendChoice, Mode, RebuildDomain, ResourceMakers, Resources},
};

/// The settings of a harness, as a run needs them.
#[derive(Clone)]
pub(crate) struct Setup {
    build_domain: Arc<BuildDomain>,
    /// The warnings about the wiring of the domain.
    pub(crate) wiring_check: WiringCheck,
    /// Whether the function that builds the domain captures values, which all runs share.
    pub(crate) captures_values: bool,
    pub(crate) makers: ResourceMakers,
    pub(crate) mode: Mode,
    /// Whether [`FlowHarness::mode`] set the mode, and not the environment.
    pub(crate) mode_is_explicit: bool,
    /// What opens the store of a run.
    pub(crate) backend: BackendChoice,
    pub(crate) budget: usize,
    pub(crate) is_paused: bool,
    pub(crate) checks_determinism: bool,
    /// The invariants that every run checks.
    pub(crate) invariants: InvariantSet,
    /// The invariants that no run checks, each with the reason.
    pub(crate) disabled_invariants: Arc<Vec<DisabledInvariant>>,
    /// The line of an invalid method call, and what is wrong with the call. It fails the run.
    pub(crate) invalid_call: Option<(&'static Location<'static>, Mismatch)>,
}

type BuildDomain = dyn Fn(&Resources) -> Result<Domain, WiringErrors> + Send + Sync;

impl Setup {
    /// Returns the default settings for the domain that `build_domain` builds.
    pub(crate) fn new<F>(build_domain: F) -> Self
    where
        F: Fn(&Resources) -> Result<Domain, WiringErrors> + Send + Sync + 'static,
    {
        Self {
            build_domain: Arc::new(build_domain),
            wiring_check: WiringCheck::of_function::<F>(),
            captures_values: 0 < size_of::<F>(),
            makers: ResourceMakers::default(),
            mode: Mode::from_env(),
            mode_is_explicit: false,
            backend: BackendChoice::from_env(),
            budget: 10_000,
            is_paused: false,
            checks_determinism: false,
            invariants: InvariantSet::all(),
            disabled_invariants: Arc::default(),
            invalid_call: None,
        }
    }

    /// Returns the settings that the environment made and that are no defaults, as in a shell.
    pub(crate) fn environment(&self) -> Vec<String> {
        let mode =
            Some(self.mode).filter(|mode| !self.mode_is_explicit && *mode != Mode::default());
        let mode = mode.map(|mode| format!("{}={}", Mode::ENV_VAR, mode.as_str()));

        self.backend.environment().into_iter().chain(mode).collect()
    }

    pub(crate) fn build_domain(&self, resources: &Resources) -> Result<Domain, WiringErrors> {
        (self.build_domain)(resources)
    }

    /// Returns a function that builds the domain again, for an engine that restarts.
    ///
    /// The function uses the same resources, because fakes stand for systems that survive a
    /// restart. Returns `None` in [`Mode::Sync`], which has no engine.
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

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("mode", &self.mode)
            .field("backend", &self.backend)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
