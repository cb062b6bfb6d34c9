use std::marker::PhantomData;

use flow_domain::{Event, port::Lane, record::EntryKind};

use crate::{
    expect::{Expectation, Mismatch, Subject, messages::require_known_message},
    outcome::Outcome,
    value::matches_type,
};

/// Expects that an event of type `E` from the acts so far was published to the broker.
pub fn published<E: Event>() -> impl Expectation {
    Published {
        lane: None,
        event: PhantomData::<fn(E)>,
    }
}

/// Expects that an event of type `E` from the acts so far was published on `lane`.
pub fn published_on<E: Event>(lane: Lane) -> impl Expectation {
    Published {
        lane: Some(lane),
        event: PhantomData::<fn(E)>,
    }
}

struct Published<E> {
    lane: Option<Lane>,
    event: PhantomData<fn(E)>,
}

impl<E: Event> Expectation for Published<E> {
    fn describe(&self) -> String {
        match self.lane {
            None => format!("{} is published", E::NAME),
            Some(Lane::Primary) => format!("{} is published on the primary lane", E::NAME),
            Some(Lane::Backfill) => format!("{} is published on the backfill lane", E::NAME),
        }
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        require_known_message::<E>(outcome)?;
        let record = outcome.record();

        let mut found = Vec::new();
        for entry in outcome.act_entries() {
            let EntryKind::Appended(event) = &entry.kind else {
                continue;
            };
            if !matches_type::<E>(&event.envelope) {
                continue;
            }

            let mut topics = Vec::new();
            for effect in record.effects(entry.id) {
                if let EntryKind::Published { topic, is_backfill } = &effect.kind {
                    if self.is_expected_lane(*is_backfill) {
                        return Ok(());
                    }
                    topics.push(topic.as_str());
                }
            }

            found.push(match topics.as_slice() {
                [] => format!("{} of {} was not published", E::NAME, event.stream()),
                [topic] => format!("{} was published to the topic `{topic}`", E::NAME),
                topics => format!(
                    "{} was published to the topics `{}`",
                    E::NAME,
                    topics.join("`, `")
                ),
            });
        }

        if found.is_empty() {
            found.push(format!("no {} was raised", E::NAME));
        }
        if outcome.is_inline() {
            found.push("`Mode::Sync` publishes nothing: events are handled inline".to_owned());
        }

        let mismatch = Mismatch::new(self.describe(), found.join("\n"));
        Err(mismatch.with_subject(Subject::EngineFeature {
            feature: "publishes nothing",
            method: if self.lane.is_some() {
                "expect::published_on"
            } else {
                "expect::published"
            },
            event: E::SCHEMAS.first().map(|schema| schema.name.to_string()),
        }))
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

impl<E> Published<E> {
    /// Returns true if the test expects this lane, or any lane.
    fn is_expected_lane(&self, is_backfill: bool) -> bool {
        self.lane
            .is_none_or(|lane| (lane == Lane::Backfill) == is_backfill)
    }
}
