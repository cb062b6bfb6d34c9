use std::collections::BTreeSet;

use flow_domain::{
    json::Json,
    record::{HandlerKind, Table, TableKind},
    wiring::nearest,
};

use crate::diagnosis::{
    Cause, ExpectedKey, MissingState, Similarity, StoredAs, ValueOrigin,
    causal_index::{CausalIndex, IndexedCall},
    indexed_message::equals_text,
};

/// Which state a call did not find, and where that state is instead.
impl<'r> CausalIndex<'r> {
    /// Returns an aggregate that a call did not find, although it has events.
    ///
    /// The aggregate is stored as state: its events do not create it.
    pub(super) fn missing_state(&self, call: &IndexedCall<'r>) -> Option<String> {
        let has_events = |category: &str, id: &str| {
            self.messages.iter().any(|message| {
                message.is_event()
                    && message.is_stored()
                    && message.category() == category
                    && message.stream_id() == id
            })
        };

        let (table, id) = call.not_found.iter().find(|(table, id)| {
            self.aggregate(table.name)
                .filter(|aggregate| !aggregate.event_sourced)
                .is_some_and(|aggregate| has_events(aggregate.category, id))
        })?;

        Some(format!("{} {id:?}", table.name))
    }

    /// Describes a state that was not found, and how such states are stored.
    pub(super) fn describe_missing(&self, type_name: &'static str, id: &str) -> MissingState {
        let aggregate = self.aggregate(type_name);
        let kind = match aggregate {
            Some(_) => TableKind::Aggregate,
            None => TableKind::Projection,
        };
        let known_ids = self.known_ids(Table::new(kind, type_name));

        MissingState {
            type_name,
            id: id.to_owned(),
            stored_as: match aggregate {
                Some(aggregate) if aggregate.event_sourced => StoredAs::Events,
                Some(_) => StoredAs::State,
                None => StoredAs::Row,
            },
            known_ids: known_ids.into_iter().collect(),
        }
    }

    /// Returns the cause that a call used a wrong id.
    ///
    /// Either the message contains a stored id in another field, or a stored id is similar.
    pub(super) fn wrong_key(&self, call: &IndexedCall<'r>) -> Option<Cause> {
        call.not_found
            .iter()
            .find_map(|(table, id)| self.wrong_key_for(call, *table, id))
    }

    fn wrong_key_for(&self, call: &IndexedCall<'r>, table: Table, id: &str) -> Option<Cause> {
        let message = self.message_of(call)?;
        let field = message.field_carrying(id);

        let known_ids = self.known_ids(table);
        let in_other_field = known_ids.iter().find_map(|known| {
            let known_field = message.field_carrying(known)?;
            (Some(&known_field) != field.as_ref())
                .then(|| ExpectedKey::InField(known_field, known.clone()))
        });
        // If the message has the stored id in its id field, the call alone used the wrong id. The
        // other handlers and the producers of the message are not to blame then.
        let is_message_right = matches!(
            &in_other_field,
            Some(ExpectedKey::InField(field, _)) if self.is_id_field(table, field)
        );

        if !is_message_right {
            let wrong_write = known_ids.iter().find_map(|written| {
                self.stored_under_other_id(table, id, written)
                    .or_else(|| self.stored_under_changed_id(table, id, written, call))
            });
            if wrong_write.is_some() {
                return wrong_write;
            }
        }

        let origin = field
            .as_ref()
            .map(|field| self.origin_of(message, field, &Json::from(id)))
            .filter(|origin| !is_message_right && !matches!(origin, ValueOrigin::TestFlow { .. }));
        let is_changed = matches!(origin, Some(ValueOrigin::Changed { .. }));
        let expected_key = match in_other_field {
            Some(expected_key) => expected_key,
            None => match nearest(id, known_ids.iter().map(String::as_str)) {
                Some(similar) => ExpectedKey::Similar(similar.to_owned()),
                None if is_changed => ExpectedKey::Unknown,
                None => return None,
            },
        };

        Some(Cause::WrongKey {
            at: self.handler_call(call),
            type_name: table.name,
            id: id.to_owned(),
            field,
            expected_key,
            origin,
        })
    }

