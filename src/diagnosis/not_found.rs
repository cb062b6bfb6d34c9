use std::collections::BTreeSet;

use flow_domain::{
    message::Payload,
    record::{Table, TableKind},
    wiring::nearest,
};

use crate::diagnosis::{
    Cause, ExpectedKey, MissingState, Similarity, StoredAs, ValueOrigin,
    causal_index::{CausalIndex, IndexedCall, equals_text},
};

/// What a handling looked for in vain, and where it was instead.
impl<'r> CausalIndex<'r> {
    /// An aggregate that a handling looked for in vain, although its events are there.
    pub(super) fn missing_state(&self, handling: &IndexedCall<'r>) -> Option<String> {
        let (table, id) = handling.not_found.iter().find(|(table, id)| {
            let own = self.aggregate(table.name).filter(|one| !one.event_sourced);
            let mut messages = self.messages.iter();

            own.is_some_and(|own| {
                messages.any(|message| {
                    let stream = &message.envelope.metadata.stream;
                    message.is_event()
                        && message.stored_at.is_some()
                        && message.category() == own.category
                        && stream.id() == *id
                })
            })
        })?;

        Some(format!("{} {id:?}", table.name))
    }

    /// What was to be there, and what was there instead.
    pub(super) fn describe_missing(&self, what: &'static str, id: &str) -> MissingState {
        let own = self.aggregate(what);
        let kind = match own {
            Some(_) => TableKind::Aggregate,
            None => TableKind::Projection,
        };

        MissingState {
            type_name: what,
            id: id.to_owned(),
            stored_as: match own {
                Some(own) if own.event_sourced => StoredAs::Events,
                Some(_) => StoredAs::State,
                None => StoredAs::Row,
            },
            known_ids: self.known_ids(Table::new(kind, what)).into_iter().collect(),
        }
    }

    /// Whether a handling looked for something under a wrong id: there is one whose id its message
    /// carries in another field, or one with nearly the same id.
    pub(super) fn wrong_key(&self, handling: &IndexedCall<'r>) -> Option<Cause> {
        handling
            .not_found
            .iter()
            .find_map(|(table, id)| self.wrong_key_for(handling, *table, id))
    }

    fn wrong_key_for(&self, handling: &IndexedCall<'r>, table: Table, id: &str) -> Option<Cause> {
        let message = self.message_of(handling)?;
        let field = message.field_carrying(id);
        let known = self.known_ids(table);
        let carried = known.iter().find_map(|known| {
            let other = message.field_carrying(known)?;
            (Some(&other) != field.as_ref()).then(|| ExpectedKey::InField(other, known.clone()))
        });
        // A message that has the right id where such ids are is not to blame.
        let is_right = matches!(&carried, Some(ExpectedKey::InField(right, _)) if self.is_id_field(table, right));

        if !is_right {
            let elsewhere = known.iter().find_map(|wrote| {
                let ids = (id, &**wrote);
                let misfiled = self.stored_under_other_id(table, ids);
                misfiled.or_else(|| self.stored_under_changed_id(table, ids, handling))
            });

            if elsewhere.is_some() {
                return elsewhere;
            }
        }

        let origin = field.as_ref().map(|field| {
            let value = serde_json::Value::String(id.to_owned());
            self.origin_of(message, field, &value)
        });
        let origin =
            origin.filter(|origin| !is_right && !matches!(origin, ValueOrigin::TestFlow { .. }));
        let is_changed = matches!(origin, Some(ValueOrigin::Changed { .. }));
        let right = match carried {
            Some(carried) => carried,
            None => match nearest(id, known.iter().map(String::as_str)) {
                Some(near) => ExpectedKey::Similar(near.to_owned()),
                None if is_changed => ExpectedKey::Unknown,
                None => return None,
            },
        };

        Some(Cause::WrongKey {
            at: self.handler_call(handling),
            type_name: table.name,
            id: id.to_owned(),
            field,
            expected_key: right,
            origin,
        })
    }

