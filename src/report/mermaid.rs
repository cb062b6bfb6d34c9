use flow_domain::record::{Entry, EntryKind, Record};

use crate::{
    expect::MessageView,
    report::effects::{Effects, attempt_suffix},
};

/// Words that begin something else in a diagram.
const RESERVED: [&str; 12] = [
    "activate",
    "alt",
    "and",
    "box",
    "else",
    "end",
    "loop",
    "note",
    "opt",
    "par",
    "participant",
    "rect",
];

/// Draws what happened from `start` on as a sequence diagram: who handed which message to whom, in the
/// order in which it was handled.
pub(crate) fn mermaid_text(record: &Record, start: usize) -> String {
    let mut diagram = Diagram {
        record,
        effects: Effects::new(record),
        participants: Vec::new(),
        lines: Vec::new(),
    };

    diagram.participant(None);
    for entry in &record.entries()[start..] {
        diagram.add(entry);
    }

    diagram.text()
}

/// A diagram as it is drawn.
struct Diagram<'r> {
    record: &'r Record,
    effects: Effects<'r>,
    /// Handlers in order of appearance, each with the name that it has in the diagram; `None` is the test.
    participants: Vec<(Option<&'static str>, String)>,
    lines: Vec<String>,
}

impl Diagram<'_> {
    fn add(&mut self, entry: &Entry) {
        let cause = entry.cause.map(|cause| self.record.entry(cause));
        match (&entry.kind, cause) {
            (
                EntryKind::HandlerStarted {
                    handler, attempt, ..
                },
                Some(message),
            ) => {
                let (from, to) = (self.sender(message), self.participant(Some(handler)));
                let text = format!("{}{}", message_name(message), attempt_suffix(*attempt));
                self.add_line(&format!("{from}->>{to}"), &text);
            }
            (EntryKind::HandlerEnded(_), Some(started)) => self.add_outcome(started),
            (EntryKind::Scheduled { due, .. }, _) => {
                self.add_note(entry, &format!(", scheduled for {due}"));
            }
            (EntryKind::CommandReceived(_) | EntryKind::Appended(_), _) => {
                let mut effects = self.effects.caused_by(entry.id);
                let is_handled = effects.any(|effect| {
                    matches!(
                        effect.kind,
                        EntryKind::HandlerStarted { .. }
                            | EntryKind::NoSubscriber
                            | EntryKind::Expired
                    )
                });

                if !is_handled {
                    self.add_note(entry, ", not handled yet");
                }
            }
            (EntryKind::NoSubscriber, Some(message)) => {
                self.add_note(message, ", nobody handles it");
            }
            (EntryKind::Expired, Some(message)) => self.add_note(message, ", too late"),
            (
                EntryKind::RetriesExhausted {
                    handler,
                    is_dead_lettered: is_kept,
                    ..
                },
                Some(message),
            ) => {
                let fate = if *is_kept { "a dead letter" } else { "skipped" };
                let text = format!("gave up on {}, {fate}", message_name(message));
                let handler = self.participant(Some(handler));
                self.add_line(&format!("Note over {handler}"), &text);
            }
            _ => {}
        }
    }

    /// What came of a handling: an arrow back if it was for nothing.
    fn add_outcome(&mut self, started: &Entry) {
        let (Some(message), EntryKind::HandlerStarted { handler, .. }) =
            (started.cause, &started.kind)
        else {
            return;
        };

        let from = self.sender(self.record.entry(message));
        let to = self.participant(Some(handler));
        let ended = self.effects.outcome_text(started);
        let was_for_nothing = ["FAILED", "REJECTED", "rolled back"]
            .iter()
            .any(|word| ended.starts_with(word));

        if was_for_nothing {
            self.add_line(&format!("{to}--x{from}"), &ended);
        } else if ended != "handled" {
            self.add_line(&format!("Note over {to}"), &ended);
        }
    }

    /// Something about a message that nobody is handed, beside who sent it.
    fn add_note(&mut self, message: &Entry, text: &str) {
        let sender = self.sender(message);
        let text = format!("{}{text}", message_name(message));
        self.add_line(&format!("Note over {sender}"), &text);
    }

    /// Who sent a message: the handler that raised or issued it, or the test.
    fn sender(&mut self, message: &Entry) -> String {
        let sender = self
            .record
            .causes(message.id)
            .find_map(|cause| match cause.kind {
                EntryKind::HandlerStarted { handler, .. } => Some(handler),
                _ => None,
            });

        self.participant(sender)
    }

    fn participant(&mut self, handler: Option<&'static str>) -> String {
        let mut known = self.participants.iter();
        if let Some((_, id)) = known.find(|(name, _)| *name == handler) {
            return id.clone();
        }

        let name = handler.unwrap_or("Test");
        let mut id = name.replace(|letter: char| !letter.is_alphanumeric(), "_");
        let is_taken = |id: &String| self.participants.iter().any(|(_, other)| other == id);

        while RESERVED.contains(&id.to_lowercase().as_str()) || is_taken(&id) {
            id.push('_');
        }

        self.participants.push((handler, id.clone()));
        id
    }

    fn add_line(&mut self, arrow: &str, text: &str) {
        self.lines.push(format!("{arrow}: {}", escape(text)));
    }

    fn text(&self) -> String {
        let mut text = String::from("sequenceDiagram");
        for (handler, id) in &self.participants {
            let name = handler.unwrap_or("Test");
            text.push_str("\n    participant ");
            text.push_str(id);
            if id != name {
                text.push_str(" as ");
                text.push_str(&escape(name));
            }
        }

        for line in &self.lines {
            text.push_str("\n    ");
            text.push_str(line);
        }

        text
    }
}

fn message_name(message: &Entry) -> String {
    match &message.kind {
        EntryKind::CommandReceived(envelope)
        | EntryKind::Scheduled {
            command: envelope, ..
        } => MessageView::from(&**envelope).name,
        EntryKind::Appended(event) => MessageView::from(&*event.envelope).name,
        _ => "a message".to_owned(),
    }
}

/// Writes letters as their codes that mean something else in a diagram.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '#' => escaped.push_str("#35;"),
            ';' => escaped.push_str("#59;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '\n' => escaped.push_str("<br/>"),
            letter => escaped.push(letter),
        }
    }

    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_replaces_mermaid_syntax() {
        assert_eq!(
            escape("Vec<u8>; #1\nnext"),
            "Vec#lt;u8#gt;#59; #35;1<br/>next"
        );
    }

    #[test]
    fn participant_ids_are_unique_and_not_reserved() {
        let record = Record::default();
        let mut diagram = Diagram {
            record: &record,
            effects: Effects::new(&record),
            participants: Vec::new(),
            lines: Vec::new(),
        };

        let names = [None, Some("Test"), Some("End"), Some("Keeper<u8>")];
        let ids = names.map(|name| diagram.participant(name));

        assert_eq!(ids, ["Test", "Test_", "End_", "Keeper_u8_"]);
        assert_eq!(diagram.participant(Some("End")), "End_");
        assert!(
            diagram
                .text()
                .ends_with("participant Keeper_u8_ as Keeper#lt;u8#gt;")
        );
    }
}
