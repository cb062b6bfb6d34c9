use flow_domain::record::{Entry, EntryKind, Record};

use crate::{
    expect::{
        Claim, Expectation, Mismatch, Subject, attempts::handler_outcome_text,
        check::require_handlers, command_result::require_text, messages::message_at,
        never_happens::NeverHappens,
    },
    outcome::{Outcome, Problem, ProblemKind},
    value::counted,
};

/// Expects dead letters from the acts so far.
///
/// Without a further method, it expects at least one.
pub fn dead_letters() -> DeadLetters {
    DeadLetters::default()
}

/// The expectation from [`dead_letters`].
#[derive(Clone, Debug, Default)]
#[must_use = "an expectation does nothing until it is passed to `then`"]
pub struct DeadLetters {
    /// The exact number; `None` for at least one.
    n_expected: Option<usize>,
    /// A text that the reason of at least one dead letter contains.
    reason: Option<String>,
}

impl DeadLetters {
    /// Expects that there is no dead letter.
    ///
    /// `Mode::Sync` stores none, so there is a warning in that mode, unless the test calls
    /// [`FlowHarness::mode`](crate::FlowHarness::mode).
    pub fn none(self) -> Self {
        self.count(0)
    }

    /// Expects exactly one dead letter.
    pub fn one(self) -> Self {
        self.count(1)
    }

    /// Expects exactly this number of dead letters.
    pub fn count(mut self, expected: usize) -> Self {
        self.n_expected = Some(expected);
        self
    }

    /// Expects that the reason of at least one dead letter contains `text`.
    pub fn because(mut self, text: &str) -> Self {
        self.reason = Some(text.to_owned());
        self
    }
}

impl Expectation for DeadLetters {
    fn describe(&self) -> String {
        let count_text = match self.n_expected {
            None => "dead letters".to_owned(),
            Some(0) => "no dead letters".to_owned(),
            Some(n) => counted(n, "dead letter", "dead letters"),
        };

        match &self.reason {
            None => count_text,
            Some(reason) => format!("{count_text} because of {reason:?}"),
        }
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        require_handlers(outcome)?;
        if let Some(reason) = &self.reason {
            require_text(reason)?;
        }

        let record = outcome.record();
        let letters: Vec<DeadLetterView> = outcome
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
            n => counted(n, "dead letter", "dead letters"),
        };
        let lines = letters.iter().map(DeadLetterView::show).collect();
        let mismatch = Mismatch::new(self.describe(), found).with_differences(lines);

        let handlers = letters.iter().map(|letter| letter.handler);
        Err(mismatch
            .showing_failures_of(handlers)
            .with_subject(Subject::EngineFeature {
                feature: "retries nothing and stores no dead letters",
                method: "expect::dead_letters",
                event: None,
            }))
    }

    fn claim(&self, _: &Outcome) -> Claim {
        match self.n_expected {
            Some(0) => Claim::Exclusion,
            _ => Claim::Effect,
        }
    }

    fn warning(&self, outcome: &Outcome) -> Option<String> {
        let cannot_fail = self.n_expected == Some(0) && outcome.is_inline();
        let reason = "`Mode::Sync` stores no dead letters";

        NeverHappens::warning(
            cannot_fail
                .then(|| NeverHappens::in_this_mode(reason, outcome))
                .flatten(),
        )
    }

    fn stays_met(&self) -> bool {
        self.n_expected.is_none()
    }

    fn covers(&self, problem: &Problem<'_>, outcome: &Outcome) -> bool {
        let has_reason = |reason: &String| {
            let error = problem.error.with_causes().to_string();
            error.contains(reason)
        };

        problem.kind == ProblemKind::HandlerFailure
            && outcome.is_dead_lettered(problem.handler)
            && self.n_expected != Some(0)
            && self.reason.as_ref().is_none_or(has_reason)
    }
}

/// A dead letter, as it is compared and shown.
struct DeadLetterView {
    /// The handler that failed; `None` for a command without a handler.
    handler: Option<&'static str>,
    message: String,
    n_attempts: usize,
    reason: String,
}

impl DeadLetterView {
    /// Returns the dead letter that was stored at this entry, if there is one.
    fn from_entry(entry: &Entry, record: &Record) -> Option<Self> {
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

        let envelope = message_at(message_entry, record)?;
        let message = record.labels().label_of_envelope(envelope);
        let reason = match (handler, last_attempt) {
            (None, _) => format!("no handler for the command {message}"),
            (Some(_), Some(start_entry)) => handler_outcome_text(start_entry.id, record),
            (Some(_), None) => String::new(),
        };

        Some(Self {
            handler,
            message,
            n_attempts: attempts as usize,
            reason,
        })
    }

    fn show(&self) -> String {
        let (message, reason) = (&self.message, &self.reason);
        let attempts = counted(self.n_attempts, "attempt", "attempts");

        match self.handler {
            Some(handler) => format!("{handler} failed on {message} after {attempts}: {reason}"),
            None => format!("{reason}, after {attempts}"),
        }
    }
}
