use std::{any::TypeId, marker::PhantomData};

use flow_domain::{
    handler::short_type_name,
    record::{EntryId, EntryKind, HandlerOutcome, Record},
};

use crate::{
    diagnosis::Subject,
    expect::handlers::handler_name,
    flow::{Expectation, Mismatch},
    run::Outcome,
};

/// Expects that a handler was called so many times in the acts so far.
pub(crate) fn attempts<H: 'static>(expected: usize) -> impl Expectation {
    Attempts {
        expected,
        handler: PhantomData::<fn(H)>,
    }
}

struct Attempts<H> {
    expected: usize,
    handler: PhantomData<fn(H)>,
}

impl<H: 'static> Expectation for Attempts<H> {
    fn describe(&self) -> String {
        let name = short_type_name::<H>();
        match self.expected {
            1 => format!("{name} tries once"),
            n => format!("{name} tries {n} times"),
        }
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let name = handler_name(TypeId::of::<H>(), short_type_name::<H>(), outcome)?;
        let record = outcome.record();
        let mut lines = Vec::new();

        for entry in outcome.act_entries() {
            if let EntryKind::HandlerStarted {
                handler, attempt, ..
            } = entry.kind
                && handler == name
            {
                let ended = handler_outcome_text(entry.id, record);
                lines.push(format!("attempt {attempt} at {}: {ended}", entry.time));
            }
        }

        if lines.len() == self.expected {
            return Ok(());
        }

        let found = match lines.len() {
            0 => "it was not called".to_owned(),
            1 => "it tried once".to_owned(),
            n => format!("it tried {n} times"),
        };
        let n_found = lines.len();
        let mismatch = Mismatch::new(self.describe(), found).with_differences(lines);

        Err(
            if n_found == 1 && 1 < self.expected && outcome.is_inline() {
                mismatch.with_subject(Subject::EngineFeature {
                    feature: "tries nothing again".to_owned(),
                    method: "then_attempts",
                    event: None,
                })
            } else {
                mismatch.with_subject(Subject::Handled(name))
            },
        )
    }
}

/// How a handling ended that started at this entry, in words.
pub(super) fn handler_outcome_text(started: EntryId, record: &Record) -> String {
    let mut ends = record
        .effects(started)
        .filter_map(|effect| match &effect.kind {
            EntryKind::HandlerEnded(HandlerOutcome::Failed(undone)) => Some(undone.reason.clone()),
            EntryKind::HandlerEnded(ended) => Some(ended.to_string()),
            _ => None,
        });

    ends.next().unwrap_or_else(|| "it did not end".to_owned())
}
