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

/// Expects exactly these events, in this order, raised by the last act and everything it caused.
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

/// Expects that the acts so far raised an event equal to this one.
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

/// Requires that `found` contains an event equal to `expected`.
///
/// Otherwise the mismatch compares `expected` with the first event of the same name.
pub(crate) fn find_event(expected: &MessageView, found: &[MessageView]) -> Result<(), Mismatch> {
    if found.iter().any(|event| event.equals(expected)) {
        return Ok(());
    }

    let same_name = found.iter().find(|event| event.name == expected.name);
    Err(match same_name {
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

/// Returns the text that lists the raised events, if none of them had the expected type.
fn raised_names(found: &[MessageView]) -> String {
    match found {
        [] => "no events at all".to_owned(),
        found => format!("only {}", name_list(found)),
    }
}

/// Expects that the acts so far raised an event of type `E` that satisfies `predicate`.
pub(crate) fn event_like<'t, E: Event>(
    predicate: impl Fn(&E) -> bool + Send + Sync + 't,
) -> impl Expectation + 't {
    EventLike {
        predicate,
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
        let of_type: Vec<MessageView> = outcome
            .event_envelopes()
            .filter(|envelope| matches_type::<E>(envelope))
            .map(MessageView::from)
            .collect();
        let all = || outcome.event_envelopes().map(MessageView::from).collect();
        find_event_like(&of_type, all, &self.predicate)
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

/// Requires that one of the events of type `E` satisfies `predicate`.
///
/// `of_type` holds the events of type `E`. `all` returns all events. It is called only for a
/// mismatch.
pub(crate) fn find_event_like<E: Event>(
    of_type: &[MessageView],
    all: impl FnOnce() -> Vec<MessageView>,
    predicate: impl Fn(&E) -> bool,
) -> Result<(), Mismatch> {
    let expected = || format!("{} for which the closure returns true", E::NAME);
    for view in of_type {
        let event: E = view
            .payload
            .decode(E::NAME)
            .map_err(|err| Mismatch::new(expected(), err.with_causes().to_string()))?;
        if predicate(&event) {
            return Ok(());
        }
    }

    if of_type.is_empty() {
        let name = E::SCHEMAS
            .first()
            .map_or(E::NAME, |schema| schema.name.as_str());
        let mismatch = Mismatch::new(expected(), raised_names(&all()));
        return Err(mismatch.with_subject(Subject::for_message(name)));
    }

    let shown: Vec<String> = of_type.iter().map(MessageView::show).collect();
    let mismatch = Mismatch::new(expected(), shown.join("\n"));
    Err(match of_type.first() {
        Some(first) => mismatch.with_subject(Subject::NoMessage(first.name.clone())),
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
        let is_known = E::SCHEMAS
            .iter()
            .any(|schema| known.contains(&schema.name.to_string()));
        if !is_known {
            return Err(Mismatch::new(
                format!("no {}", E::NAME),
                "no such event in the domain, so none can ever be raised",
            ));
        }

        let raised = outcome
            .event_envelopes()
            .find(|envelope| matches_type::<E>(envelope));
        let Some(raised) = raised else {
            return Ok(());
        };

        let shown = show_message(raised.metadata.message_type.name(), &raised.message);
        let mismatch = Mismatch::new(format!("no {}", E::NAME), shown);
        Err(mismatch.with_subject(Subject::NoMessage(MessageView::from(raised).name)))
    }

    fn warning(&self, outcome: &Outcome) -> Option<String> {
        never_raised_warning::<E>(outcome)
    }
}

/// Returns true if `E` is the Rust type of this message.
pub(crate) fn matches_type<E: Message>(envelope: &Envelope) -> bool {
    let metadata = &envelope.metadata;
    matches_schema::<E>(metadata.stream.category(), |name| {
        metadata.message_type.matches(name)
    })
}

/// Returns true if `E` is the Rust type of messages with this category and name.
///
/// `has_name` returns true if the message has this name. It is called for each schema of `E`.
pub(crate) fn matches_schema<E: Message>(
    category: &str,
    has_name: impl Fn(MessageName) -> bool,
) -> bool {
    category == E::CATEGORY && E::SCHEMAS.iter().any(|schema| has_name(schema.name))
}
