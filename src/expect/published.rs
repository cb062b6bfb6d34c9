use flow_domain::{
    Event, Message,
    message::MessageLabels,
    port::Lane,
    record::{Entry, EntryKind},
};

use crate::{
    expect::{
        Expectation, Mismatch, Subject,
        check::Check,
        messages::{first_name, is_problem_of, message_at, require_known_message, type_name},
    },
    outcome::{Outcome, ProblemKind},
    value::matches_type,
};

/// Expects that an event of type `E` that a handler raised in the acts so far was published to the broker.
///
/// The event of a [`when_event`](crate::Flow::when_event) act does not count.
pub fn published<E: Event>() -> impl Expectation {
    published_in::<E>(None)
}

/// Expects that an event of type `E` that a handler raised in the acts so far was published on `lane`.
pub fn published_on<E: Event>(lane: Lane) -> impl Expectation {
    published_in::<E>(Some(lane))
}

/// Expects that the broker refused a message of type `M` from the acts so far until it was given up.
///
/// No handler gets the message. If nothing expects that, the flow fails.
pub fn publish_failed<M: Message>() -> impl Expectation {
    let describe = |labels: &MessageLabels| format!("{} is given up", type_name::<M>(labels));
    let check = move |outcome: &Outcome| {
        let record = outcome.record();
        let is_given_up = |entry: &Entry| {
            let message = entry.cause.and_then(|cause| message_at(cause, record));
            matches!(entry.kind, EntryKind::PublishFailed { retry_at: None, .. })
                && message.is_some_and(matches_type::<M>)
        };
        if outcome.act_entries().any(is_given_up) {
            return Ok(());
        }

        require_known_message::<M>(outcome)?;
        let mut found = "the broker refused no such message until the end".to_owned();
        if outcome.is_inline() {
            found.push_str("\n`Mode::Sync` publishes nothing: events are handled inline");
        }
        Err(Mismatch::new(describe(record.labels()), found))
    };

    Check::about_messages(describe, check)
        .covering(|problem, outcome| {
            is_problem_of::<M>(
                problem,
                ProblemKind::PublishFailure,
                outcome.record().labels(),
            )
        })
        .staying_met()
        .staying_met()
        .even_if_pending()
}

fn published_in<E: Event>(lane: Option<Lane>) -> Check<'static> {
    let lane_text = match lane {
        None => "",
        Some(Lane::Primary) => " on the primary lane",
        Some(Lane::Backfill) => " on the backfill lane",
    };
    let describe =
        move |labels: &MessageLabels| format!("{} is published{lane_text}", type_name::<E>(labels));

    Check::about_messages(describe, move |outcome| {
        let expected = describe(outcome.record().labels());
        check_published::<E>(&expected, lane, outcome)
    })
    .staying_met()
    .even_if_pending()
}

fn check_published<E: Event>(
    expected: &str,
    lane: Option<Lane>,
    outcome: &Outcome,
) -> Result<(), Mismatch> {
    require_known_message::<E>(outcome)?;
    let record = outcome.record();
    let name = type_name::<E>(record.labels());

    let mut found = Vec::new();
    for (entry, event) in outcome.raised_events() {
        if !matches_type::<E>(&event.envelope) {
            continue;
        }

        let mut topics = Vec::new();
        for effect in record.effects(entry.id) {
            if let EntryKind::Published { topic, is_backfill } = &effect.kind {
                if lane.is_none_or(|lane| (lane == Lane::Backfill) == *is_backfill) {
                    return Ok(());
                }
                topics.push(topic.as_str());
            }
        }

        found.push(match topics.as_slice() {
            [] => format!("{name} of {} was not published", event.stream()),
            [topic] => format!("{name} was published to the topic `{topic}`"),
            topics => format!(
                "{name} was published to the topics `{}`",
                topics.join("`, `")
            ),
        });
    }

    if found.is_empty() {
        found.push(format!("no {name} was raised"));
    }
    if outcome.is_inline() {
        found.push("`Mode::Sync` publishes nothing: events are handled inline".to_owned());
    }

    Err(
        Mismatch::new(expected, found.join("\n")).with_subject(Subject::EngineFeature {
            feature: "publishes nothing",
            method: match lane {
                Some(_) => "expect::published_on",
                None => "expect::published",
            },
            event: Some(first_name::<E>(record.labels())),
        }),
    )
}
