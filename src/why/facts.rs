use std::collections::BTreeMap;

use flow_domain::{
    clock::Timestamp,
    engine::Left,
    message::{Envelope, MessageId, MessageKind, Payload, Processing},
    record::{Ended, EntryId, HandlerKind, Happening, Record, Table, WrittenValue},
    wiring::{AggregateWiring, Wiring},
};
use serde_json::Value;

use crate::{expect::Seen, report::undone_with, why::Place};

/// What happened in a run, with what belongs together put together: the handlings and the messages.
pub(super) struct Facts<'r> {
    pub(super) record: &'r Record,
    pub(super) wiring: &'r Wiring,
    pub(super) left: &'r Left,
    pub(super) is_inline: bool,
    /// How many entries of the record are older than the first act, and than the last.
    pub(super) n_given: usize,
    pub(super) n_before_last_act: usize,
    pub(super) handlings: Vec<Handling<'r>>,
    pub(super) messages: Vec<Message<'r>>,
    /// The place of the message that came to be at an entry.
    message_at: BTreeMap<usize, usize>,
}

/// One call of a handler.
#[derive(Debug)]
pub(super) struct Handling<'r> {
    pub(super) started: EntryId,
    pub(super) handler: &'static str,
    pub(super) kind: HandlerKind,
    pub(super) attempt: u32,
    /// The place of its message.
    pub(super) message: Option<usize>,
    pub(super) ended: Option<&'r Ended>,
    /// The handling with which it was rolled back, if it was not by itself.
    pub(super) undone_with: Option<&'static str>,
    pub(super) writes: Vec<&'r WrittenValue>,
    pub(super) missed: Vec<(Table, &'r str)>,
    /// The places of the messages that it raised and issued.
    pub(super) caused: Vec<usize>,
}

/// One message.
#[derive(Debug)]
pub(super) struct Message<'r> {
    /// Where it came to be.
    pub(super) entry: EntryId,
    /// Where it was stored or handed over; `None` if it was rolled back.
    pub(super) kept: Option<EntryId>,
    pub(super) envelope: &'r Envelope,
    pub(super) name: String,
    /// The place of the handling in which it came to be; `None` if it came from outside.
    pub(super) by: Option<usize>,
    /// When it comes, if it was scheduled.
    pub(super) due: Option<Timestamp>,
    pub(super) is_cancelled: bool,
    pub(super) is_expired: bool,
    pub(super) has_no_subscriber: bool,
    /// Who gave up on it after how many attempts, and whether it is kept.
    pub(super) given_up: Vec<(&'static str, u32, bool)>,
}

impl<'r> Facts<'r> {
    pub(super) fn of(
        record: &'r Record,
        wiring: &'r Wiring,
        left: &'r Left,
        is_inline: bool,
        (n_given, n_before_last_act): (usize, usize),
    ) -> Self {
        let mut facts = Self {
            record,
            wiring,
            left,
            is_inline,
            n_given,
            n_before_last_act,
            handlings: Vec::new(),
            messages: Vec::new(),
            message_at: BTreeMap::new(),
        };
        let mut handling_at: BTreeMap<usize, usize> = BTreeMap::new();
        for entry in record.entries() {
            let cause = entry.cause.map(EntryId::index);
            let by = cause.and_then(|cause| handling_at.get(&cause).copied());
            let about = cause.and_then(|cause| facts.message_at.get(&cause).copied());
            match &entry.what {
                Happening::CommandReceived(envelope) => {
                    facts.add((entry.id, Some(entry.id)), envelope, by, None);
                }
                Happening::Scheduled { command, due } => {
                    facts.add((entry.id, Some(entry.id)), command, by, Some(*due));
                }
                Happening::Raised(envelope) => facts.add((entry.id, None), envelope, by, None),
                Happening::Appended(event) => match about {
                    Some(place) => {
                        facts.messages[place].kept = Some(entry.id);
                        facts.message_at.insert(entry.id.index(), place);
                    }
                    None => facts.add((entry.id, Some(entry.id)), &event.envelope, None, None),
                },
                Happening::HandlerStarted {
                    handler,
                    kind,
                    attempt,
                } => {
                    handling_at.insert(entry.id.index(), facts.handlings.len());
                    facts.handlings.push(Handling {
                        started: entry.id,
                        handler,
                        kind: *kind,
                        attempt: *attempt,
                        message: about,
                        ended: None,
                        undone_with: None,
                        writes: Vec::new(),
                        missed: Vec::new(),
                        caused: Vec::new(),
                    });
                }
                Happening::Cancelled(id) => facts.cancel(*id),
                what => facts.add_end((entry.id, what), by, about),
            }
        }
        facts
    }

    fn add(
        &mut self,
        (entry, kept): (EntryId, Option<EntryId>),
        envelope: &'r Envelope,
        by: Option<usize>,
        due: Option<Timestamp>,
    ) {
        let place = self.messages.len();
        self.message_at.insert(entry.index(), place);
        if let Some(by) = by {
            self.handlings[by].caused.push(place);
        }
        self.messages.push(Message {
            entry,
            kept,
            envelope,
            name: Seen::from(envelope).name,
            by,
            due,
            is_cancelled: false,
            is_expired: false,
            has_no_subscriber: false,
            given_up: Vec::new(),
        });
    }

    fn cancel(&mut self, id: MessageId) {
        let mut messages = self.messages.iter_mut();
        if let Some(message) = messages.find(|one| one.envelope.metadata.id == id) {
            message.is_cancelled = true;
        }
    }

