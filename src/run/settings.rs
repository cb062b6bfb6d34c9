//! Settings that can have no effect in any mode.

use flow_domain::{Domain, message::Priority, record::Invariant, wiring::nearest};

use crate::{
    expect::Mismatch,
    outcome::{Outcome, Warning},
    plan::{MessageAct, Plan},
    report::{FlowFailure, StepMismatch},
    run::{
        allowed_difference::{AllowedDifference, Key},
        differential::unknown_text,
        final_state::FinalState,
        runner::Runner,
    },
    system::Resources,
};

/// Requires that the domain can violate each invariant that is disabled.
///
/// # Errors
///
/// Returns the failure of the first one that it cannot violate.
pub(super) fn require_subjects(plan: &Plan<'_>, domain: &Domain) -> Result<(), FlowFailure> {
    let in_vain = plan
        .disabled_invariants
        .iter()
        .find(|disabled| !domain.has_subject_of(disabled.invariant));

    match in_vain {
        None => Ok(()),
        Some(disabled) => {
            let mismatch = no_subject_mismatch(disabled.invariant, "the domain");
            Err(FlowFailure::of_plan(plan, disabled.location, mismatch))
        }
    }
}

/// Returns the mismatch of an invariant that is disabled, although `owner` has nothing that it is about.
pub(crate) fn no_subject_mismatch(invariant: Invariant, owner: &str) -> Mismatch {
    let subject = match invariant {
        Invariant::Fold => "an event-sourced aggregate",
        Invariant::SilentChange => "an aggregate that is stored as state",
        Invariant::Rebuild => "a projection",
        Invariant::Snapshot => "an aggregate with snapshots",
        _ => "a value",
    };

    Mismatch::new(
        format!("an invariant that {owner} can violate"),
        format!(
            "the invariant `{invariant}`, which needs {subject}\nRemove `.disable_invariant(..)`"
        ),
    )
}

/// Returns a warning for each fake that the function that builds the domain has not taken.
pub(super) fn unused_resource_warnings(resources: &Resources) -> Vec<Warning> {
    resources
        .not_taken()
        .map(|name| {
            Warning::about_run(format!(
                "the domain does not use the resource `{name}`, so nothing can happen to it: take it with \
                 `.get::<..>()` in the function that builds the domain, or remove `.resource(..)`"
            ))
        })
        .collect()
}

/// Requires that the domain stores the types that the test allows to differ.
///
/// `Mode::Differential` checks more: the final states must have what may differ.
///
/// # Errors
///
/// Returns the failure of the flow if a type is unknown.
pub(super) fn require_known_types(
    plan: &Plan<'_>,
    outcome: Box<Outcome>,
) -> Result<Box<Outcome>, FlowFailure> {
    if plan.allowed_differences.is_empty() {
        return Ok(outcome);
    }

    let stored = outcome.system().wiring().stored_types();
    let unknown = plan.allowed_differences.iter().find_map(|text| {
        let (AllowedDifference::Type(name)
        | AllowedDifference::Field(name, _)
        | AllowedDifference::State(name, _)) = AllowedDifference::parse(text)
        else {
            return unknown_act_text(text, outcome.acts().len());
        };

        (!stored.contains(&name)).then(|| match nearest(name, stored.iter().copied()) {
            Some(near) => format!("no match for `{text}`; did you mean `{near}`?"),
            None => format!("no match for `{text}`: the domain stores no {name}"),
        })
    });

    match unknown {
        None => Ok(warn_of_unknown_parts(plan, outcome)),
        Some(found) => {
            let mismatch = Mismatch::new(AllowedDifference::EXPECTED, found);
            let failure = StepMismatch::at_end(plan, mismatch);
            Err(FlowFailure::new(outcome, vec![failure], None))
        }
    }
}

/// Returns that no difference can have this title, because the flow has no act with the number.
fn unknown_act_text(text: &str, n_acts: usize) -> Option<String> {
    match AllowedDifference::parse(text) {
        AllowedDifference::Other(Key::Reply(nth) | Key::Failures(nth))
            if nth == 0 || n_acts < nth =>
        {
            Some(format!("no match for `{text}`"))
        }
        _ => None,
    }
}

/// Warns of each allowed field that no state of this run has, and of each stream without events.
///
/// In `Mode::Differential` it fails. Here, another mode may store a state with this field.
fn warn_of_unknown_parts(plan: &Plan<'_>, mut outcome: Box<Outcome>) -> Box<Outcome> {
    let states = FinalState::from_outcome(&outcome);
    let has_no_such = |text: &&String| {
        let allowed = AllowedDifference::parse(text);
        let may_be_unknown = match &allowed {
            AllowedDifference::Field(..) => states.fields(&allowed).next().is_some(),
            AllowedDifference::Other(Key::Events(_)) => true,
            _ => false,
        };
        may_be_unknown && !states.has(&allowed)
    };
    let warnings: Vec<Warning> = plan
        .allowed_differences
        .iter()
        .filter(has_no_such)
        .map(|text| unknown_text(text, &AllowedDifference::parse(text), &[&states]))
        .map(Warning::about_run)
        .collect();
    drop(states);

    for warning in warnings {
        outcome.warn(warning);
    }
    outcome
}

impl Runner<'_, '_> {
    /// Warns of a priority that does not change the lane of the message.
    pub(super) fn warn_of_idle_priority(&mut self, act: &MessageAct) {
        let Some((location, priority)) = act.priority else {
            return;
        };

        let text = match self.outcome.system().lanes_below() {
            None => {
                "the domain has no lanes, so the priority changes nothing unless a handler reads it: \
                 add `.lanes_below(..)` to the domain, or remove the priority"
            }
            Some(threshold) if (priority < threshold) == (Priority::NORMAL < threshold) => {
                "the priority is in the lane of the default priority, so it changes nothing unless a \
                 handler reads it"
            }
            Some(_) => return,
        };
        self.outcome
            .warn(Warning::at_step(location, text.to_owned()));
    }
}
