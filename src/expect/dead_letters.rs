use flow_domain::{
    Error,
    record::{Entry, EntryKind, Record},
};

use crate::{
    diagnosis::Subject,
    expect::{
        attempts::handler_outcome_text, command_result::empty_text_mismatch, messages::message_at,
    },
    flow::{Expectation, Mismatch, Problem},
    run::Outcome,
};

/// Expects dead letters in the acts so far: any, or an exact number, or one with a certain reason.
#[derive(Debug, Default)]
pub(crate) struct DeadLettersExpectation {
    /// The exact number. `None` means at least one.
    n_expected: Option<usize>,
    /// A text that the reason of at least one dead letter contains.
    reason: Option<String>,
}

impl DeadLettersExpectation {
    pub(crate) fn set_count(&mut self, n: usize) {
        self.n_expected = Some(n);
    }

    pub(crate) fn set_reason(&mut self, text: &str) {
        self.reason = Some(text.to_owned());
    }

    fn expected_text(&self) -> String {
        let count_text = match self.n_expected {
            None => "dead letters".to_owned(),
            Some(0) => "no dead letters".to_owned(),
            Some(1) => "1 dead letter".to_owned(),
            Some(n) => format!("{n} dead letters"),
        };

        match &self.reason {
            None => count_text,
            Some(reason) => format!("{count_text} because of {reason:?}"),
        }
    }
}

impl Expectation for DeadLettersExpectation {
    fn describe(&self) -> String {
        self.expected_text()
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        if self.reason.as_ref().is_some_and(String::is_empty) {
            return Err(empty_text_mismatch());
        }

        let record = outcome.record();
        let letters: Vec<DeadLetterView<'_>> = outcome
            .act_entries()
            .filter_map(|entry| DeadLetterView::from_entry(entry, record))
            .collect();

        let is_count_met = match self.n_expected {
            None => !letters.is_empty(),
            Some(n) => letters.len() == n,
        };
        let is_reason_met = self
            .reason
            .as_ref()
            .is_none_or(|reason| letters.iter().any(|letter| letter.reason.contains(reason)));
        if is_count_met && is_reason_met {
            return Ok(());
        }

        let found = match letters.len() {
            0 if outcome.is_inline() => {
                "none: `Mode::Sync` retries nothing and stores no dead letters".to_owned()
            }
            0 => "none".to_owned(),
            1 => "1 dead letter".to_owned(),
            n => format!("{n} dead letters"),
        };
        let lines = letters.iter().map(DeadLetterView::show).collect();
        let mismatch = Mismatch::new(self.expected_text(), found).with_differences(lines);

        Err(mismatch.with_subject(Subject::EngineFeature {
            feature: "retries nothing and stores no dead letters".to_owned(),
            method: "then_dead_letters",
            event: None,
        }))
    }

    fn covers(&self) -> Option<Problem> {
        (self.n_expected != Some(0)).then_some(Problem::DeadLetter)
    }

    fn covers_failure(&self, failure: &Error) -> bool {
        self.reason
            .as_ref()
            .is_none_or(|reason| failure.with_causes().to_string().contains(reason))
    }
}

/// A dead letter, as it is compared and shown.
struct DeadLetterView<'a> {
    /// The handler that failed; `None` for a command without a handler.
    handler: Option<&'static str>,
    message: &'a str,
    attempts: u32,
    reason: String,
}

impl<'a> DeadLetterView<'a> {
    /// Returns the dead letter that was stored at this entry, if there is one.
    fn from_entry(entry: &Entry, record: &'a Record) -> Option<Self> {
        let EntryKind::RetriesExhausted {
            handler,
            attempts,
            is_dead_lettered: true,
        } = entry.kind
        else {
            return None;
        };

        let message_entry = entry.cause?;
        // Attempts after this entry do not belong to this dead letter.
        let last_attempt = record
            .effects(message_entry)
            .take_while(|other| other.id < entry.id)
            .filter(|other| {
                matches!(other.kind, EntryKind::HandlerStarted { handler: called, .. } if Some(called) == handler)
            })
            .last();

        let message = message_at(message_entry, record)?
            .metadata
            .message_type
            .name();
        let reason = match (handler, last_attempt) {
            (None, _) => format!("no handler for the command {message}"),
            (Some(_), Some(start_entry)) => handler_outcome_text(start_entry.id, record),
            (Some(_), None) => String::new(),
        };

        Some(Self {
            handler,
            message,
            attempts,
            reason,
        })
    }

    fn show(&self) -> String {
        let Self {
            handler,
            message,
            attempts,
            reason,
        } = self;
        let attempts = match attempts {
            1 => "1 attempt".to_owned(),
            n => format!("{n} attempts"),
        };

        match handler {
            Some(handler) => format!("{handler} failed on {message} after {attempts}: {reason}"),
            None => format!("{reason}, after {attempts}"),
        }
    }
}
