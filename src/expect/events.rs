use std::marker::PhantomData;

use flow_domain::{
    Error, Event, Message,
    message::{Envelope, MessageName},
    model::SerializedMessage,
};

use crate::{
    diagnosis::Subject,
    expect::{
        messages::{MessageView, compare_messages, expected_views, name_list},
        never_raised::never_raised_warning,
    },
    flow::{Expectation, Mismatch},
    report::{differences, show_message},
    run::Outcome,
};

/// Expects exactly these events, raised by the last act and all that it caused.
pub(crate) fn events(expected: Result<Vec<SerializedMessage>, Error>) -> impl Expectation {
    Events { expected }
}

struct Events {
    expected: Result<Vec<SerializedMessage>, Error>,
}

impl Expectation for Events {
    fn describe(&self) -> String {
        let expected = expected_views(&self.expected).unwrap_or_default();
        if expected.is_empty() {
            return "no events".to_owned();
        }
        format!("events {}", name_list(&expected))
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let found: Vec<MessageView> = outcome.last_act_events().map(MessageView::from).collect();
        compare_messages(&expected_views(&self.expected)?, &found)
    }
}

/// Expects an event that equals this one, raised in the acts so far.
pub(crate) fn event(expected: Result<Vec<SerializedMessage>, Error>) -> impl Expectation {
    ContainsEvent { expected }
}

struct ContainsEvent {
    expected: Result<Vec<SerializedMessage>, Error>,
}

impl Expectation for ContainsEvent {
    fn describe(&self) -> String {
        let expected = expected_views(&self.expected).unwrap_or_default();
        format!("event {}", name_list(&expected))
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let Some(expected) = expected_views(&self.expected)?.pop() else {
            return Ok(());
        };
        let found: Vec<MessageView> = outcome.event_envelopes().map(MessageView::from).collect();
        find_event(&expected, &found)
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

/// Finds an event that equals `expected`.
pub(crate) fn find_event(expected: &MessageView, found: &[MessageView]) -> Result<(), Mismatch> {
    if found.iter().any(|found| found.equals(expected)) {
        return Ok(());
    }

    let mut alike = found.iter().filter(|found| found.name == expected.name);
    Err(match alike.next() {
        Some(near) => {
            let differences = differences(&expected.content(), &near.content());
            Mismatch::new(expected.show(), near.show())
                .with_subject(Subject::Message {
                    name: expected.name.clone(),
                    differs: Some((near.name.clone(), differences.clone())),
                })
                .with_field_differences(differences)
        }
        None => Mismatch::new(expected.show(), raised_names(found))
            .with_subject(Subject::for_message(&expected.name)),
    })
}

fn raised_names(found: &[MessageView]) -> String {
    match found {
        [] => "no events at all".to_owned(),
        found => format!("none of that type among {}", name_list(found)),
    }
}

/// Expects an event of type `E` for which `holds`, raised in the acts so far.
pub(crate) fn event_like<'t, E: Event>(
    holds: impl Fn(&E) -> bool + Send + Sync + 't,
) -> impl Expectation + 't {
    EventLike {
        predicate: holds,
        event: PhantomData::<fn(E)>,
    }
}

struct EventLike<E, F> {
    predicate: F,
    event: PhantomData<fn(E)>,
}

impl<E: Event, F: Fn(&E) -> bool + Send + Sync> Expectation for EventLike<E, F> {
    fn describe(&self) -> String {
        format!("event like {}", E::NAME)
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let of_type = outcome
            .event_envelopes()
            .filter(|envelope| matches_type::<E>(envelope));
        let of_type: Vec<MessageView> = of_type.map(MessageView::from).collect();
        let all = || outcome.event_envelopes().map(MessageView::from).collect();
        find_event_like(&of_type, all, &self.predicate)
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

/// Finds an event for which `holds` among those that `E` stands for; `all` are those and the others.
pub(crate) fn find_event_like<E: Event>(
    of_type: &[MessageView],
    all: impl FnOnce() -> Vec<MessageView>,
    holds: impl Fn(&E) -> bool,
) -> Result<(), Mismatch> {
    let expected = || format!("{} for which the closure holds", E::NAME);
    for seen in of_type {
        let event: E = seen
            .payload
            .decode(E::NAME)
            .map_err(|err| Mismatch::new(expected(), err.with_causes().to_string()))?;
        if holds(&event) {
            return Ok(());
        }
    }

    if of_type.is_empty() {
        let sought =
            Subject::for_message(E::SCHEMAS.first().map_or(E::NAME, |one| one.name.as_str()));
        return Err(Mismatch::new(expected(), raised_names(&all())).with_subject(sought));
    }

    let shown: Vec<String> = of_type.iter().map(MessageView::show).collect();
    let sought = of_type
        .first()
        .map(|first| Subject::NoMessage(first.name.clone()));
    let mismatch = Mismatch::new(expected(), shown.join("\n"));

    Err(match sought {
        Some(sought) => mismatch.with_subject(sought),
        None => mismatch,
    })
}

/// Expects that no event of type `E` was raised in the acts so far.
pub(crate) fn no_event<E: Event>() -> impl Expectation {
    NoEvent(PhantomData::<fn(E)>)
}

struct NoEvent<E>(PhantomData<fn(E)>);

impl<E: Event> Expectation for NoEvent<E> {
    fn describe(&self) -> String {
        format!("no event {}", E::NAME)
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let known = outcome.system().message_names();
        if !E::SCHEMAS
            .iter()
            .map(|schema| schema.name.to_string())
            .any(|name| known.contains(&name))
        {
            return Err(Mismatch::new(
                format!("no {}", E::NAME),
                "no such event in the domain, so none can ever be raised",
            ));
        }

        let mut events = outcome.event_envelopes();
        match events.find(|envelope| matches_type::<E>(envelope)) {
            None => Ok(()),
            Some(found) => {
                let shown = show_message(found.metadata.message_type.name(), &found.message);
                let mismatch = Mismatch::new(format!("no {}", E::NAME), shown);
                Err(mismatch.with_subject(Subject::NoMessage(MessageView::from(found).name)))
            }
        }
    }

    fn warning(&self, outcome: &Outcome) -> Option<String> {
        never_raised_warning::<E>(outcome)
    }
}

/// Returns true if the Rust type `E` stands for the message.
pub(crate) fn matches_type<E: Message>(envelope: &Envelope) -> bool {
    let metadata = &envelope.metadata;
    matches_schema::<E>(metadata.stream.category(), |name| {
        metadata.message_type.matches(name)
    })
}

/// Returns true if the Rust type `E` stands for a message of this category that has this name.
pub(crate) fn matches_schema<E: Message>(
    category: &str,
    has_name: impl Fn(MessageName) -> bool,
) -> bool {
    category == E::CATEGORY && E::SCHEMAS.iter().any(|schema| has_name(schema.name))
}
