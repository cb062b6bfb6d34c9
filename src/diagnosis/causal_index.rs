use std::collections::BTreeMap;

use flow_domain::{
    clock::Timestamp,
    engine::Remaining,
    message::{Envelope, MessageId, MessageKind, Payload, Processing},
    record::{EntryId, EntryKind, HandlerKind, HandlerOutcome, Record, StateChange, Table},
    wiring::{AggregateWiring, Wiring},
};
use serde_json::Value;

use crate::{diagnosis::HandlerCall, expect::MessageView, report::rolled_back_by};

/// What happened in a run, with what belongs together put together: the handlings and the messages.
pub(super) struct CausalIndex<'r> {
    pub(super) record: &'r Record,
    pub(super) wiring: &'r Wiring,
    pub(super) remaining: &'r Remaining,
    pub(super) is_inline: bool,
    /// How many entries of the record are older than the first act, and than the last.
    pub(super) n_given: usize,
    pub(super) n_before_last_act: usize,
    pub(super) calls: Vec<IndexedCall<'r>>,
    pub(super) messages: Vec<IndexedMessage<'r>>,
    /// The place of the message that came to be at an entry.
    message_by_entry: BTreeMap<usize, usize>,
}

/// One call of a handler.
#[derive(Debug)]
pub(super) struct IndexedCall<'r> {
    pub(super) started: EntryId,
    pub(super) handler: &'static str,
    pub(super) kind: HandlerKind,
    pub(super) attempt: u32,
    /// The place of its message.
    pub(super) message: Option<usize>,
    pub(super) outcome: Option<&'r HandlerOutcome>,
    /// The handling with which it was rolled back, if it was not by itself.
    pub(super) rolled_back_by: Option<&'static str>,
    pub(super) writes: Vec<&'r StateChange>,
    pub(super) not_found: Vec<(Table, &'r str)>,
    /// The places of the messages that it raised and issued.
    pub(super) caused: Vec<usize>,
}

/// One message.
#[derive(Debug)]
pub(super) struct IndexedMessage<'r> {
    /// Where it came to be.
    pub(super) entry: EntryId,
    /// Where it was stored or handed over; `None` if it was rolled back.
    pub(super) stored_at: Option<EntryId>,
    pub(super) envelope: &'r Envelope,
    pub(super) name: String,
    /// The place of the handling in which it came to be; `None` if it came from outside.
    pub(super) produced_by: Option<usize>,
    /// When it comes, if it was scheduled.
    pub(super) due: Option<Timestamp>,
    pub(super) is_cancelled: bool,
    pub(super) is_expired: bool,
    pub(super) has_no_subscriber: bool,
    /// Who gave up on it after how many attempts, and whether it is kept.
    pub(super) retries_exhausted: Vec<(&'static str, u32, bool)>,
}

impl<'r> CausalIndex<'r> {
    pub(super) fn build(
        record: &'r Record,
        wiring: &'r Wiring,
        left: &'r Remaining,
        is_inline: bool,
        (n_given, n_before_last_act): (usize, usize),
    ) -> Self {
        let mut facts = Self {
            record,
            wiring,
            remaining: left,
            is_inline,
            n_given,
            n_before_last_act,
            calls: Vec::new(),
            messages: Vec::new(),
            message_by_entry: BTreeMap::new(),
        };
        let mut handling_at: BTreeMap<usize, usize> = BTreeMap::new();

        for entry in record.entries() {
            let cause = entry.cause.map(EntryId::index);
            let by = cause.and_then(|cause| handling_at.get(&cause).copied());
            let about = cause.and_then(|cause| facts.message_by_entry.get(&cause).copied());

            match &entry.kind {
                EntryKind::CommandReceived(envelope) => {
                    facts.add_message((entry.id, Some(entry.id)), envelope, by, None);
                }
                EntryKind::Scheduled { command, due } => {
                    facts.add_message((entry.id, Some(entry.id)), command, by, Some(*due));
                }
                EntryKind::Raised(envelope) => {
                    facts.add_message((entry.id, None), envelope, by, None);
                }
                EntryKind::Appended(event) => match about {
                    Some(place) => {
                        facts.messages[place].stored_at = Some(entry.id);
                        facts.message_by_entry.insert(entry.id.index(), place);
                    }
                    None => {
                        facts.add_message((entry.id, Some(entry.id)), &event.envelope, None, None);
                    }
                },
                EntryKind::HandlerStarted {
                    handler,
                    kind,
                    attempt,
                } => {
                    handling_at.insert(entry.id.index(), facts.calls.len());
                    facts.calls.push(IndexedCall {
                        started: entry.id,
                        handler,
                        kind: *kind,
                        attempt: *attempt,
                        message: about,
                        outcome: None,
                        rolled_back_by: None,
                        writes: Vec::new(),
                        not_found: Vec::new(),
                        caused: Vec::new(),
                    });
                }
                EntryKind::Cancelled(id) => facts.mark_cancelled(*id),
                what => facts.add_result((entry.id, what), by, about),
            }
        }

        facts
    }

