use std::marker::PhantomData;

use flow_domain::{
    Error, Event, Message,
    message::{Envelope, MessageName},
    model::Written,
};

use crate::{
    expect::{
        messages::{Seen, compare, names, written},
        never::never_raised,
    },
    flow::{Expectation, Mismatch},
    report::{differences, show_message},
    run::Outcome,
    why::Sought,
};

/// Expects exactly these events, raised by the last act and all that it caused.
pub(crate) fn events(expected: Result<Vec<Written>, Error>) -> impl Expectation {
    Events { expected }
}

struct Events {
    expected: Result<Vec<Written>, Error>,
}

impl Expectation for Events {
    fn describe(&self) -> String {
        let expected = written(&self.expected).unwrap_or_default();
        if expected.is_empty() {
            return "no events".to_owned();
        }
        format!("events {}", names(&expected))
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let found: Vec<Seen> = outcome.last_events().map(Seen::from).collect();
        compare(&written(&self.expected)?, &found)
    }
}

/// Expects an event that equals this one, raised in the acts so far.
pub(crate) fn event(expected: Result<Vec<Written>, Error>) -> impl Expectation {
    OneEvent { expected }
}

struct OneEvent {
    expected: Result<Vec<Written>, Error>,
}

impl Expectation for OneEvent {
    fn describe(&self) -> String {
        let expected = written(&self.expected).unwrap_or_default();
        format!("event {}", names(&expected))
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let Some(expected) = written(&self.expected)?.pop() else {
            return Ok(());
        };
        let found: Vec<Seen> = outcome.event_envelopes().map(Seen::from).collect();
        find_event(&expected, &found)
    }

    fn allows_waiting(&self) -> bool {
        true
    }
}

/// Finds an event that equals `expected`.
pub(crate) fn find_event(expected: &Seen, found: &[Seen]) -> Result<(), Mismatch> {
    if found.iter().any(|found| found.equals(expected)) {
        return Ok(());
    }
    let mut alike = found.iter().filter(|found| found.name == expected.name);
    Err(match alike.next() {
        Some(near) => {
            let differences = differences(&expected.content(), &near.content());
            Mismatch::new(expected.show(), near.show())
                .about(Sought::Message {
                    name: expected.name.clone(),
                    differs: Some((near.name.clone(), differences.clone())),
                })
                .differing_in(differences)
        }
        None => {
            Mismatch::new(expected.show(), raised(found)).about(Sought::of_message(&expected.name))
        }
    })
}

fn raised(found: &[Seen]) -> String {
    match found {
        [] => "no events at all".to_owned(),
        found => format!("none of that type among {}", names(found)),
    }
}

/// Expects an event of type `E` for which `holds`, raised in the acts so far.
pub(crate) fn event_like<'t, E: Event>(
    holds: impl Fn(&E) -> bool + Send + Sync + 't,
) -> impl Expectation + 't {
    EventLike {
        holds,
        event: PhantomData::<fn(E)>,
    }
}

struct EventLike<E, F> {
    holds: F,
    event: PhantomData<fn(E)>,
}

impl<E: Event, F: Fn(&E) -> bool + Send + Sync> Expectation for EventLike<E, F> {
    fn describe(&self) -> String {
        format!("event like {}", E::NAME)
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let of_type = outcome
            .event_envelopes()
            .filter(|envelope| stands_for::<E>(envelope));
        let of_type: Vec<Seen> = of_type.map(Seen::from).collect();
        let all = || outcome.event_envelopes().map(Seen::from).collect();
        find_event_like(&of_type, all, &self.holds)
    }

    fn allows_waiting(&self) -> bool {
        true
    }
}

/// Finds an event for which `holds` among those that `E` stands for; `all` are those and the others.
pub(crate) fn find_event_like<E: Event>(
    of_type: &[Seen],
    all: impl FnOnce() -> Vec<Seen>,
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
            Sought::of_message(E::SCHEMAS.first().map_or(E::NAME, |one| one.name.as_str()));
        return Err(Mismatch::new(expected(), raised(&all())).about(sought));
    }
    let shown: Vec<String> = of_type.iter().map(Seen::show).collect();
    let sought = of_type
        .first()
        .map(|first| Sought::NoMessage(first.name.clone()));
    let mismatch = Mismatch::new(expected(), shown.join("\n"));
    Err(match sought {
        Some(sought) => mismatch.about(sought),
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
        let mut names = E::SCHEMAS.iter().map(|schema| schema.name.to_string());
        if !names.any(|name| known.contains(&name)) {
            return Err(Mismatch::new(
                format!("no {}", E::NAME),
                "no such event in the domain, so none can ever be raised",
            ));
        }
        let mut events = outcome.event_envelopes();
        match events.find(|envelope| stands_for::<E>(envelope)) {
            None => Ok(()),
            Some(found) => {
                let shown = show_message(found.metadata.message_type.name(), &found.message);
                let mismatch = Mismatch::new(format!("no {}", E::NAME), shown);
                Err(mismatch.about(Sought::NoMessage(Seen::from(found).name)))
            }
        }
    }

    fn warning(&self, outcome: &Outcome) -> Option<String> {
        never_raised::<E>(outcome)
    }
}

/// Returns true if the Rust type `E` stands for the message.
pub(crate) fn stands_for<E: Message>(envelope: &Envelope) -> bool {
    let metadata = &envelope.metadata;
    is_of::<E>(metadata.stream.category(), |name| {
        metadata.message_type.is(name)
    })
}

/// Returns true if the Rust type `E` stands for a message of this category that has this name.
pub(crate) fn is_of<E: Message>(category: &str, has_name: impl Fn(MessageName) -> bool) -> bool {
    category == E::CATEGORY && E::SCHEMAS.iter().any(|schema| has_name(schema.name))
}
