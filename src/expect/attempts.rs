use std::{any::TypeId, marker::PhantomData};

use flow_domain::{
    handler::short_type_name,
    record::{Ended, EntryId, Happening, Record},
};

use crate::{
    expect::handlers::name_of,
    flow::{Expectation, Mismatch},
    run::Outcome,
    why::Sought,
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
        let name = name_of(TypeId::of::<H>(), short_type_name::<H>(), outcome)?;
        let record = outcome.record();
        let mut lines = Vec::new();
        for entry in outcome.acted() {
            if let Happening::HandlerStarted {
                handler, attempt, ..
            } = entry.what
                && handler == name
            {
                let ended = how_it_ended(entry.id, record);
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
        let mismatch = Mismatch::new(self.describe(), found).differing(lines);
        Err(
            if n_found == 1 && 1 < self.expected && outcome.is_inline() {
                mismatch.about(Sought::OfEngine {
                    what: "tries nothing again".to_owned(),
                    word: "then_attempts",
                    event: None,
                })
            } else {
                mismatch.about(Sought::Handled(name))
            },
        )
    }
}

/// How a handling ended that started at this entry, in words.
pub(super) fn how_it_ended(started: EntryId, record: &Record) -> String {
    let mut ends = record
        .effects(started)
        .filter_map(|effect| match &effect.what {
            Happening::HandlerEnded(Ended::Failed(undone)) => Some(undone.reason.clone()),
            Happening::HandlerEnded(ended) => Some(ended.to_string()),
            _ => None,
        });
    ends.next().unwrap_or_else(|| "it did not end".to_owned())
}
