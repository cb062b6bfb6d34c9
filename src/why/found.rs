use crate::why::{Verdict, Why};

/// What may be the cause, the most probable first.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What surely went wrong comes before what was merely not done, and what is near before what is
    /// far: `(whether it is only a guess, how far it is)`.
    found: Vec<((bool, usize), Verdict)>,
}

impl Found {
    /// Adds something that went wrong, so many messages away.
    pub(super) fn add_sure(&mut self, distance: usize, verdict: Option<Verdict>) {
        self.push((false, distance), verdict);
    }

    /// Adds something that was not done, so many messages away.
    pub(super) fn add(&mut self, distance: usize, verdict: Option<Verdict>) {
        self.push((true, distance), verdict);
    }

    fn push(&mut self, rank: (bool, usize), verdict: Option<Verdict>) {
        let Some(verdict) = verdict else { return };
        if self.found.iter().all(|(_, known)| *known != verdict) {
            self.found.push((rank, verdict));
        }
    }

    /// In order; what was found first comes first where nothing else decides.
    pub(super) fn into_verdicts(mut self) -> Vec<Verdict> {
        self.found.sort_by_key(|(rank, _)| *rank);
        self.found.into_iter().map(|(_, verdict)| verdict).collect()
    }
}

/// The first of a list is the verdict, the next that says something else the runner-up.
pub(super) fn first_two(verdicts: Vec<Verdict>) -> Option<Why> {
    let mut verdicts = verdicts.into_iter();
    let verdict = verdicts.next()?;
    let told = verdict.to_string();
    // That something never came is no rival of what went wrong.
    let is_open = matches!(
        verdict,
        Verdict::RaisedNothing { .. } | Verdict::FieldsDiffer { .. } | Verdict::NeverCame { .. }
    );
    let is_rival = |other: &Verdict| is_open || !matches!(other, Verdict::NeverCame { .. });
    let runner_up = verdicts.find(|other| is_rival(other) && other.to_string() != told);
    Some(Why { verdict, runner_up })
}

/// Several searches in one: what is sure in any of them comes first.
pub(super) fn merge(searches: Vec<Found>) -> Vec<Verdict> {
    let mut all = Found::default();
    for search in searches {
        for (rank, verdict) in search.found {
            all.push(rank, Some(verdict));
        }
    }
    all.into_verdicts()
}
