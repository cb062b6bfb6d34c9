use std::fmt;

use flow_domain::message::{Payload, short_type_name};

use crate::{
    expect::{Expectation, Mismatch, check::Check, never_happens::NeverHappens},
    outcome::{Outcome, inspect_event},
    value::MessageView,
};

/// Expects that a system committed an event for which `holds` returns true, in the acts so far.
pub(crate) fn event_of_system<'t, E>(
    holds: impl Fn(&str, &E) -> bool + Send + Sync + 't,
) -> impl Expectation + 't
where
    E: fmt::Debug + 'static,
{
    let name = short_type_name::<E>();
    let check = move |outcome: &Outcome| {
        let mut found = Vec::new();
        for envelope in outcome.event_envelopes() {
            match inspect_event(&envelope.message, &holds) {
                Some(true) => return Ok(()),
                Some(false) => found.push(MessageView::new(envelope, outcome.record().labels())),
                None => {}
            }
        }

        let expected = format!("a {name} for which the closure returns true");
        let shown: Vec<String> = found.iter().map(MessageView::show).collect();
        Err(Mismatch::new(
            expected,
            match shown.as_slice() {
                [] => format!("no {name}"),
                shown => shown.join("\n"),
            },
        ))
    };

    Check::new(format!("event {name} that matches"), check).staying_met()
}

/// Expects that `holds` returns true for the started system.
pub(crate) fn system<'t, S: Send + Sync + 'static>(
    holds: impl Fn(&S) -> bool + Send + Sync + 't,
) -> impl Expectation + 't {
    let name = short_type_name::<S>();
    let check = move |outcome: &Outcome| {
        let expected = format!("a {name} for which the closure returns true");
        match outcome.find_resource::<S>() {
            Some(system) if holds(system) => Ok(()),
            Some(_) => Err(Mismatch::new(expected, "the closure returned false")),
            None => Err(Mismatch::new(
                expected,
                "the flow runs a system of another type",
            )),
        }
    };

    Check::new(format!("the system {name}"), check)
}

/// Expects that a system committed no event of type `E` in the acts so far.
pub(crate) fn no_event_of_system<E: fmt::Debug + 'static>() -> impl Expectation {
    let name = short_type_name::<E>();
    let check = move |outcome: &Outcome| {
        let is_told = |payload: &Payload| inspect_event(payload, |_, _: &E| ()).is_some();
        let mut envelopes = outcome.event_envelopes();
        match envelopes.find(|envelope| is_told(&envelope.message)) {
            None => Ok(()),
            Some(envelope) => {
                let view = MessageView::new(envelope, outcome.record().labels());
                Err(Mismatch::new(format!("no {name}"), view.show()))
            }
        }
    };

    Check::new(format!("no event {name}"), check).excluding(NeverHappens::any_event)
}
