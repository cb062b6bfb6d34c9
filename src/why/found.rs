use crate::why::{Verdict, Why};

/// Farther than what is told by the wiring: that a handler is to be told of an event is only a guess.
pub(super) const GUESS: usize = 100;

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

    /// What is told by what happened, and what is only guessed from what did not.
    pub(super) fn into_told_and_guessed(mut self) -> (Vec<Verdict>, Vec<Verdict>) {
        self.found.sort_by_key(|(rank, _)| *rank);
        let is_told = |one: &((bool, usize), Verdict)| one.0.1 < GUESS;
        let (told, guessed): (Vec<_>, Vec<_>) = self.found.into_iter().partition(is_told);
        let verdicts = |found: Vec<(_, Verdict)>| found.into_iter().map(|(_, one)| one).collect();
        (verdicts(told), verdicts(guessed))
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
    let runner_up = verdicts.find(|other| is_rival(&verdict, other) && other.to_string() != told);
    Some(Why { verdict, runner_up })
}

/// Whether there is reason to doubt a verdict because of another: of what surely went wrong only because
/// of something else that did.
fn is_rival(verdict: &Verdict, other: &Verdict) -> bool {
    let went_another_way =
        matches!(other, Verdict::RaisedNothing { instead, .. } if !instead.is_empty());
    match verdict {
        _ if verdict.is_sure() => other.is_sure() && !matches!(other, Verdict::NoSubscriber { .. }),
        Verdict::RaisedNothing { .. } => true,
        _ => !went_another_way,
    }
}

impl Verdict {
    /// Whether a handler failed or refused, so that no later act mends it.
    pub(crate) fn went_wrong(&self) -> bool {
        matches!(
            self,
            Self::Rejected { .. } | Self::HandlerFailed { .. } | Self::NoHandler { .. }
        )
    }

    /// Whether it is something that went wrong, and not only something that was not done or done
    /// otherwise.
    pub(crate) fn is_sure(&self) -> bool {
        !matches!(
            self,
            Self::RaisedNothing { .. }
                | Self::FieldsDiffer { .. }
                | Self::Unexpected { .. }
                | Self::Accepted { .. }
                | Self::NeverCame { .. }
                | Self::NobodyRaises { .. }
                | Self::AllWentWell { .. }
        )
    }
}

/// Several searches in one: what is sure in any of them comes first.
pub(super) fn merge(searches: Vec<Found>) -> Found {
    let mut all = Found::default();
    for search in searches {
        for (rank, verdict) in search.found {
            all.push(rank, Some(verdict));
        }
    }
    all
}
