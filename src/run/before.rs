use flow_domain::{
    message::{Payload, Recorded},
    record::{Entry, Happening, WrittenValue},
};

use crate::{
    expect::same,
    flow::{Look, Mismatch},
    report::show_stored,
    run::Outcome,
};

/// Fails if what was looked at was so before the first act and no act changed it: such a look would come
/// out the same if nothing had happened.
///
/// What was written again as it was is not changed either; the record does not tell the two apart.
/// Nothing is asked where nothing was to change: the sentence says so itself, it speaks of what is not
/// there, or the last act went wrong and the point is that it left no trace.
pub(super) fn shows_something(
    found: &[Payload],
    look: &Look<'_>,
    outcome: &Outcome,
) -> Result<(), Mismatch> {
    let says_so = |word: &str| matches!(word, "unchanged" | "absent" | "none");
    let mut checks = look.checks.iter();
    if found.is_empty() || checks.any(|(_, check)| says_so(check.word())) {
        return Ok(());
    }
    if outcome.last_act_went_wrong() || outcome.acted().any(|entry| look.is_written_in(entry)) {
        return Ok(());
    }
    let expected = format!("{}, changed by an act", look.subject());
    let (was, it) = match look.id {
        Some(_) => ("it was so", "it"),
        None => ("they were so", "one of them"),
    };
    let found = format!(
        "{was} before the first act and no act changed {it}: the step would pass without any act\n\
         If that is the point, say so: `.unchanged()`"
    );
    Err(Mismatch::new(expected, found))
}

/// Fails if the last act left something else than what was there before.
pub(crate) fn unchanged(
    found: &[Payload],
    look: &Look<'_>,
    outcome: &Outcome,
) -> Result<(), Mismatch> {
    match &look.stream_category {
        Some(_) => same_fold(found, look, outcome),
        None => same_rows(look, outcome),
    }
}

/// The text of what was expected, if it was what there was.
fn as_before(text: &str) -> String {
    format!("{text}, as before the last act")
}

fn still(subject: &str, before: &Payload, now: &Payload) -> Result<(), Mismatch> {
    same(|| subject.to_owned(), before, now).map_err(|mut mismatch| {
        mismatch.expected = as_before(&mismatch.expected);
        mismatch
    })
}

fn appeared(subject: &str, now: &Payload) -> Mismatch {
    let shown = format!("{subject} {}", show_stored(now));
    Mismatch::new(as_before(&format!("no {subject}")), shown)
}

fn same_rows(look: &Look<'_>, outcome: &Outcome) -> Result<(), Mismatch> {
    let writes: Vec<&WrittenValue> = outcome
        .last_entries()
        .iter()
        .filter(|entry| look.is_written_in(entry))
        .filter_map(|entry| match &entry.what {
            Happening::Written(written) => Some(&**written),
            _ => None,
        })
        .collect();
    for (idx, first) in writes.iter().enumerate() {
        let of_same = |other: &&&WrittenValue| other.id == first.id;
        if writes[..idx].iter().any(|other| other.id == first.id) {
            continue;
        }
        let last = writes.iter().rev().find(of_same).unwrap_or(first);
        let subject = format!("{} {:?}", look.kept.name, first.id);
        match (&first.before, &last.after) {
            (None, None) => {}
            (Some(before), Some(now)) => still(&subject, before, now)?,
            (None, Some(now)) => return Err(appeared(&subject, now)),
            (Some(before), None) => {
                let expected = as_before(&format!("{subject} {}", show_stored(before)));
                return Err(Mismatch::new(expected, "it was removed"));
            }
        }
    }
    Ok(())
}

fn same_fold(found: &[Payload], look: &Look<'_>, outcome: &Outcome) -> Result<(), Mismatch> {
    let own = |entry: &Entry| match &entry.what {
        Happening::Appended(event) if look.is_written_in(entry) => Some(event.clone()),
        _ => None,
    };
    let n_before = outcome.n_before_last_act();
    let (before, since) = outcome.record().entries().split_at(n_before);
    let (Some(now), true) = (
        found.first(),
        since.iter().any(|entry| own(entry).is_some()),
    ) else {
        return Ok(());
    };
    let before: Vec<Recorded> = before.iter().filter_map(own).collect();
    match outcome.system().fold(look.kept, &before) {
        Some(before) => still(&look.subject(), &before, now),
        None => Err(appeared(&look.subject(), now)),
    }
}

impl Look<'_> {
    /// Returns true if something was written or deleted there that this looks at.
    fn is_written_in(&self, entry: &Entry) -> bool {
        let is_own = |id: &str| self.id.as_deref().is_none_or(|wanted| wanted == id);
        match (&entry.what, self.stream_category) {
            (Happening::Written(written), None) => {
                self.is_kept_in(written.table) && is_own(&written.id)
            }
            (Happening::Appended(event), Some(category)) => {
                event.stream().category() == category && is_own(event.stream().id())
            }
            _ => false,
        }
    }
}

impl Outcome {
    /// Whether a command of the last act was refused, or a handler failed in it.
    fn last_act_went_wrong(&self) -> bool {
        let mut acts = self.overlapping_acts().iter();
        acts.any(|act| act.error().is_some() || !act.failures().is_empty())
    }
}