    /// Returns true if a field of this name contains the id of a state in this table.
    ///
    /// For an aggregate, the messages of its category show this; for other states, the written
    /// rows.
    fn is_id_field(&self, table: Table, field: &str) -> bool {
        let Some(aggregate) = self.aggregate(table.name) else {
            return self
                .calls
                .iter()
                .flat_map(|call| call.writes.iter())
                .filter(|change| change.table == table)
                .any(|change| {
                    let row = change.after.as_ref().and_then(|row| row.to_json().ok());
                    row.is_some_and(|row| has_text(&row, field, &change.id))
                });
        };

        self.messages.iter().any(|message| {
            message.category() == aggregate.category
                && message
                    .content()
                    .is_some_and(|content| has_text(&content, field, message.stream_id()))
        })
    }

    /// Returns the call that stored the wanted state under another id.
    ///
    /// The message of that call belongs to the stream with the wanted id.
    fn stored_under_other_id(&self, table: Table, wanted: &str, written: &str) -> Option<Cause> {
        let (writer, _) = self.writes_of(table, written).next()?;
        let message = self.message_of(writer)?;

        if message.stream_id() != wanted {
            return None;
        }

        let similarity = match message.field_carrying(wanted) {
            Some(field) => Similarity::InField {
                field,
                id: wanted.to_owned(),
            },
            None => Similarity::EditDistance(strsim::damerau_levenshtein(wanted, written)),
        };

        Some(Cause::WroteOther {
            at: self.handler_call(writer),
            wanted: format!("{} {wanted:?}", table.name),
            wrote: format!("{} {written:?}", table.name),
            similarity,
            origin: None,
        })
    }

    /// Returns the call that stored the wanted state under an id that a handler changed.
    fn stored_under_changed_id(
        &self,
        table: Table,
        wanted: &str,
        written: &str,
        reader: &IndexedCall<'r>,
    ) -> Option<Cause> {
        let (writer, _) = self.writes_of(table, written).next()?;
        // The reader could not find what was written later.
        if reader.started < writer.started {
            return None;
        }

        let message = self.message_of(writer)?;
        let field = message.field_carrying(written)?;
        let origin = self.origin_of(message, &field, &Json::from(written));
        let ValueOrigin::Changed { original, .. } = &origin else {
            return None;
        };

        equals_text(original, wanted).then(|| Cause::WroteOther {
            at: self.handler_call(writer),
            wanted: format!("{} {wanted:?}", table.name),
            wrote: format!("{} {written:?}", table.name),
            similarity: Similarity::Unrelated,
            origin: Some(origin),
        })
    }

    /// Returns the cause that the handler does not subscribe to the event that would have created
    /// the missing state.
    pub(super) fn unsubscribed_creation(&self, call: &IndexedCall<'r>) -> Option<Cause> {
        // A command handler does not subscribe to events.
        if call.kind == HandlerKind::CommandHandler {
            return None;
        }

        let (_, id) = call.not_found.first()?;
        let own_message = self.message_of(call)?;

        let creating_event = self.messages.iter().find(|message| {
            message.is_event()
                && message.is_stored()
                && message.entry < own_message.entry
                && message.stream_id() == *id
                && (message.category() == own_message.category()
                    || self.reads_category(call.handler, message.category()))
        })?;
        let is_subscribed = self.is_subscribed(call.handler, creating_event);

        (!is_subscribed).then(|| self.no_subscriber(creating_event, Some(call.handler)))
    }

    /// Returns all ids under which a state of this table was ever stored.
    pub(super) fn known_ids(&self, table: Table) -> BTreeSet<String> {
        let mut ids: BTreeSet<String> = self.written_ids(table).map(str::to_owned).collect();

        if table.kind == TableKind::Aggregate {
            let category = self
                .aggregate(table.name)
                .filter(|aggregate| aggregate.event_sourced)
                .map(|aggregate| aggregate.category);
            let events = self.messages.iter().filter(|message| {
                message.is_event() && message.is_stored() && Some(message.category()) == category
            });

            ids.extend(events.map(|event| event.stream_id().to_owned()));
        }

        ids
    }
}

/// Returns true if the field of an object is this text.
fn has_text(object: &Json, field: &str, text: &str) -> bool {
    object
        .get(field)
        .is_some_and(|value| equals_text(value, text))
}
