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

/// What is expected of the dead letters of the acts so far.
#[derive(Debug, Default)]
pub(crate) struct DeadLettersExpectation {
    n_expected: Option<usize>,
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
        let n = match self.n_expected {
            None => "dead letters".to_owned(),
            Some(0) => "no dead letters".to_owned(),
            Some(1) => "one dead letter".to_owned(),
            Some(n) => format!("{n} dead letters"),
        };

        match &self.reason {
            None => n,
            Some(because) => format!("{n} because of {because:?}"),
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
            .is_none_or(|because| letters.iter().any(|letter| letter.reason.contains(because)));

        if is_count_met && is_reason_met {
            return Ok(());
        }

        let found = match letters.len() {
            0 if outcome.is_inline() => {
                "none: `Mode::Sync` tries nothing again and keeps no dead letters".to_owned()
            }
            0 => "none".to_owned(),
            1 => "one".to_owned(),
            n => n.to_string(),
        };
        let shown = letters.iter().map(DeadLetterView::show);
        let mismatch = Mismatch::new(self.expected_text(), found).with_differences(shown.collect());

        Err(mismatch.with_subject(Subject::EngineFeature {
            feature: "tries nothing again and keeps no dead letters".to_owned(),
            method: "then_dead_letters",
            event: None,
        }))
    }

    fn covers(&self) -> Option<Problem> {
        (self.n_expected != Some(0)).then_some(Problem::DeadLetter)
    }

    fn covers_failure(&self, failure: &Error) -> bool {
        let because = self.reason.as_ref();
        because.is_none_or(|because| failure.with_causes().to_string().contains(because))
    }
}

/// A message that was given up on and is kept.
struct DeadLetterView<'a> {
    handler: &'static str,
    message: &'a str,
    attempts: u32,
    reason: String,
}

impl<'a> DeadLetterView<'a> {
    fn from_entry(entry: &Entry, record: &'a Record) -> Option<Self> {
        let EntryKind::RetriesExhausted {
            handler,
            attempts,
            is_dead_lettered: true,
        } = entry.kind
        else {
            return None;
        };

        let cause = entry.cause?;
        let before = record
            .effects(cause)
            .take_while(|other| other.id < entry.id);
        let starts = before.filter(|other| {
            matches!(other.kind, EntryKind::HandlerStarted { handler: by, .. } if by == handler)
        });

        Some(Self {
            handler,
            attempts,
            message: message_at(cause, record)?.metadata.message_type.name(),
            reason: starts
                .last()
                .map(|started| handler_outcome_text(started.id, record))
                .unwrap_or_default(),
        })
    }

    fn show(&self) -> String {
        let Self {
            handler,
            message,
            attempts,
            reason,
        } = self;
        format!("{handler} on {message}, after {attempts}: {reason}")
    }
}
