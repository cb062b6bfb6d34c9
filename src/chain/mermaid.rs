use flow_domain::record::{Entry, EntryKind, Record};

use crate::chain::effects::{CallResult, Effects, attempt_suffix, message_name};

/// Keywords of Mermaid. A participant cannot have one of them as its id.
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

/// Draws the record, from the entry with the index `start` on, as a Mermaid sequence diagram.
///
/// The diagram shows who sent which message to which handler, in the order of the record.
pub(crate) fn mermaid_text(record: &Record, start: usize) -> String {
    let mut diagram = Diagram {
        record,
        effects: Effects::new(record),
        participants: Vec::new(),
        lines: Vec::new(),
    };

    // The test is always the first participant.
    diagram.participant(None);
    for entry in &record.entries()[start..] {
        diagram.add(entry);
    }

    diagram.text()
}

/// A diagram that grows entry by entry.
struct Diagram<'r> {
    record: &'r Record,
    effects: Effects<'r>,
    /// The handlers in the order of appearance, each with its id in the diagram; `None` is the test.
    participants: Vec<(Option<&'static str>, String)>,
    lines: Vec<String>,
}

impl Diagram<'_> {
    fn add(&mut self, entry: &Entry) {
        // The message or the handler call that the entry is about. A message is about itself.
        let cause = entry.cause.map_or(entry, |cause| self.record.entry(cause));

        match &entry.kind {
            EntryKind::HandlerStarted {
                handler, attempt, ..
            } => {
                let from = self.sender(cause);
                let to = self.participant(Some(handler));
                let text = format!(
                    "{}{}",
                    message_name(cause, self.record),
                    attempt_suffix(*attempt)
                );
                self.add_line(&format!("{from}->>{to}"), &text);
            }
            EntryKind::HandlerEnded(_) => self.add_outcome(cause),
            EntryKind::Scheduled { due, .. } => {
                self.add_note(entry, &format!(", scheduled for {due}"));
            }
            EntryKind::CommandReceived(_) | EntryKind::Appended(_) if !self.is_handled(entry) => {
                self.add_note(entry, ", pending");
            }
            EntryKind::NoSubscriber => self.add_note(cause, ", no handler"),
            EntryKind::Expired => self.add_note(cause, ", expired"),
            EntryKind::RetriesExhausted {
                handler,
                is_dead_lettered,
                ..
            } => self.add_exhausted(cause, *handler, *is_dead_lettered),
            _ => {}
        }
    }

    /// Returns true if a message was handled, or was settled without a handler.
    fn is_handled(&self, message: &Entry) -> bool {
        self.effects.caused_by(message.id).any(|effect| {
            matches!(
                effect.kind,
                EntryKind::HandlerStarted { .. } | EntryKind::NoSubscriber | EntryKind::Expired
            )
        })
    }

    /// Adds the outcome of a handler call: an arrow back if the call failed, else a note.
    ///
    /// The outcome `handled` needs no note.
    fn add_outcome(&mut self, start_entry: &Entry) {
        let (Some(message), EntryKind::HandlerStarted { handler, .. }) =
            (start_entry.cause, &start_entry.kind)
        else {
            return;
        };

        let from = self.sender(self.record.entry(message));
        let to = self.participant(Some(handler));
        let failed = format!("{to}--x{from}");
        let note = format!("Note over {to}");
        match self.effects.call_result(start_entry) {
            CallResult::Handled => {}
            CallResult::Noted(text) => self.add_line(&note, &text),
            CallResult::RolledBack => self.add_line(&failed, "rolled back"),
            CallResult::Failed(text) => self.add_line(&failed, &text),
        }
    }

    /// Adds a note about a message that the engine no longer retries.
    fn add_exhausted(
        &mut self,
        message: &Entry,
        handler: Option<&'static str>,
        is_dead_lettered: bool,
    ) {
        let settlement = if is_dead_lettered {
            "dead letter"
        } else {
            "skipped"
        };
        // Without a handler there were no retries. `None` as a participant would be the test.
        let Some(handler) = handler else {
            self.add_note(message, &format!(", {settlement}"));
            return;
        };

        let text = format!(
            "retries of {} exhausted, {settlement}",
            message_name(message, self.record)
        );
        let handler = self.participant(Some(handler));
        self.add_line(&format!("Note over {handler}"), &text);
    }

    /// Adds a note about a message, over its sender.
    fn add_note(&mut self, message: &Entry, text: &str) {
        let sender = self.sender(message);
        let text = format!("{}{text}", message_name(message, self.record));
        self.add_line(&format!("Note over {sender}"), &text);
    }

    /// Returns the id of the sender of a message: the handler that raised or issued it, or the test.
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

    /// Returns the id of a participant, and adds the participant if it is new. `None` is the test.
    fn participant(&mut self, handler: Option<&'static str>) -> String {
        if let Some((_, id)) = self.participants.iter().find(|(name, _)| *name == handler) {
            return id.clone();
        }

        let name = handler.unwrap_or("Test");
        let mut id = name.replace(|char: char| !char.is_alphanumeric(), "_");
        let is_taken = |id: &String| self.participants.iter().any(|(_, used_id)| used_id == id);
        while RESERVED.contains(&id.to_lowercase().as_str()) || is_taken(&id) {
            id.push('_');
        }

        self.participants.push((handler, id.clone()));
        id
    }

    fn add_line(&mut self, arrow: &str, text: &str) {
        self.lines.push(format!("{arrow}: {}", escape(text)));
    }

    /// Returns the source text of the diagram.
    fn text(&self) -> String {
        let mut text = String::from("sequenceDiagram");
        for (handler, id) in &self.participants {
            let name = handler.unwrap_or("Test");
            text.extend(["\n    participant ", id]);
            if id != name {
                text.extend([" as ", &escape(name)]);
            }
        }

        for line in &self.lines {
            text.extend(["\n    ", line]);
        }

        text
    }
}

/// Replaces characters that have a meaning in Mermaid with their codes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '#' => escaped.push_str("#35;"),
            ';' => escaped.push_str("#59;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '\n' => escaped.push_str("<br/>"),
            char => escaped.push(char),
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
