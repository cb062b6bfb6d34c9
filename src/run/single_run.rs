use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    sync::Arc,
};

use flow_domain::testing::CallLimits;

use crate::{
    diagnosis::{Diagnosis, diagnose, first_diagnosis},
    expect::Subject,
    logs::capture_logs,
    outcome::Outcome,
    plan::{BuildDomain, Plan, Setup, StepKind, Tested},
    report::{FlowFailure, StepMismatch},
    run::{
        later_step::find_later_step,
        progress::StepProgress,
        run_config::RunConfig,
        runner::Runner,
        settings::{require_subjects, unused_resource_warnings},
    },
    system::{
        DomainSystem, Resources, SpawnedTasks, System, World,
        fault::FaultInjector,
        under_test::{StartSystem, SystemSettings},
    },
};

/// Runs a flow once, with its own domain and resources.
///
/// If `faults` is set, it is the fault injector of the run. The search for a later step is then
/// skipped.
pub(super) async fn run_once(
    plan: &Plan<'_>,
    config: RunConfig<'_>,
    faults: Option<Arc<FaultInjector>>,
) -> Result<Box<Outcome>, FlowFailure> {
    let mut runner = Runner::start(plan, config, faults.clone()).await?;
    // A system of another kind takes each message out of the plan, so the plan runs only once.
    let searches_later_step = faults.is_none() && runner.outcome.system().has_known_wiring();

    let logs = Arc::clone(&runner.outcome.logs);
    let result = capture_logs(logs, pin!(runner.run_steps())).await;
    let result = runner.check_invariants(result).await;

    let Runner {
        mut outcome,
        steps,
        failures,
        ..
    } = runner;
    outcome.story = steps.into_story(plan, outcome.record());
    if result.is_ok() {
        return Ok(outcome);
    }

    let diagnosis = diagnose_failures(&outcome, &failures);
    let early_step = early_step(plan, &failures, diagnosis.as_ref());
    let failure = FlowFailure::new(outcome, failures, diagnosis);
    match early_step {
        Some(step) if searches_later_step => {
            let later_step = Box::pin(find_later_step(plan, config, step)).await;
            Err(failure.with_later_step(later_step))
        }
        _ => Err(failure),
    }
}

/// Returns the step of the first failure, if its expectation may hold after a later act.
fn early_step(
    plan: &Plan<'_>,
    failures: &[StepMismatch],
    diagnosis: Option<&Diagnosis>,
) -> Option<usize> {
    let has_other_cause =
        diagnosis.is_some_and(|diagnosis| diagnosis.cause.is_independent_failure());

    failures
        .first()
        .filter(|first| !has_other_cause && may_hold_later(plan, first))
        .map(|first| first.step)
}

/// Searches for the cause of the first failure that has one.
fn diagnose_failures(outcome: &Outcome, failures: &[StepMismatch]) -> Option<Diagnosis> {
    let subjects = failures
        .iter()
        .filter_map(|failed| failed.mismatch.subject());

    first_diagnosis(subjects.filter_map(|subject| diagnose(subject, outcome)))
}

/// Returns true if the expectation may hold after a later act, because it is about all acts so far.
///
/// An expectation about the last act means something else after each act.
fn may_hold_later(plan: &Plan<'_>, failure: &StepMismatch) -> bool {
    let is_about_all_acts = matches!(
        failure.mismatch.subject(),
        Some(
            Subject::State(_)
                | Subject::Message { .. }
                | Subject::Handled(_)
                | Subject::HandlerFailure(_)
                | Subject::ScheduledCommand(_)
                | Subject::EngineFeature { .. }
                | Subject::ReadWhilePending
        )
    );

    let is_about_last_act = match &plan.steps[failure.step].kind {
        StepKind::Then(expectation) => expectation.is_about_last_act(),
        _ => false,
    };

    is_about_all_acts && !is_about_last_act
}