    fn add_message(
        &mut self,
        (entry, kept): (EntryId, Option<EntryId>),
        envelope: &'r Envelope,
        by: Option<usize>,
        due: Option<Timestamp>,
    ) {
        let place = self.messages.len();
        self.message_by_entry.insert(entry.index(), place);
        if let Some(by) = by {
            self.calls[by].caused.push(place);
        }

        self.messages.push(IndexedMessage {
            entry,
            stored_at: kept,
            envelope,
            name: MessageView::from(envelope).name,
            produced_by: by,
            due,
            is_cancelled: false,
            is_expired: false,
            has_no_subscriber: false,
            retries_exhausted: Vec::new(),
        });
    }

    fn mark_cancelled(&mut self, id: MessageId) {
        if let Some(message) = self
            .messages
            .iter_mut()
            .find(|one| one.envelope.metadata.id == id)
        {
            message.is_cancelled = true;
        }
    }

    /// What became of a handling, or of a message.
    fn add_result(
        &mut self,
        (entry, what): (EntryId, &'r EntryKind),
        by: Option<usize>,
        about: Option<usize>,
    ) {
        if let Some(handling) = by.map(|by| &mut self.calls[by]) {
            match what {
                EntryKind::HandlerEnded(ended) => {
                    handling.outcome = Some(ended);
                    if *ended == HandlerOutcome::Handled {
                        handling.rolled_back_by =
                            rolled_back_by(self.record.entry(entry), self.record);
                    }
                }
                EntryKind::StateChanged(written) => handling.writes.push(written),
                EntryKind::NotFound { table, id } => handling.not_found.push((*table, id)),
                _ => {}
            }
        }

        if let Some(message) = about.map(|place| &mut self.messages[place]) {
            match what {
                EntryKind::NoSubscriber => message.has_no_subscriber = true,
                EntryKind::Expired => message.is_expired = true,
                EntryKind::RetriesExhausted {
                    handler,
                    attempts,
                    is_dead_lettered: is_kept,
                } => message
                    .retries_exhausted
                    .push((handler, *attempts, *is_kept)),
                _ => {}
            }
        }
    }

    /// The handlings since the first act, in order.
    pub(super) fn calls_in_acts(&self) -> impl DoubleEndedIterator<Item = &IndexedCall<'r>> {
        let n_given = self.n_given;
        self.calls
            .iter()
            .filter(move |one| n_given <= one.started.index())
    }