    /// Whether messages carry the id of such a thing in a field of this name.
    fn is_id_field(&self, table: Table, field: &str) -> bool {
        let Some(own) = self.aggregate(table.name) else {
            return self
                .calls
                .iter()
                .flat_map(|one| one.writes.iter())
                .filter(|one| one.table == table)
                .any(|row| {
                    let now = row.after.as_ref().map(Payload::to_value);
                    now.is_some_and(|now| {
                        now.get(field)
                            .is_some_and(|value| equals_text(value, &row.id))
                    })
                });
        };

        self.messages.iter().any(|message| {
            let id = message.envelope.metadata.stream.id();
            message.category() == own.category
                && message
                    .content()
                    .get(field)
                    .is_some_and(|value| equals_text(value, id))
        })
    }

    /// Whether what was looked for was written under the other id, by a handler of a message of the
    /// first.
    fn stored_under_other_id(&self, table: Table, (wanted, wrote): (&str, &str)) -> Option<Cause> {
        let (by, _) = self.writes_of(table, wrote).next()?;
        let message = self.message_of(by)?;

        if message.envelope.metadata.stream.id() != wanted {
            return None;
        }

        let n_letters = strsim::damerau_levenshtein(wanted, wrote);
        let nearness = match message.field_carrying(wanted) {
            Some(field) => Similarity::InField(field),
            None => Similarity::EditDistance(n_letters),
        };

        Some(Cause::WroteOther {
            at: self.handler_call(by),
            wanted: format!("{} {wanted:?}", table.name),
            wrote: format!("{} {wrote:?}", table.name),
            similarity: nearness,
            origin: None,
        })
    }

    /// Whether what was looked for was written under the other id because a handler made that of the right
    /// one.
    fn stored_under_changed_id(
        &self,
        table: Table,
        (wanted, wrote): (&str, &str),
        missed_by: &IndexedCall<'r>,
    ) -> Option<Cause> {
        let (by, _) = self.writes_of(table, wrote).next()?;
        // What came later was not to be found yet.
        if missed_by.started < by.started {
            return None;
        }

        let message = self.message_of(by)?;
        let field = message.field_carrying(wrote)?;
        let value = serde_json::Value::String(wrote.to_owned());
        let origin = self.origin_of(message, &field, &value);
        let ValueOrigin::Changed { original: said, .. } = &origin else {
            return None;
        };

        equals_text(said, wanted).then(|| Cause::WroteOther {
            at: self.handler_call(by),
            wanted: format!("{} {wanted:?}", table.name),
            wrote: format!("{} {wrote:?}", table.name),
            similarity: Similarity::Unrelated,
            origin: Some(origin),
        })
    }

    /// Whether a handler did not find what an event would have made that it is not told of.
    pub(super) fn unsubscribed_creation(&self, handling: &IndexedCall<'r>) -> Option<Cause> {
        let (_, id) = handling.not_found.first()?;
        let own = self.message_of(handling)?;
        let mut earlier = self.messages.iter().filter(|message| {
            message.is_event()
                && message.stored_at.is_some()
                && message.entry < own.entry
                && message.envelope.metadata.stream.id() == *id
                && (message.category() == own.category()
                    || self.reads_category(handling.handler, message.category()))
        });
        let first = earlier.next()?;
        let is_told = self.is_subscribed(handling.handler, first);

        (!is_told).then(|| self.no_subscriber(first, Some(handling.handler)))
    }

    /// The ids under which such things were ever kept.
    pub(super) fn known_ids(&self, table: Table) -> BTreeSet<String> {
        let written = self
            .calls
            .iter()
            .flat_map(|one| one.writes.iter())
            .filter(|one| one.table == table && one.after.is_some());
        let mut ids: BTreeSet<String> = written.map(|one| one.id.to_string()).collect();

        if table.kind == TableKind::Aggregate {
            let category = self
                .aggregate(table.name)
                .filter(|one| one.event_sourced)
                .map(|one| one.category);
            let events = self.messages.iter().filter(|message| {
                message.is_event()
                    && message.stored_at.is_some()
                    && Some(message.category()) == category
            });

            ids.extend(events.map(|event| event.envelope.metadata.stream.id().to_owned()));
        }

        ids
    }
}
