use std::{fmt, panic::Location, sync::Arc};

use flow_domain::{Domain, WiringErrors, record::InvariantSet};

use crate::{
    expect::Mismatch,
    outcome::DisabledInvariant,
    system::{Mode, RebuildDomain, ResourceMakers, Resources},
};

/// The settings of a harness, as a run needs them.
#[derive(Clone)]
pub(crate) struct Setup {
    build_domain: Arc<BuildDomain>,
    pub(crate) makers: ResourceMakers,
    pub(crate) mode: Mode,
    /// Whether [`FlowHarness::mode`] set the mode, and not the environment.
    pub(crate) mode_is_explicit: bool,
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
    pub(crate) fn new(
        build_domain: impl Fn(&Resources) -> Result<Domain, WiringErrors> + Send + Sync + 'static,
    ) -> Self {
        Self {
            build_domain: Arc::new(build_domain),
            makers: ResourceMakers::default(),
            mode: Mode::from_env(),
            mode_is_explicit: false,
            budget: 10_000,
            is_paused: false,
            checks_determinism: false,
            invariants: InvariantSet::all(),
            disabled_invariants: Arc::default(),
            invalid_call: None,
        }
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
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
