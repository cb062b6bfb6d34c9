use std::{panic::Location, sync::Arc};

use flow_domain::record::BrokenLaw;

use crate::{
    expect::waiting_lines,
    flow::{Mismatch, Plan, Step, StepKind},
    report::{Failed, Steps},
    run::{Outcome, act::FailureIdx},
    system::{
        Tasks,
        fault::{ArmedFaults, Fault, Named},
    },
    why::Sought,
};

/// The sentence cannot go on, or has failed at its end.
pub(super) struct Stop;

/// What the last act left behind that a `then` has to speak of.
pub(super) struct Unspoken {
    pub(super) step: usize,
    pub(super) location: &'static Location<'static>,
    /// The handler that failed, and which failure of the act it is; `None` if the command was rejected.
    pub(super) failed: Option<(&'static str, FailureIdx)>,
    /// The name of the command or event that the act was.
    pub(super) act: String,
    /// Whether it failed because another writer was first.
    pub(super) is_conflict: bool,
    /// Why it was refused, or why the handler failed.
    pub(super) cause: String,
    pub(super) text: String,
}

impl Unspoken {
    /// Returns true if this mismatch tells of it already, and who reads it need not be told twice.
    fn is_told_by(&self, mismatch: &Mismatch) -> bool {
        let found = format!("{}\n{}", mismatch.found, mismatch.differences.join("\n"));
        let names_it = match self.failed {
            Some((handler, _)) if found.contains(handler) => true,
            Some((_, FailureIdx::Later(_))) => false,
            _ => found.contains(&self.act),
        };
        names_it && found.contains(&self.cause)
    }
}

pub(super) struct Runner<'p, 't> {
    pub(super) plan: &'p Plan<'t>,
    pub(super) outcome: Outcome,
    pub(super) steps: Steps,
    pub(super) failed: Vec<Failed>,
    pub(super) troubles: Vec<Unspoken>,
    pub(super) has_acted: bool,
    /// Whether a `then` spoke of what waits, since the last act.
    pub(super) has_spoken_of_waiting: bool,
    pub(super) faults: Option<Arc<ArmedFaults>>,
    /// The places of the steps in which something happens, each with how many entries the record had
    /// before.
    pub(super) starts: Vec<(usize, usize)>,
    /// The laws that commands broke which were made from what was seen, with the places of the steps.
    pub(super) broken_laws: Vec<(usize, BrokenLaw)>,
    pub(super) tasks: Tasks,
    /// How many panics in tasks were told.
    pub(super) n_task_panics: usize,
}

impl Runner<'_, '_> {
    pub(super) async fn all_steps(&mut self) -> Result<(), Stop> {
        let plan = self.plan;
        for (idx, step) in plan.steps.iter().enumerate() {
            if step.kind.is_act() {
                self.nothing_wrong_so_far()?;
            }
            self.steps.reach(idx);
            self.begin_step(idx, step);
            match &step.kind {
                StepKind::Then(then) => {
                    self.then(idx, step, then).await;
                    continue;
                }
                StepKind::Fault(fault) => {
                    self.arm(idx, step, fault)?;
                    continue;
                }
                kind if kind.is_act() => self.when(idx, step).await?,
                _ => self.given(idx, step).await?,
            }
            self.let_tasks_run(idx, step).await;
        }
        if !plan.expects_something() {
            let last = plan.steps.len() - 1;
            let mismatch = Mismatch::new(
                "at least one `then`",
                "none: a sentence that expects nothing passes whatever happens.\n\
                 Say what is expected; `.then_settled()` if the point is that it ran and nothing went wrong",
            );
            self.failed
                .push(Failed::new(last, plan.steps[last].location, mismatch));
        }
        self.no_task_is_left();
        self.nothing_waits();
        self.every_fault_was_met();
        self.nothing_wrong_so_far()
    }

    /// Has a fault happen from here on.
    pub(super) fn arm(&mut self, idx: usize, step: &Step<'_>, fault: &Fault) -> Result<(), Stop> {
        let Some(faults) = &self.faults else {
            return Ok(());
        };
        let system = self.outcome.system();
        let name_of = |handler: Named| system.handler_name(handler.type_id?);
        let armed = faults.arm(idx, fault, self.outcome.resources(), name_of);
        armed.map_err(|wrong| {
            let mismatch = Mismatch::new(format!("a fault that can happen: {fault}"), wrong);
            self.stop(idx, step, mismatch)
        })
    }

    /// Fails if something was to go wrong and nothing did: such a sentence shows nothing.
    fn every_fault_was_met(&mut self) {
        let Some(faults) = &self.faults else { return };
        if !self.failed.is_empty() {
            return;
        }
        for (idx, mut found) in faults.unmet(self.outcome.resources()) {
            let step = &self.plan.steps[idx];
            let StepKind::Fault(fault) = &step.kind else {
                continue;
            };
            if self.outcome.is_inline() && fault.needs_engine() {
                found.push_str("\n`Mode::Sync` has no engine to which it could happen");
            }
            if !self.plan.steps[idx..].iter().any(|step| step.kind.is_act()) {
                found.push_str("\nno act comes after it: say it before the act");
            }
            self.steps.failed(idx);
            let mismatch = Mismatch::new(format!("the fault happens: {fault}"), found);
            self.failed.push(Failed::new(idx, step.location, mismatch));
        }
    }

    /// Fails if messages wait at the end and nobody spoke of it.
    fn nothing_waits(&mut self) {
        let left = self.outcome.left();
        if left.is_quiet() || self.has_spoken_of_waiting || !self.failed.is_empty() {
            return;
        }
        let mut lines = waiting_lines(left);
        lines.push(
            "End with `.when_engine_runs()` and what is expected then, or say `.then_pending(..)`"
                .to_owned(),
        );
        let mismatch = Mismatch::new("nothing waits at the end", lines.join("\n"));
        let mismatch = mismatch.about(Sought::ReadWhileWaiting);
        let last = self.plan.steps.len() - 1;
        let location = self.plan.steps[last].location;
        self.failed.push(Failed::new(last, location, mismatch));
    }

    /// Stops if an expectation was not met, or if no `then` spoke of what went wrong.
    fn nothing_wrong_so_far(&mut self) -> Result<(), Stop> {
        let first = self.failed.first().map(Failed::mismatch);
        self.troubles
            .retain(|unspoken| !first.is_some_and(|first| unspoken.is_told_by(first)));
        let troubles = self.troubles.drain(..).map(|unspoken| {
            let expected = "nothing goes wrong that no `then` speaks of";
            let by = unspoken.failed.map(|(handler, _)| handler);
            let by = by.filter(|handler| *handler != "nobody");
            let mismatch = Mismatch::new(expected, unspoken.text).about(Sought::Trouble(by));
            Failed::new(unspoken.step, unspoken.location, mismatch)
        });
        // What went wrong by itself is mostly why an expectation was not met: it comes first.
        self.failed.splice(0..0, troubles);
        if self.failed.is_empty() {
            Ok(())
        } else {
            Err(Stop)
        }
    }

    pub(super) fn stop(&mut self, idx: usize, step: &Step<'_>, mismatch: Mismatch) -> Stop {
        self.steps.failed(idx);
        self.failed.push(Failed::new(idx, step.location, mismatch));
        Stop
    }
}
