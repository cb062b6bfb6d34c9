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

/// The name and content of a message, as they are compared and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageView {
    pub(crate) name: String,
    pub(crate) payload: Payload,
}

impl MessageView {
    pub(crate) fn show(&self) -> String {
        show_message(&self.name, &self.payload)
    }

    /// Returns the content of the message.
    ///
    /// For a variant of an enum, this is the JSON below the name of the variant.
    pub(crate) fn content(&self) -> Value {
        content_of(&self.name, &self.payload)
    }

    /// Returns true if name and content are equal. The order of the fields does not matter.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        self.name == other.name
            && (self.payload == other.payload
                || self.payload.to_value() == other.payload.to_value())
    }
}

impl From<&SerializedMessage> for MessageView {
    fn from(message: &SerializedMessage) -> Self {
        Self {
            // A name shows its version only from version 2 on.
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

/// Returns the expected messages, or a mismatch if they could not be serialized.
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

/// Returns the names of the messages as one text.
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

/// Requires that two lists hold equal messages in the same order.
pub(crate) fn compare_messages(
    expected: &[MessageView],
    found: &[MessageView],
) -> Result<(), Mismatch> {
    let are_equal = expected.len() == found.len()
        && expected
            .iter()
            .zip(found)
            .all(|(expected, found)| expected.equals(found));
    if are_equal {
        return Ok(());
    }

    let alignment = align(expected, found);
    let mismatch =
        Mismatch::new(name_list(expected), name_list(found)).with_differences(alignment.lines);
    Err(mismatch.with_subject(Subject::Messages {
        missing: alignment.missing,
        unexpected: alignment.unexpected,
        expected: expected.iter().map(|view| view.name.clone()).collect(),
        found: found.iter().map(|view| view.name.clone()).collect(),
    }))
}

/// The expectation of [`commands`](crate::expect::commands).
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
        let (mut found, mut rolled_back) = (Vec::new(), Vec::new());
        for (command, rolled_back_by) in outcome.last_act_commands() {
            let view = MessageView::from(command);
            match rolled_back_by {
                None => found.push(view),
                Some(handler) => {
                    let shown = view.show();
                    rolled_back.push(format!(
                        "rolled back  {shown}, because {handler} did not succeed"
                    ));
                }
            }
        }

        compare_messages(&expected_views(&self.expected)?, &found).map_err(|mut mismatch| {
            mismatch.differences.append(&mut rolled_back);
            mismatch
        })
    }
}

/// Returns the message that was issued, scheduled or stored at this entry.
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

/// Requires that the domain knows the message type `M`.
///
/// An expectation about an unknown message is a mistake: no run could ever contain the message.
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
