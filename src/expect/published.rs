use std::marker::PhantomData;

use flow_domain::{Event, port::Lane, record::EntryKind};

use crate::{
    diagnosis::Subject,
    expect::{matches_type, messages::require_known_message},
    flow::{Expectation, Mismatch},
    run::Outcome,
};

/// Expects that an `E` was published in the acts so far, on this lane if one is given.
pub(crate) fn published<E: Event>(lane: Option<Lane>) -> impl Expectation {
    Published {
        lane,
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

            let topics: Vec<&str> = record
                .effects(entry.id)
                .filter_map(|effect| match &effect.kind {
                    EntryKind::Published { topic } => Some(topic.as_str()),
                    _ => None,
                })
                .collect();
            if topics.iter().any(|topic| self.is_expected_lane(topic)) {
                return Ok(());
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
            feature: "publishes nothing".to_owned(),
            method: if self.lane.is_some() {
                "then_lane"
            } else {
                "then_published"
            },
            event: E::SCHEMAS.first().map(|schema| schema.name.to_string()),
        }))
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

impl<E> Published<E> {
    /// Returns true if the topic belongs to the expected lane, or if no lane is expected.
    ///
    /// The name of the topic shows its lane.
    fn is_expected_lane(&self, topic: &str) -> bool {
        let is_backfill = topic.ends_with(":backfill");
        match self.lane {
            None => true,
            Some(Lane::Primary) => !is_backfill,
            Some(Lane::Backfill) => is_backfill,
        }
    }
}
