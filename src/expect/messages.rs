use flow_domain::{
    Error, Message,
    message::{Envelope, Payload},
    model::SerializedMessage,
    record::{EntryId, EntryKind, Record},
};
use serde_json::Value;

use crate::{
    diagnosis::{Subject, content_of},
    expect::alignment::align,
    flow::{Expectation, Mismatch},
    report::show_message,
    run::Outcome,
};

/// A message, as it is compared and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageView {
    pub(crate) name: String,
    pub(crate) payload: Payload,
}

impl MessageView {
    pub(crate) fn show(&self) -> String {
        show_message(&self.name, &self.payload)
    }

    /// Its content; that of a variant is one level below its name.
    pub(crate) fn content(&self) -> Value {
        content_of(&self.name, &self.payload)
    }

    /// The same name and the same content, whatever the order of its fields.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        self.name == other.name
            && (self.payload == other.payload
                || self.payload.to_value() == other.payload.to_value())
    }
}

impl From<&SerializedMessage> for MessageView {
    fn from(message: &SerializedMessage) -> Self {
        Self {
            name: match message.name.version() {
                1 => message.name.as_str().to_owned(),
                _ => message.name.to_string(),
            },
            payload: message.payload.clone(),
        }
    }
}

impl From<&Envelope> for MessageView {
    fn from(envelope: &Envelope) -> Self {
        let message_type = &envelope.metadata.message_type;
        Self {
            name: match message_type.version() {
                1 => message_type.name().to_owned(),
                version => format!("{}.v{version}", message_type.name()),
            },
            payload: envelope.message.clone(),
        }
    }
}

/// Returns what was written down, or the mismatch that it could not be.
pub(super) fn expected_views(
    expected: &Result<Vec<SerializedMessage>, Error>,
) -> Result<Vec<MessageView>, Mismatch> {
    match expected {
        Ok(messages) => Ok(messages.iter().map(MessageView::from).collect()),
        Err(err) => Err(Mismatch::new(
            "messages that have a JSON form",
            err.with_causes().to_string(),
        )),
    }
}

pub(super) fn name_list(messages: &[MessageView]) -> String {
    if messages.is_empty() {
        return "nothing".to_owned();
    }

    let names: Vec<&str> = messages
        .iter()
        .map(|message| message.name.as_str())
        .collect();
    names.join(", ")
}

/// Compares two lists of messages, one against one and in order.
pub(crate) fn compare_messages(
    expected: &[MessageView],
    found: &[MessageView],
) -> Result<(), Mismatch> {
    let same = expected.len() == found.len()
        && expected
            .iter()
            .zip(found)
            .all(|(expected, found)| expected.equals(found));

    if same {
        return Ok(());
    }

    let aligned = align(expected, found);
    let mismatch =
        Mismatch::new(name_list(expected), name_list(found)).with_differences(aligned.lines);

    Err(mismatch.with_subject(Subject::Messages {
        missing: aligned.missing,
        unexpected: aligned.unexpected,
        expected: expected.iter().map(|one| one.name.clone()).collect(),
        found: found.iter().map(|one| one.name.clone()).collect(),
    }))
}

/// Expects exactly these commands, issued by handlers because of the last act.
#[derive(Debug)]
pub(super) struct Commands {
    expected: Result<Vec<SerializedMessage>, Error>,
}

impl Commands {
    pub(super) fn new(expected: Result<Vec<SerializedMessage>, Error>) -> Self {
        Self { expected }
    }
}

impl Expectation for Commands {
    fn describe(&self) -> String {
        let expected = expected_views(&self.expected).unwrap_or_default();
        format!("commands {}", name_list(&expected))
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let (mut found, mut undone) = (Vec::new(), Vec::new());
        for (command, undone_with) in outcome.last_act_commands() {
            let seen = MessageView::from(command);
            match undone_with {
                None => found.push(seen),
                Some(handler) => {
                    let shown = seen.show();
                    undone.push(format!("rolled back  {shown}, with {handler}"));
                }
            }
        }

        compare_messages(&expected_views(&self.expected)?, &found).map_err(|mut mismatch| {
            mismatch.differences.append(&mut undone);
            mismatch
        })
    }
}

/// The message that came to be at an entry.
pub(super) fn message_at(entry: EntryId, record: &Record) -> Option<&Envelope> {
    match &record.entry(entry).kind {
        EntryKind::CommandReceived(message)
        | EntryKind::Scheduled {
            command: message, ..
        } => Some(message),
        EntryKind::Appended(event) => Some(&event.envelope),
        _ => None,
    }
}

/// Refuses a message that cannot occur in the domain: nothing that is said of it would show anything.
pub(super) fn require_known_message<M: Message>(outcome: &Outcome) -> Result<(), Mismatch> {
    let known = outcome.system().message_names();
    let is_known = M::SCHEMAS
        .iter()
        .any(|schema| known.contains(&schema.name.to_string()));

    if is_known {
        return Ok(());
    }

    let found = "no such message in the domain";
    Err(Mismatch::new(format!("the message {}", M::NAME), found))
}
