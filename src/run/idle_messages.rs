use std::{collections::BTreeSet, mem, ops::Range};

use flow_domain::record::{Entry, EntryKind, HandlerKind, HandlerOutcome, TableKind};

use crate::{
    expect::Claim,
    outcome::{ActKind, ActOutcome, Warning},
    plan::{MessageAct, Sending, StepKind},
    run::runner::Runner,
};

/// What a handler may change, as a text.
const NO_CHANGE: &str = "changed nothing: no event, no state, no row";

/// Messages of the test that are handled, and change nothing.
impl Runner<'_, '_> {
    /// Adds a warning if the step is a `given_command` that changed nothing.
    ///
    /// The flow may pass nevertheless. If it fails, this may be the reason.
    pub(super) fn warn_of_idle_given_command(&mut self, idx: usize, entries: Range<usize>) {
        let step = &self.plan.steps[idx];
        let record = self.outcome.record();
        let StepKind::GivenCommand(Ok(command)) = &step.kind else {
            return;
        };
        if record.entries()[entries].iter().any(is_change) {
            return;
        }

        let name = record.labels().label(command.category, command.name);
        let text = format!(
            "the given command {name} was accepted, but {NO_CHANGE}. \
             Check its fields and the given steps before it"
        );
        self.outcome
            .warn_if_failed(Warning::at_step(step.location, text));
    }

    /// Notes what a `then` step says about acts that change nothing. The step has passed.
    pub(super) fn note_claim(&mut self, claim: Claim) {
        self.claims.push(claim);
    }

    /// Warns of messages that changed nothing, when all `then` steps about their acts are checked.
    ///
    /// If a step says what the acts did, or that they changed nothing, the test knows it. If the steps only
    /// exclude something, they would pass without the acts. Otherwise, a later failure may have its reason
    /// here.
    pub(super) fn warn_of_idle_messages(&mut self) {
        let claims = mem::take(&mut self.claims);
        let first = self.outcome.n_checked_acts();
        let n_acts = self.outcome.acts().len();
        if first == n_acts || claims.contains(&Claim::Effect) {
            return;
        }

        if claims.contains(&Claim::Exclusion)
            && self.failures.is_empty()
            && let Some(text) = self.idle_acts_text(first)
        {
            let location = self.plan.steps[self.steps.step_of_act(n_acts - 1)].location;
            self.outcome.warn(Warning::at_step(location, text));
            return;
        }

        // The chain of a report shows the act that failed.
        let n_told = n_acts - usize::from(!self.failures.is_empty());
        for act_idx in first..n_told {
            if let Some(warning) = self.idle_command_warning(act_idx) {
                self.outcome.warn_if_failed(warning);
            }
        }
    }

    /// Returns the warning that none of the new acts changed anything, so that what a step excludes was excluded
    /// before.
    ///
    /// Only messages are meant. Time may pass, and events may be redelivered, to see that nothing happens.
    fn idle_acts_text(&self, first: usize) -> Option<String> {
        let outcome = &self.outcome;
        let acts = &outcome.acts()[first..];
        let is_plain = |act: &ActOutcome| {
            act.kind() != ActKind::Other && act.error().is_none() && act.failures().is_empty()
        };
        let may_change_fakes =
            !outcome.resources().is_empty() && outcome.new_entries().any(may_call_fake);
        if !acts.iter().all(is_plain)
            || may_change_fakes
            || !outcome.remaining().is_quiet()
            || outcome.new_entries().any(is_change)
        {
            return None;
        }

        let names: Vec<&str> = acts.iter().map(ActOutcome::name).collect();
        let skipped: BTreeSet<String> = outcome
            .new_entries()
            .filter_map(|entry| self.skipped_text(entry))
            .collect();
        let skipped: String = skipped.into_iter().collect();
        Some(format!(
            "{} {NO_CHANGE}{skipped}. The next steps only exclude something, so they would pass without it. \
             Check the fields and the steps before. If the test expects this, add `.then_no_events()`",
            names.join(" and ")
        ))
    }

    /// Returns that a handler skipped a message, if this entry says so.
    fn skipped_text(&self, entry: &Entry) -> Option<String> {
        let EntryKind::HandlerEnded(HandlerOutcome::Filtered(reason)) = &entry.kind else {
            return None;
        };

        match &self.outcome.record().entry(entry.cause?).kind {
            EntryKind::HandlerStarted { handler, .. } => {
                Some(format!("; {handler} skipped a message: {reason}"))
            }
            _ => None,
        }
    }

    /// Returns the warning about a command of an act that was accepted and changed nothing.
    fn idle_command_warning(&self, act_idx: usize) -> Option<Warning> {
        let act = &self.outcome.acts()[act_idx];
        let step = &self.plan.steps[self.steps.step_of_act(act_idx)];
        let is_command = matches!(
            step.kind,
            StepKind::WhenWith(..)
                | StepKind::When(MessageAct {
                    sending: Sending::Command(_),
                    ..
                })
        );
        let mut entries = self.outcome.record().entries()[act.entries.clone()].iter();
        let has_problem = act.error().is_some() || !act.failures().is_empty();
        if !is_command || has_problem || entries.any(is_change) {
            return None;
        }

        let text = format!(
            "{} was accepted, but {NO_CHANGE}. Check its fields and the steps before it",
            act.name()
        );
        Some(Warning::at_step(step.location, text))
    }
}

/// Returns true if the entry is about an event of a handler, a changed state or row, or a command for later.
fn is_change(entry: &Entry) -> bool {
    match &entry.kind {
        // An event without a cause is one of the test.
        EntryKind::Appended(_) => entry.cause.is_some(),
        EntryKind::Scheduled { .. } | EntryKind::Cancelled(_) => true,
        EntryKind::StateChanged(change) => {
            let kind = change.table.kind;
            (kind.has_user_data() || kind == TableKind::SubjectKey) && change.before != change.after
        }
        _ => false,
    }
}

/// Returns true if a handler starts that may call a fake.
fn may_call_fake(entry: &Entry) -> bool {
    let EntryKind::HandlerStarted { kind, .. } = entry.kind else {
        return false;
    };
    matches!(
        kind,
        HandlerKind::CommandHandler | HandlerKind::EventHandler
    )
}
