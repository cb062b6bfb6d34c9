use std::{collections::BTreeSet, mem};

use flow_domain::record::{Entry, EntryKind};

use crate::{
    expect::{EmptyInput, Mismatch},
    outcome::Warning,
    plan::{MessageAct, Sending, Step, StepKind},
    run::runner::{Runner, Stop},
    system::ClockAdvance,
};

/// Acts and given steps in which nothing happens.
impl Runner<'_, '_> {
    /// Fails the step if the test advances the clock to a time that is not in the future.
    pub(super) fn require_future(&mut self, idx: usize, advance: ClockAdvance) -> Result<(), Stop> {
        let now = self.outcome.system().now();
        let time = match advance {
            ClockAdvance::To(time) => time,
            // The clock has a greatest time. At that time, no more time can pass.
            ClockAdvance::By(duration) => now + duration,
        };
        if now < time {
            return Ok(());
        }

        let mismatch = EmptyInput::time_mismatch(time, now);
        Err(self.fail_step(idx, mismatch))
    }

    /// Notes the act of the step if no part of the domain receives its event: nothing can happen then.
    ///
    /// Another rule is about an event that the domain does not know.
    pub(super) fn note_unreceived_event(&mut self, idx: usize, event: &str) {
        let system = self.outcome.system();
        let is_known = || system.message_names().iter().any(|name| name == event);
        if self.has_called_handler()
            || system.has_subscriber(event)
            || system.is_folded(event)
            || !is_known()
        {
            return;
        }

        let found = format!(
            "no handler subscribes to {event}, so nothing can happen\n\
             Add a handler to the domain, or remove the step"
        );
        let mismatch = Mismatch::new("an event that a handler receives", found);
        self.idle_steps.push((idx, mismatch));
    }

    /// Notes the last act before a `then` if only an aggregate is folded from its event, and no step reads it.
    ///
    /// Before another act, the event is a part of its past.
    pub(super) fn note_unread_fold(&mut self) {
        let n_acts = self.outcome.acts().len();
        if n_acts == 0 || !self.has_checked {
            return;
        }

        let idx = self.steps.step_of_act(n_acts - 1);
        let StepKind::When(MessageAct {
            message: Ok(event),
            sending: Sending::Event,
            ..
        }) = &self.plan.steps[idx].kind
        else {
            return;
        };

        let name = self.label_of(event);
        let (outcome, system) = (&self.outcome, self.outcome.system());
        if self.has_called_handler()
            || system.has_subscriber(&name)
            || !system.is_folded(&name)
            || outcome.has_read_aggregate(event.category, &event.id)
        {
            return;
        }

        let found = format!(
            "no handler subscribes to {name}, so nothing can go wrong\n\
             Check the aggregate that is folded from it: `.then_aggregate::<..>(..)`"
        );
        let mismatch = Mismatch::new("a `then` step that the event of the act can meet", found);
        self.idle_steps.push((idx, mismatch));
    }

    /// Notes the redelivery of the step if no handler subscribes to its events, or the engine stays paused.
    pub(super) fn note_unreceived_redelivery(&mut self, idx: usize, events: &BTreeSet<String>) {
        if self.has_called_handler() {
            return;
        }

        let system = self.outcome.system();
        let mut later_steps = self.plan.steps[idx..].iter();
        let found = if !events.iter().any(|event| system.has_subscriber(event)) {
            let names: Vec<&str> = events.iter().map(String::as_str).collect();
            format!(
                "no handler subscribes to {}\nRedeliver other events, or remove the step",
                names.join(" or ")
            )
        } else if later_steps.any(|step| matches!(step.kind, StepKind::WhenEngine(_))) {
            return;
        } else {
            "the engine is paused, and does not run after this step\nAdd `.when_engine_runs()`"
                .to_owned()
        };

        let expected = "events of the last act that a handler receives, to be redelivered";
        self.idle_steps.push((idx, Mismatch::new(expected, found)));
    }

    /// Notes the deadline of a submitted command that is handled at once, in the first attempt.
    ///
    /// A fault may delay the command, and so may a handler that fails.
    pub(super) fn note_idle_deadline(&mut self, act: &MessageAct) {
        let Some(location) = act.deadline else {
            return;
        };
        let has_fault = |step: &Step<'_>| matches!(step.kind, StepKind::Fault(_));
        if self.outcome.is_paused()
            || self.plan.steps.iter().any(has_fault)
            || self.outcome.problems().next().is_some()
            || self.outcome.last_act_entries().iter().any(is_retry)
        {
            return;
        }

        let found = "the engine runs right after the act, so the command is always in time\n\
                     Call `.paused()` on the harness and let time pass, or remove the deadline";
        let mismatch = Mismatch::new("an act whose deadline can pass", found).at(location);
        let idx = self.outcome.acts().len() - 1;
        self.idle_steps
            .push((self.steps.step_of_act(idx), mismatch));
    }