    /// The messages since the first act, in order.
    pub(super) fn messages_in_acts(&self) -> impl DoubleEndedIterator<Item = &IndexedMessage<'r>> {
        let n_given = self.n_given;
        self.messages
            .iter()
            .filter(move |one| n_given <= one.entry.index())
    }

    pub(super) fn calls_of(
        &self,
        message: &IndexedMessage<'_>,
    ) -> impl Iterator<Item = &IndexedCall<'r>> {
        let place = self.message_by_entry.get(&message.entry.index()).copied();
        self.calls
            .iter()
            .filter(move |one| one.message.is_some() && one.message == place)
    }

    pub(super) fn message_of(&self, handling: &IndexedCall<'_>) -> Option<&IndexedMessage<'r>> {
        handling.message.map(|place| &self.messages[place])
    }

    pub(super) fn producer_of(&self, message: &IndexedMessage<'_>) -> Option<&IndexedCall<'r>> {
        message.produced_by.map(|by| &self.calls[by])
    }

    /// Who was called for what.
    pub(super) fn handler_call(&self, handling: &IndexedCall<'_>) -> HandlerCall {
        let message = self.message_of(handling);
        HandlerCall {
            handler: handling.handler,
            message: message.map_or_else(String::new, |message| message.name.clone()),
            entry: handling.started,
        }
    }

    /// The names of what a handling raised and issued and was kept.
    pub(super) fn caused_names(&self, handling: &IndexedCall<'_>) -> Vec<String> {
        handling
            .caused
            .iter()
            .map(|place| &self.messages[*place])
            .filter(|message| message.stored_at.is_some())
            .map(|message| message.name.clone())
            .collect()
    }

    /// The aggregate of this name.
    pub(super) fn aggregate(&self, name: &str) -> Option<&'r AggregateWiring> {
        self.wiring.aggregates.iter().find(|one| one.name == name)
    }

    /// Who wrote last under this id, if that is still there or was deleted, oldest first.
    pub(super) fn writes_of<'a>(
        &'a self,
        table: Table,
        id: &'a str,
    ) -> impl DoubleEndedIterator<Item = (&'a IndexedCall<'r>, &'r StateChange)> + 'a {
        self.calls.iter().flat_map(move |handling| {
            handling
                .writes
                .iter()
                .copied()
                .filter(move |one| one.table == table && *one.id == *id)
                .map(move |written| (handling, written))
        })
    }
}

impl IndexedCall<'_> {
    /// Whether it was called in the last act.
    pub(super) fn is_in_last_act(&self, facts: &CausalIndex<'_>) -> bool {
        facts.n_before_last_act <= self.started.index()
    }

    /// Whether it failed or refused.
    pub(super) fn has_failed(&self) -> bool {
        matches!(
            self.outcome,
            Some(HandlerOutcome::Failed(_) | HandlerOutcome::Rejected(_))
        )
    }

    /// Whether it went well and has stayed.
    pub(super) fn has_succeeded(&self) -> bool {
        self.outcome == Some(&HandlerOutcome::Handled) && self.rolled_back_by.is_none()
    }
}

impl IndexedMessage<'_> {
    /// The content; that of a variant is one level below its name.
    pub(super) fn content(&self) -> Value {
        content_of(&self.name, &self.envelope.message)
    }

    /// The field that carries this id, if one does.
    pub(super) fn field_carrying(&self, text: &str) -> Option<String> {
        let Value::Object(fields) = self.content() else {
            return None;
        };

        // A number is an id if it is called so or the message is found by it, and else a quantity.
        let is_own = self.envelope.metadata.stream.id() == text;
        let found = fields.into_iter().find(|(name, value)| match value {
            Value::Number(_) => (is_own || name.ends_with("id")) && equals_text(value, text),
            _ => equals_text(value, text),
        });

        found.map(|(name, _)| name)
    }

    /// Whether it is about the thing with this id.
    pub(super) fn is_about(&self, id: &str) -> bool {
        self.envelope.metadata.stream.id() == id || self.field_carrying(id).is_some()
    }

    /// What a handler does with it: events are raised, commands are issued.
    pub(super) fn verb(&self) -> &'static str {
        if self.is_event() { "raised" } else { "issued" }
    }

    pub(super) fn is_event(&self) -> bool {
        self.envelope.metadata.kind == MessageKind::Event
    }

    pub(super) fn is_async(&self) -> bool {
        self.envelope.metadata.processing == Processing::Async
    }

    pub(super) fn category(&self) -> &str {
        self.envelope.metadata.stream.category()
    }
}

/// The content of a message; that of a variant is one level below its name.
pub(crate) fn content_of(name: &str, payload: &Payload) -> Value {
    match payload.to_value() {
        Value::Object(mut fields) if fields.len() == 1 => {
            let variant = fields
                .keys()
                .find(|variant| name.starts_with(variant.as_str()))
                .cloned();

            match variant.and_then(|variant| fields.remove(&variant)) {
                Some(Value::Object(inner)) => Value::Object(inner),
                Some(other) => serde_json::json!({ name: other }),
                None => Value::Object(fields),
            }
        }
        other => other,
    }
}

/// Whether a value is this text, or a number that is written so.
pub(super) fn equals_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value == text,
        Value::Number(number) => number.to_string() == text,
        _ => false,
    }
}
