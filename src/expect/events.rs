use std::marker::PhantomData;

use flow_domain::{
    Error, Event,
    model::{AnyEvent, IntoMessages},
};

use crate::{
    expect::{
        Expectation, Mismatch, Subject,
        messages::{ExpectedMessages, compare_messages, name_list, require_known_message},
        never_raised::never_raised_warning,
    },
    outcome::Outcome,
    value::{MessageView, differences, matches_type},
};

/// Expects that the last act and its cascade raised exactly these events, in this order.
///
/// `expected` is one event, or a tuple, an array or a `Vec` of events. Their stored forms are compared.
/// The event of a [`when_event`](crate::Flow::when_event) act does not count.
///
/// The cascade runs breadth-first. All handlers of an event run in the order of their registration.
/// The handlers of the events that they raise run after them.
pub fn events<M: IntoMessages<AnyEvent>>(expected: M) -> impl Expectation + use<M> {
    Events(ExpectedMessages::new(&expected))
}

/// Expects that the last act and its cascade raised no events.
pub fn no_events() -> impl Expectation {
    Events(ExpectedMessages::new::<AnyEvent>(&()))
}

/// Expects that an event equal to this one was raised in the acts so far.
pub fn event<E: Event>(expected: E) -> impl Expectation + use<E> {
    ContainsEvent(ExpectedMessages::new::<AnyEvent>(&expected))
}

/// Expects that an event of type `E` for which `holds` returns true was raised in the acts so far.
pub fn event_matching<'t, E: Event>(
    holds: impl Fn(&E) -> bool + Send + Sync + 't,
) -> impl Expectation + 't {
    EventMatching {
        holds,
        event: PhantomData,
    }
}

/// Expects that no event of type `E` was raised in the acts so far.
pub fn no_event<E: Event>() -> impl Expectation {
    NoEvent(PhantomData::<fn(E)>)
}

struct Events(ExpectedMessages);

impl Expectation for Events {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let found: Vec<MessageView> = outcome.last_act_events().map(MessageView::from).collect();
        compare_messages(self.0.views()?, &found)
    }

    fn describe(&self) -> String {
        if self.0.is_empty() {
            return "no events".to_owned();
        }

        format!("events {}", self.0.names())
    }
}

struct ContainsEvent(ExpectedMessages);

impl Expectation for ContainsEvent {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let found: Vec<MessageView> = outcome.event_envelopes().map(MessageView::from).collect();

        self.0
            .views()?
            .iter()
            .try_for_each(|expected| find_event(expected, &found))
    }

    fn describe(&self) -> String {
        format!("event {}", self.0.names())
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

/// Requires that `found` contains an event equal to `expected`.
///
/// Otherwise the mismatch compares `expected` with the first event of the same name.
fn find_event(expected: &MessageView, found: &[MessageView]) -> Result<(), Mismatch> {
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

struct EventMatching<E, F> {
    holds: F,
    event: PhantomData<fn(E)>,
}

impl<E: Event, F: Fn(&E) -> bool + Send + Sync> Expectation for EventMatching<E, F> {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let expected = || format!("{} for which the closure returns true", E::NAME);
        let decode = |view: &MessageView| {
            view.payload
                .decode::<E>(E::NAME)
                .map_err(|err: Error| Mismatch::not_serialized(&expected(), &err))
        };

        let views: Vec<MessageView> = outcome
            .event_envelopes()
            .filter(|envelope| matches_type::<E>(envelope))
            .map(MessageView::from)
            .collect();
        for view in &views {
            if (self.holds)(&decode(view)?) {
                return Ok(());
            }
        }

        let Some(first) = views.first() else {
            let all: Vec<MessageView> = outcome.event_envelopes().map(MessageView::from).collect();
            let subject = Subject::for_message(&event_name::<E>());
            return Err(Mismatch::new(expected(), raised_names(&all)).with_subject(subject));
        };

        let shown: Vec<String> = views.iter().map(MessageView::show).collect();
        let subject = Subject::NoMessage(first.name.clone());
        Err(Mismatch::new(expected(), shown.join("\n")).with_subject(subject))
    }

    fn describe(&self) -> String {
        format!("event {} that matches", E::NAME)
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

/// Returns the name of an event, or of the first variant of an enum.
fn event_name<E: Event>() -> String {
    E::SCHEMAS
        .first()
        .map_or_else(|| E::NAME.to_owned(), |schema| schema.name.to_string())
}

struct NoEvent<E>(PhantomData<fn(E)>);

impl<E: Event> Expectation for NoEvent<E> {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        require_known_message::<E>(outcome)?;

        let raised = outcome
            .event_envelopes()
            .find(|envelope| matches_type::<E>(envelope));
        match raised.map(MessageView::from) {
            None => Ok(()),
            Some(view) => Err(Mismatch::new(format!("no {}", E::NAME), view.show())
                .with_subject(Subject::NoMessage(view.name))),
        }
    }

    fn describe(&self) -> String {
        format!("no event {}", E::NAME)
    }

    fn warning(&self, outcome: &Outcome) -> Option<String> {
        never_raised_warning::<E>(outcome)
    }
}