    /// Notes the deadline of each submitted command that waits for an engine, if no time passes until the end.
    fn note_idle_deadlines_of_paused(&mut self) {
        let has_fault = |step: &Step<'_>| matches!(step.kind, StepKind::Fault(_));
        if !self.outcome.is_paused() || self.plan.steps.iter().any(has_fault) {
            return;
        }

        for (act_idx, act) in self.outcome.acts().iter().enumerate() {
            let idx = self.steps.step_of_act(act_idx);
            let StepKind::When(MessageAct {
                sending: Sending::Submitted,
                deadline: Some(location),
                ..
            }) = &self.plan.steps[idx].kind
            else {
                continue;
            };

            let passes = |step: &Step<'_>| matches!(step.kind, StepKind::WhenTime(_));
            let has_passed = |entry: &Entry| matches!(entry.kind, EntryKind::ClockAdvanced { .. });
            let later_entries = &self.outcome.record().entries()[act.entries.start..];
            if self.plan.steps[idx..].iter().any(passes) || later_entries.iter().any(has_passed) {
                continue;
            }

            let found = "no time passes after the act, so the command is always in time\n\
                         Let time pass before the engine runs, or remove the deadline";
            let mismatch = Mismatch::new("an act whose deadline can pass", found).at(location);
            self.idle_steps.push((idx, mismatch));
        }
    }

    /// Returns true if the last act called a handler. This is cheaper than a look at the wiring.
    fn has_called_handler(&self) -> bool {
        let mut entries = self.outcome.last_act_entries().iter();
        entries.any(|entry| matches!(entry.kind, EntryKind::HandlerStarted { .. }))
    }

    /// Fails the steps in which nothing can happen.
    ///
    /// A dropped subscription may be the mistake. Then the expectations say more, so they come first.
    pub(super) fn require_no_idle_steps(&mut self) {
        self.note_unread_fold();
        self.note_idle_deadlines_of_paused();
        let steps = mem::take(&mut self.idle_steps);
        if !self.failures.is_empty() {
            return;
        }

        for (idx, mismatch) in steps {
            self.add_failure(idx, mismatch);
        }
    }

    /// Warns if an act that lets time pass is about nothing: nothing was due, and nothing was scheduled.
    ///
    /// If a command was scheduled, a test may expect that it is not due yet, or that it was cancelled.
    pub(super) fn warn_of_idle_time(&mut self, idx: usize) {
        let outcome = &self.outcome;
        let system = outcome.system();
        let is_idle = outcome.is_last_act_idle() && outcome.remaining().is_quiet();
        if !system.has_known_wiring() && system.knows_time() {
            return;
        }
        // Without a `then`, the time passes for the next act, which reads the clock.
        if !is_idle || !self.plan.has_expectation_of(idx) || outcome.has_scheduled() {
            return;
        }

        let location = self.plan.steps[idx].location;
        let text = if system.has_known_wiring() {
            "nothing was due while the time passed, and nothing was scheduled"
        } else {
            "the system does not notice that time passes: describe its `.clock(..)`, or a worker that waits for a time"
        };
        let text = text.to_owned();
        self.outcome.warn(Warning::at_step(location, text));
    }

    /// Warns if an explicit run of the engine had nothing to do.
    ///
    /// In sync mode there is no engine. There it warns if an engine would have nothing to do, either.
    pub(super) fn warn_of_idle_engine(&mut self, idx: usize) {
        let outcome = &self.outcome;
        let is_idle = if outcome.is_inline() {
            let mut acts_before = self.plan.steps[..idx].iter().rev();
            let act_before = acts_before.find(|step| step.kind.is_act());
            let has_run = |step: &Step<'_>| matches!(step.kind, StepKind::WhenEngine(None));
            !outcome.is_paused() || act_before.is_none_or(has_run)
        } else {
            outcome.is_last_act_idle() && outcome.remaining().is_quiet()
        };
        if !is_idle {
            return;
        }

        let mut text = "the engine had nothing to do".to_owned();
        if !outcome.is_paused() {
            text.push_str(": it runs after every act, unless the harness is `.paused()`");
        }

        let location = self.plan.steps[idx].location;
        self.outcome.warn(Warning::at_step(location, text));
    }
}

/// Returns true if the entry is about a message that is delivered again.
fn is_retry(entry: &Entry) -> bool {
    matches!(entry.kind, EntryKind::RetryScheduled(_))
}