impl<'p, 't> Runner<'p, 't> {
    /// Starts a run with its own system and resources.
    pub(super) async fn start(
        plan: &'p Plan<'t>,
        config: RunConfig<'_>,
        faults: Option<Arc<FaultInjector>>,
    ) -> Result<Self, FlowFailure> {
        if let Some(first) = plan.steps.first() {
            plan.watched.begin_step(first.location);
        }

        match &plan.setup.tested {
            Tested::Domain { build, .. } => Self::start_domain(plan, &**build, config, faults),
            Tested::System(system) => Ok(Self::start_system(plan, &**system).await),
        }
    }

    /// Starts a system that is not built on `flow-domain`.
    async fn start_system(plan: &'p Plan<'t>, system: &dyn StartSystem) -> Self {
        let faults = plan.needs_fault_injector().then(Arc::default);
        let settings = SystemSettings {
            faults: faults.clone(),
            watched: plan.watched_states(),
            budget: plan.setup.budget,
            worker_seed: plan.setup.worker_seed,
        };
        let started = system.start(settings).await;
        plan.watched
            .begin_run(&started.recorder, &Arc::new(CallLimits::new(u32::MAX)));

        Self::with_system(plan, (started.system, started.resources), faults)
    }

    fn start_domain(
        plan: &'p Plan<'t>,
        build_domain: &BuildDomain,
        config: RunConfig<'_>,
        faults: Option<Arc<FaultInjector>>,
    ) -> Result<Self, FlowFailure> {
        let setup: &Arc<Setup> = &plan.setup;
        let resources = setup.makers.make();
        let domain = match build_domain(&resources) {
            Ok(domain) => domain,
            Err(errors) => return Err(FlowFailure::of_wiring(plan, &errors)),
        };
        require_subjects(plan, &domain)?;
        let wiring_warnings = setup.wiring_check.warnings(&domain);
        let unused_resources = unused_resource_warnings(&resources);

        let store = match config.backend.open() {
            Ok(store) => store,
            Err(err) => return Err(FlowFailure::of_backend(plan, &err)),
        };

        let faults = faults.or_else(|| plan.needs_fault_injector().then(Arc::default));
        let call_limits = Arc::new(CallLimits::new(max_call_steps(setup.budget)));
        let system = DomainSystem::start(World {
            domain,
            store,
            mode: config.mode,
            budget: setup.budget,
            call_limits: Arc::clone(&call_limits),
            is_paused: setup.is_paused,
            // Those that the flow disables are checked, too, to see whether they would hold.
            invariants: setup.invariants,
            rebuild_domain: setup.rebuild_fn(config.mode, &resources),
            faults: faults.clone(),
        });
        plan.watched.begin_run(system.recorder(), &call_limits);

        let mut runner = Self::with_system(plan, (Box::new(system), resources), faults);
        runner.outcome.wiring_warnings = wiring_warnings;
        for warning in unused_resources {
            runner.outcome.warn(warning);
        }
        Ok(runner)
    }

    fn with_system(
        plan: &'p Plan<'t>,
        (system, resources): (Box<dyn System>, Resources),
        faults: Option<Arc<FaultInjector>>,
    ) -> Self {
        // Boxed, because it is large and is moved through several results.
        let mut outcome = Box::new(Outcome::new(
            system,
            resources,
            plan.invariants,
            Arc::clone(&plan.disabled_invariants),
        ));
        outcome.watch_drop(&plan.watched);
        outcome.is_mode_chosen = plan.setup.mode_is_explicit;
        outcome.compared_by_json.clone_from(&plan.compared_by_json);

        Self {
            plan,
            outcome,
            steps: StepProgress::default(),
            failures: Vec::new(),
            asserted: BTreeSet::new(),
            has_asserted_pending: false,
            idle_steps: Vec::new(),
            has_checked: true,
            claims: Vec::new(),
            unrecorded_before: BTreeMap::new(),
            invariant_violations: Vec::new(),
            faults,
            tasks: SpawnedTasks::watch(),
            n_reported_panics: 0,
        }
    }
}

/// Returns how many steps a handler call may make while no time passes: the budget, but not very few.
fn max_call_steps(budget: usize) -> u32 {
    budget.max(10_000).try_into().unwrap_or(u32::MAX)
}
