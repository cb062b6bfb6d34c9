use std::{any::TypeId, marker::PhantomData};

use flow_domain::{
    handler::short_type_name,
    record::{EntryId, EntryKind, HandlerOutcome, Record},
};

use crate::{
    expect::{Expectation, Mismatch, Subject, handlers::handler_name},
    outcome::{FailureRef, Outcome},
};

/// Expects that the handler `H` was called exactly this number of times in the acts so far.
///
/// Calls with and without success count.
pub fn attempts<H: 'static>(expected: usize) -> impl Expectation {
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
                let ending = handler_outcome_text(entry.id, record);
                lines.push(format!("attempt {attempt} at {}: {ending}", entry.time));
            }
        }

        let n_found = lines.len();
        if n_found == self.expected {
            return Ok(());
        }

        let found = match n_found {
            0 => "it was not called".to_owned(),
            1 => "it tried once".to_owned(),
            n => format!("it tried {n} times"),
        };
        let mismatch = Mismatch::new(self.describe(), found).with_differences(lines);

        // In `Mode::Sync` a handler has one attempt, because nothing is retried.
        let subject = if n_found == 1 && 1 < self.expected && outcome.is_inline() {
            Subject::EngineFeature {
                feature: "retries nothing",
                method: "expect::attempts",
                event: None,
            }
        } else {
            Subject::Handled(name)
        };
        Err(mismatch
            .with_subject(subject)
            .showing([FailureRef::Handler(Some(name))]))
    }
}

/// Returns how the handler call that started at `started` ended, as text.
pub(super) fn handler_outcome_text(started: EntryId, record: &Record) -> String {
    record
        .effects(started)
        .find_map(|effect| match &effect.kind {
            EntryKind::HandlerEnded(HandlerOutcome::Failed(rolled_back)) => {
                Some(rolled_back.reason.clone())
            }
            EntryKind::HandlerEnded(ending) => Some(ending.to_string()),
            _ => None,
        })
        .unwrap_or_else(|| "it did not end".to_owned())
}
