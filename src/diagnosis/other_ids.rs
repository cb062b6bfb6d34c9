use flow_domain::{
    json::Json,
    message::Version,
    record::{EntryKind, TableKind},
};

use crate::{
    diagnosis::{
        Cause, ExpectedKey, Similarity, ValueOrigin,
        candidates::MAX_SIMILAR_CAUSES,
        causal_index::{CausalIndex, IndexedCall},
        indexed_message::IndexedMessage,
    },
    expect::StateSubject,
};

/// How an id under which a call wrote relates to the wanted id.
enum OtherId {
    /// The message has the wanted id, in this field.
    WrongField {
        expected_field: String,
    },
    Similar(Similarity),
}

impl OtherId {
    /// Returns 0 for the strongest relation.
    fn rank(&self) -> usize {
        match self {
            Self::WrongField { .. } | Self::Similar(Similarity::InField { .. }) => 0,
            Self::Similar(Similarity::EditDistance(distance)) => *distance,
            Self::Similar(Similarity::Unrelated) => usize::MAX,
        }
    }
}

/// Which calls wrote a state under another id than the wanted one.
impl<'r> CausalIndex<'r> {
    /// Returns the writes under other ids, the most similar id first.
    ///
    /// `since` is the index of the first entry of the record to look at.
    pub(super) fn writes_under_other_ids(
        &self,
        subject: &StateSubject,
        since: usize,
    ) -> Vec<Cause> {
        let Some(id) = &subject.id else {
            return Vec::new();
        };

        let mut ranked: Vec<((usize, usize), &IndexedCall<'r>, String)> = Vec::new();
        let calls = self
            .calls
            .iter()
            .rev()
            .filter(|call| since <= call.started.index());
        // Of equally similar ids, the one that was written last comes first.
        for (age, call) in calls.enumerate() {
            for written in self.ids_written_by(call, subject) {
                if written != *id
                    && let Some(other) = self.other_id(call, subject, id, &written)
                {
                    ranked.push(((other.rank(), age), call, written));
                }
            }
        }

        // A cause names the origin of the id, which may be far away. So only the best ones have one.
        ranked.sort_by_key(|(rank, ..)| *rank);
        ranked
            .into_iter()
            .take(MAX_SIMILAR_CAUSES)
            .filter_map(|(_, call, written)| self.other_id_cause(call, subject, id, &written))
            .collect()
    }

    /// Returns the ids of the states of this type that a call wrote or raised events for.
    pub(super) fn ids_written_by(
        &self,
        call: &IndexedCall<'r>,
        subject: &StateSubject,
    ) -> Vec<String> {
        let table = subject.table();
        let written = call
            .writes
            .iter()
            .filter(|change| change.table == table && change.after.is_some())
            .map(|change| change.id.to_string());
        let raised = self
            .messages_caused_by(call)
            .filter(|message| {
                message.is_stored()
                    && message.is_event()
                    && subject.stream_category == Some(message.category())
            })
            .map(|event| event.stream_id().to_owned());

        written.chain(raised).collect()
    }

    /// Returns how the id under which a call wrote relates to the wanted id.
    fn other_id(
        &self,
        call: &IndexedCall<'r>,
        subject: &StateSubject,
        wanted: &str,
        written: &str,
    ) -> Option<OtherId> {
        let message = self.message_of(call)?;
        let field = message.field_carrying(written);
        let expected_field = message.field_carrying(wanted);

        // The message contains both ids, and the handler created the aggregate under the wrong one.
        if self.is_new_aggregate(call, subject, written)
            && let (Some(field), Some(expected_field)) = (&field, &expected_field)
            && field != expected_field
        {
            return Some(OtherId::WrongField {
                expected_field: expected_field.clone(),
            });
        }

        // As in `nearest`, ids are similar if at most a third of the longer id differs.
        let distance = strsim::damerau_levenshtein(wanted, written);
        let n_chars = wanted.chars().count().max(written.chars().count());
        let is_similar = distance * 3 <= n_chars;

        Some(OtherId::Similar(match expected_field {
            Some(field) => {
                let id = wanted.to_owned();
                Similarity::InField { field, id }
            }
            None if is_similar => Similarity::EditDistance(distance),
            None => Similarity::Unrelated,
        }))
    }

    /// Returns the cause for a write under another id.
    fn other_id_cause(
        &self,
        call: &IndexedCall<'r>,
        subject: &StateSubject,
        wanted: &str,
        written: &str,
    ) -> Option<Cause> {
        let message = self.message_of(call)?;
        let field = message.field_carrying(written);
        let origin = field
            .as_ref()
            .map(|field| self.origin_of(message, field, &Json::from(written)))
            .filter(|origin| matches!(origin, ValueOrigin::Changed { .. }));

        Some(match self.other_id(call, subject, wanted, written)? {
            OtherId::WrongField { expected_field } => Cause::WrongKey {
                at: self.handler_call(call),
                type_name: subject.state_type.name,
                id: written.to_owned(),
                field,
                expected_key: ExpectedKey::InField(expected_field, wanted.to_owned()),
                origin,
            },
            OtherId::Similar(similarity) => Cause::WroteOther {
                at: self.handler_call(call),
                wanted: subject.description(),
                wrote: format!("{} {written:?}", subject.state_type.name),
                similarity,
                origin,
            },
        })
    }

    /// Returns true if a call created an aggregate under this id.
    fn is_new_aggregate(&self, call: &IndexedCall<'r>, subject: &StateSubject, id: &str) -> bool {
        if subject.state_type.kind != TableKind::Aggregate {
            return false;
        }

        let table = subject.table();
        let is_first_write = call.writes.iter().any(|change| {
            change.table == table
                && *change.id == *id
                && change.before.is_none()
                && change.after.is_some()
        });
        let begins_stream = |event: &IndexedMessage<'_>| {
            let appended = event.stored_at.map(|entry| &self.record.entry(entry).kind);
            let first = Version::NONE.next();

            subject.stream_category == Some(event.category())
                && event.stream_id() == id
                && matches!(appended, Some(EntryKind::Appended(event)) if event.version == first)
        };

        is_first_write || self.messages_caused_by(call).any(begins_stream)
    }
}