    /// What became of a handling, or of a message.
    fn add_end(
        &mut self,
        (entry, what): (EntryId, &'r Happening),
        by: Option<usize>,
        about: Option<usize>,
    ) {
        if let Some(handling) = by.map(|by| &mut self.handlings[by]) {
            match what {
                Happening::HandlerEnded(ended) => {
                    handling.ended = Some(ended);
                    if *ended == Ended::Handled {
                        handling.undone_with = undone_with(self.record.entry(entry), self.record);
                    }
                }
                Happening::Written(written) => handling.writes.push(written),
                Happening::Missed { table, id } => handling.missed.push((*table, id)),
                _ => {}
            }
        }
        if let Some(message) = about.map(|place| &mut self.messages[place]) {
            match what {
                Happening::NoSubscriber => message.has_no_subscriber = true,
                Happening::Expired => message.is_expired = true,
                Happening::GivenUp {
                    handler,
                    attempts,
                    is_kept,
                } => message.given_up.push((handler, *attempts, *is_kept)),
                _ => {}
            }
        }
    }

    /// The handlings since the first act, in order.
    pub(super) fn acted(&self) -> impl DoubleEndedIterator<Item = &Handling<'r>> {
        let n_given = self.n_given;
        let all = self.handlings.iter();
        all.filter(move |one| n_given <= one.started.index())
    }

    /// The messages since the first act, in order.
    pub(super) fn acted_messages(&self) -> impl DoubleEndedIterator<Item = &Message<'r>> {
        let n_given = self.n_given;
        let all = self.messages.iter();
        all.filter(move |one| n_given <= one.entry.index())
    }

    pub(super) fn handlings_of(
        &self,
        message: &Message<'_>,
    ) -> impl Iterator<Item = &Handling<'r>> {
        let place = self.message_at.get(&message.entry.index()).copied();
        let all = self.handlings.iter();
        all.filter(move |one| one.message.is_some() && one.message == place)
    }

    pub(super) fn message_of(&self, handling: &Handling<'_>) -> Option<&Message<'r>> {
        handling.message.map(|place| &self.messages[place])
    }

    pub(super) fn handling_of(&self, message: &Message<'_>) -> Option<&Handling<'r>> {
        message.by.map(|by| &self.handlings[by])
    }

    /// Who was called for what.
    pub(super) fn place(&self, handling: &Handling<'_>) -> Place {
        let message = self.message_of(handling);
        Place {
            handler: handling.handler,
            message: message.map_or_else(String::new, |message| message.name.clone()),
            entry: handling.started,
        }
    }

    /// The names of what a handling raised and issued and was kept.
    pub(super) fn caused_by(&self, handling: &Handling<'_>) -> Vec<String> {
        let caused = handling.caused.iter().map(|place| &self.messages[*place]);
        let kept = caused.filter(|message| message.kept.is_some());
        kept.map(|message| message.name.clone()).collect()
    }

    /// The aggregate of this name.
    pub(super) fn aggregate(&self, name: &str) -> Option<&'r AggregateWiring> {
        let mut aggregates = self.wiring.aggregates.iter();
        aggregates.find(|one| one.name == name)
    }

    /// Who wrote last under this id, if that is still there or was deleted, oldest first.
    pub(super) fn writes_of<'a>(
        &'a self,
        table: Table,
        id: &'a str,
    ) -> impl DoubleEndedIterator<Item = (&'a Handling<'r>, &'r WrittenValue)> + 'a {
        self.handlings.iter().flat_map(move |handling| {
            let writes = handling.writes.iter().copied();
            let wanted = writes.filter(move |one| one.table == table && *one.id == *id);
            wanted.map(move |written| (handling, written))
        })
    }
}

impl Handling<'_> {
    /// Whether it was called in the last act.
    pub(super) fn is_of_last_act(&self, facts: &Facts<'_>) -> bool {
        facts.n_before_last_act <= self.started.index()
    }

    /// Whether it failed or refused.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.ended, Some(Ended::Failed(_) | Ended::Rejected(_)))
    }

    /// Whether it went well and has stayed.
    pub(super) fn is_handled(&self) -> bool {
        self.ended == Some(&Ended::Handled) && self.undone_with.is_none()
    }
}

impl Message<'_> {
    /// The content; that of a variant is one level below its name.
    pub(super) fn content(&self) -> Value {
        content_of(&self.name, &self.envelope.message)
    }

    /// The field that carries this id, if one does.
    pub(super) fn field_with(&self, text: &str) -> Option<String> {
        let Value::Object(fields) = self.content() else {
            return None;
        };
        // A number is an id if it is called so or the message is found by it, and else a quantity.
        let is_own = self.envelope.metadata.stream.id() == text;
        let mut fields = fields.into_iter();
        let found = fields.find(|(name, value)| match value {
            Value::Number(_) => (is_own || name.ends_with("id")) && is_text(value, text),
            _ => is_text(value, text),
        });
        found.map(|(name, _)| name)
    }

    /// Whether it is about the thing with this id.
    pub(super) fn is_about(&self, id: &str) -> bool {
        self.envelope.metadata.stream.id() == id || self.field_with(id).is_some()
    }

    /// What a handler does with it: events are raised, commands are issued.
    pub(super) fn verb(&self) -> &'static str {
        if self.is_event() { "raised" } else { "issued" }
    }

    pub(super) fn is_event(&self) -> bool {
        self.envelope.metadata.kind == MessageKind::Event
    }

    pub(super) fn is_handled_later(&self) -> bool {
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
pub(super) fn is_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value == text,
        Value::Number(number) => number.to_string() == text,
        _ => false,
    }
}
