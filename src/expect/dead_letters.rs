use flow_domain::{
    Error,
    record::{Entry, Happening, Record},
};

use crate::{
    expect::{attempts::how_it_ended, messages::message_at, verdict::nothing_to_look_for},
    flow::{Expectation, Mismatch, Trouble},
    run::Outcome,
    why::Sought,
};

/// What is expected of the dead letters of the acts so far.
#[derive(Debug, Default)]
pub(crate) struct DeadLetters {
    n_expected: Option<usize>,
    because: Option<String>,
}

impl DeadLetters {
    pub(crate) fn count(&mut self, n: usize) {
        self.n_expected = Some(n);
    }

    pub(crate) fn because(&mut self, text: &str) {
        self.because = Some(text.to_owned());
    }

    fn expected(&self) -> String {
        let n = match self.n_expected {
            None => "dead letters".to_owned(),
            Some(0) => "no dead letters".to_owned(),
            Some(1) => "one dead letter".to_owned(),
            Some(n) => format!("{n} dead letters"),
        };
        match &self.because {
            None => n,
            Some(because) => format!("{n} because of {because:?}"),
        }
    }
}

impl Expectation for DeadLetters {
    fn describe(&self) -> String {
        self.expected()
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        if self.because.as_ref().is_some_and(String::is_empty) {
            return Err(nothing_to_look_for());
        }
        let record = outcome.record();
        let letters: Vec<Letter<'_>> = outcome
            .acted()
            .filter_map(|entry| Letter::at(entry, record))
            .collect();
        let is_count_met = match self.n_expected {
            None => !letters.is_empty(),
            Some(n) => letters.len() == n,
        };
        let is_reason_met = self
            .because
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
        let shown = letters.iter().map(Letter::show);
        let mismatch = Mismatch::new(self.expected(), found).differing(shown.collect());
        Err(mismatch.about(Sought::OfEngine {
            what: "tries nothing again and keeps no dead letters".to_owned(),
            word: "then_dead_letters",
            event: None,
        }))
    }

    fn speaks_of(&self) -> Option<Trouble> {
        (self.n_expected != Some(0)).then_some(Trouble::DeadLetter)
    }

    fn speaks_of_failure(&self, failure: &Error) -> bool {
        let because = self.because.as_ref();
        because.is_none_or(|because| failure.with_causes().to_string().contains(because))
    }
}

/// A message that was given up on and is kept.
struct Letter<'a> {
    handler: &'static str,
    message: &'a str,
    attempts: u32,
    reason: String,
}

impl<'a> Letter<'a> {
    fn at(entry: &Entry, record: &'a Record) -> Option<Self> {
        let Happening::GivenUp {
            handler,
            attempts,
            is_kept: true,
        } = entry.what
        else {
            return None;
        };
        let cause = entry.cause?;
        let before = record
            .effects(cause)
            .take_while(|other| other.id < entry.id);
        let starts = before.filter(|other| {
            matches!(other.what, Happening::HandlerStarted { handler: by, .. } if by == handler)
        });
        Some(Self {
            handler,
            attempts,
            message: message_at(cause, record)?.metadata.message_type.name(),
            reason: starts
                .last()
                .map(|started| how_it_ended(started.id, record))
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
