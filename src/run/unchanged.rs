use flow_domain::{
    message::{Payload, Recorded},
    record::{Entry, EntryKind, StateChange},
};

use crate::{
    expect::require_equal,
    flow::{Mismatch, StateQuery},
    report::show_stored,
    run::Outcome,
};

/// Fails if what was looked at was so before the first act and no act changed it: such a look would come
/// out the same if nothing had happened.
///
/// What was written again as it was is not changed either; the record does not tell the two apart.
/// Nothing is asked where nothing was to change: the sentence says so itself, it speaks of what is not
/// there, or the last act went wrong and the point is that it left no trace.
pub(super) fn require_changed(
    found: &[Payload],
    look: &StateQuery<'_>,
    outcome: &Outcome,
) -> Result<(), Mismatch> {
    let says_so = |word: &str| matches!(word, "unchanged" | "absent" | "none");
    let mut checks = look.checks.iter();

    if found.is_empty() || checks.any(|(_, check)| says_so(check.method())) {
        return Ok(());
    }

    if outcome.last_act_failed() || outcome.act_entries().any(|entry| look.is_written_by(entry)) {
        return Ok(());
    }

    let expected = format!("{}, changed by an act", look.describe());
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
pub(crate) fn require_unchanged(
    found: &[Payload],
    look: &StateQuery<'_>,
    outcome: &Outcome,
) -> Result<(), Mismatch> {
    match &look.stream_category {
        Some(_) => require_same_aggregate(found, look, outcome),
        None => require_same_rows(look, outcome),
    }
}

/// The text of what was expected, if it was what there was.
fn as_before(text: &str) -> String {
    format!("{text}, as before the last act")
}

fn require_equal_to_before(subject: &str, before: &Payload, now: &Payload) -> Result<(), Mismatch> {
    require_equal(|| subject.to_owned(), before, now).map_err(|mut mismatch| {
        mismatch.expected = as_before(&mismatch.expected);
        mismatch
    })
}

fn appeared_mismatch(subject: &str, now: &Payload) -> Mismatch {
    let shown = format!("{subject} {}", show_stored(now));
    Mismatch::new(as_before(&format!("no {subject}")), shown)
}

fn require_same_rows(look: &StateQuery<'_>, outcome: &Outcome) -> Result<(), Mismatch> {
    let writes: Vec<&StateChange> = outcome
        .last_act_entries()
        .iter()
        .filter(|entry| look.is_written_by(entry))
        .filter_map(|entry| match &entry.kind {
            EntryKind::StateChanged(written) => Some(&**written),
            _ => None,
        })
        .collect();

    for (idx, first) in writes.iter().enumerate() {
        let of_same = |other: &&&StateChange| other.id == first.id;
        if writes[..idx].iter().any(|other| other.id == first.id) {
            continue;
        }

        let last = writes.iter().rev().find(of_same).unwrap_or(first);
        let subject = format!("{} {:?}", look.state_type.name, first.id);

        match (&first.before, &last.after) {
            (None, None) => {}
            (Some(before), Some(now)) => require_equal_to_before(&subject, before, now)?,
            (None, Some(now)) => return Err(appeared_mismatch(&subject, now)),
            (Some(before), None) => {
                let expected = as_before(&format!("{subject} {}", show_stored(before)));
                return Err(Mismatch::new(expected, "it was removed"));
            }
        }
    }

    Ok(())
}

fn require_same_aggregate(
    found: &[Payload],
    look: &StateQuery<'_>,
    outcome: &Outcome,
) -> Result<(), Mismatch> {
    let own = |entry: &Entry| match &entry.kind {
        EntryKind::Appended(event) if look.is_written_by(entry) => Some(event.clone()),
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
    match outcome.system().fold(look.state_type, &before) {
        Some(before) => require_equal_to_before(&look.describe(), &before, now),
        None => Err(appeared_mismatch(&look.describe(), now)),
    }
}

impl StateQuery<'_> {
    /// Returns true if something was written or deleted there that this looks at.
    fn is_written_by(&self, entry: &Entry) -> bool {
        let is_own = |id: &str| self.id.as_deref().is_none_or(|wanted| wanted == id);
        match (&entry.kind, self.stream_category) {
            (EntryKind::StateChanged(written), None) => {
                self.is_stored_in(written.table) && is_own(&written.id)
            }
            (EntryKind::Appended(event), Some(category)) => {
                event.stream().category() == category && is_own(event.stream().id())
            }
            _ => false,
        }
    }
}

impl Outcome {
    /// Whether a command of the last act was refused, or a handler failed in it.
    fn last_act_failed(&self) -> bool {
        self.overlapping_acts()
            .iter()
            .any(|act| act.error().is_some() || !act.failures().is_empty())
    }
}
