use std::sync::Arc;

use flow_domain::{
    Event,
    message::MessageLabels,
    model::{AnyEvent, IntoMessages},
};

use crate::{
    expect::{
        Claim, EmptyInput, Expectation, Mismatch, Subject,
        alignment::compare_fields,
        check::Check,
        messages::{
            ExpectedMessages, compare_messages, first_name, name_list, require_known_message,
            type_name,
        },
        never_happens::NeverHappens,
    },
    outcome::Outcome,
    value::{MessageView, matches_type},
};

/// Expects that the last act and its cascade raised exactly these events, in this order.
///
/// `expected` is one event, or a tuple, an array or a `Vec` of events. For none, use [`no_events`]. They are compared by
/// `PartialEq` if their type implements it, or else by their stored forms. Events of different
/// aggregates differ, even if they have the same name. The event of a [`when_event`](crate::Flow::when_event) act does not count.
///
/// The cascade runs breadth-first. All handlers of an event run in the order of their registration.
/// The handlers of the events that they raise run after them.
pub fn events<M: IntoMessages<AnyEvent>>(expected: M) -> impl Expectation + use<M> {
    exactly(
        ExpectedMessages::new(&expected),
        Some(EmptyInput::ExpectedEvents),
    )
}

/// Expects that the last act and its cascade raised no events.
///
/// This fails if no handler can raise an event; see [`docs::guards`](crate::docs::guards).
pub fn no_events() -> impl Expectation {
    exactly(ExpectedMessages::new::<AnyEvent>(&()), None).excluding(NeverHappens::any_event)
}

/// Expects exactly these events. With `not_empty`, the list must have at least one.
fn exactly(expected: ExpectedMessages, not_empty: Option<EmptyInput>) -> Check<'static> {
    let expected = Arc::new(expected);
    let described = Arc::clone(&expected);
    let describe = move |labels: &MessageLabels| {
        if described.is_empty() {
            "no events".to_owned()
        } else {
            format!("events {}", described.names(labels))
        }
    };

    Check::about_messages(describe, move |outcome| {
        if let Some(input) = not_empty {
            input.require(expected.is_empty())?;
        }

        let labels = outcome.record().labels();
        let found: Vec<MessageView> = outcome
            .last_act_events()
            .map(|event| MessageView::new(event, labels))
            .collect();
        compare_messages(&expected.views(labels)?, &found)
    })
    .for_unit_tests_too()
}

/// Expects that an event equal to this one was raised in the acts so far.
///
/// The event of a [`when_event`](crate::Flow::when_event) act does not count, because no handler
/// raised it.
pub fn event<E: Event>(expected: E) -> impl Expectation + use<E> {
    event_of_list(&expected)
}

/// Expects that each event of the list was raised in the acts so far.
pub(crate) fn event_of_list<M: IntoMessages<AnyEvent>>(expected: &M) -> impl Expectation + use<M> {
    let expected = Arc::new(ExpectedMessages::new::<AnyEvent>(expected));
    let described = Arc::clone(&expected);

    let check = move |outcome: &Outcome| {
        let found = all_events(outcome);
        let views = expected.views(outcome.record().labels())?;
        views
            .iter()
            .try_for_each(|expected| find_event(expected, &found))
    };
    Check::about_messages(
        move |labels| format!("event {}", described.names(labels)),
        check,
    )
    .for_unit_tests_too()
    .staying_met()
    .even_if_pending()
}

/// Expects that an event of type `E` for which `holds` returns true was raised in the acts so far.
pub fn event_matching<'t, E: Event>(
    holds: impl Fn(&E) -> bool + Send + Sync + 't,
) -> impl Expectation + 't {
    let check = move |outcome: &Outcome| {
        let labels = outcome.record().labels();
        let expected = format!(
            "{} for which the closure returns true",
            type_name::<E>(labels)
        );
        let envelopes = outcome.event_envelopes();
        let views: Vec<MessageView> = envelopes
            .filter(|envelope| matches_type::<E>(envelope))
            .map(|envelope| MessageView::new(envelope, labels))
            .collect();
        for view in &views {
            let event: E = view
                .payload
                .decode(E::NAME)
                .map_err(|err| Mismatch::not_serialized(&expected, &err))?;
            if holds(&event) {
                return Ok(());
            }
        }

        let Some(first) = views.first() else {
            let subject = Subject::for_message(&first_name::<E>(labels));
            let found = raised_names(&all_events(outcome));
            return Err(Mismatch::new(expected, found).with_subject(subject));
        };

        let shown: Vec<String> = views.iter().map(MessageView::show).collect();
        let subject = Subject::NoMessage(first.label());
        Err(Mismatch::new(expected, shown.join("\n")).with_subject(subject))
    };

    let describe =
        |labels: &MessageLabels| format!("event {} that matches", type_name::<E>(labels));
    Check::about_messages(describe, check)
        .for_unit_tests_too()
        .staying_met()
        .even_if_pending()
}

/// Expects that no event of type `E` was raised in the acts so far.
///
/// This fails if no handler can raise one; see [`docs::guards`](crate::docs::guards).
pub fn no_event<E: Event>() -> impl Expectation {
    let check = |outcome: &Outcome| {
        require_known_message::<E>(outcome)?;

        let labels = outcome.record().labels();
        let mut envelopes = outcome.event_envelopes();
        let raised = envelopes.find(|envelope| matches_type::<E>(envelope));
        match raised.map(|event| MessageView::new(event, labels)) {
            None => Ok(()),
            Some(view) => Err(
                Mismatch::new(format!("no {}", type_name::<E>(labels)), view.show())
                    .with_subject(Subject::NoMessage(view.label())),
            ),
        }
    };

    let describe = |labels: &MessageLabels| format!("no event {}", type_name::<E>(labels));
    Check::about_messages(describe, check)
        .for_unit_tests_too()
        .excluding(NeverHappens::event::<E>)
        .claiming(Claim::Exclusion)
}

fn all_events(outcome: &Outcome) -> Vec<MessageView> {
    let labels = outcome.record().labels();
    outcome
        .event_envelopes()
        .map(|event| MessageView::new(event, labels))
        .collect()
}

/// Requires that `found` contains an event equal to `expected`.
///
/// Otherwise the mismatch compares `expected` with the first event of the same kind.
fn find_event(expected: &MessageView, found: &[MessageView]) -> Result<(), Mismatch> {
    if found.contains(expected) {
        return Ok(());
    }

    let same_kind = found.iter().find(|event| event.is_same_kind(expected));
    Err(match same_kind {
        Some(near) => {
            let (differences, rendered) = compare_fields(expected, near);
            Mismatch::new(expected.show(), near.show())
                .with_subject(Subject::Message {
                    name: expected.label(),
                    differs: Some((near.label(), differences)),
                })
                .with_differences(rendered)
        }
        None => Mismatch::new(expected.show(), raised_names(found))
            .with_subject(Subject::for_message(&expected.label())),
    })
}

/// Returns the text that lists the raised events, if none of them had the expected type.
fn raised_names(found: &[MessageView]) -> String {
    match found {
        [] => "no events at all".to_owned(),
        found => format!("only {}", name_list(found)),
    }
}
