use crate::diagnosis::{Cause, Diagnosis};

/// Farther than what is told by the wiring: that a handler is to be told of an event is only a guess.
pub(super) const GUESS_DISTANCE: usize = 100;

/// What may be the cause, the most probable first.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// What surely went wrong comes before what was merely not done, and what is near before what is
    /// far: `(whether it is only a guess, how far it is)`.
    ranked: Vec<((bool, usize), Cause)>,
}

impl Candidates {
    /// Adds something that went wrong, so many messages away.
    pub(super) fn add_certain(&mut self, distance: usize, verdict: Option<Cause>) {
        self.push((false, distance), verdict);
    }

    /// Adds something that was not done, so many messages away.
    pub(super) fn add_inferred(&mut self, distance: usize, verdict: Option<Cause>) {
        self.push((true, distance), verdict);
    }

    fn push(&mut self, rank: (bool, usize), verdict: Option<Cause>) {
        let Some(verdict) = verdict else { return };
        if self.ranked.iter().all(|(_, known)| *known != verdict) {
            self.ranked.push((rank, verdict));
        }
    }

    /// What is told by what happened, and what is only guessed from what did not.
    pub(super) fn into_likely_and_guesses(mut self) -> (Vec<Cause>, Vec<Cause>) {
        self.ranked.sort_by_key(|(rank, _)| *rank);
        let is_told = |one: &((bool, usize), Cause)| one.0.1 < GUESS_DISTANCE;
        let (told, guessed): (Vec<_>, Vec<_>) = self.ranked.into_iter().partition(is_told);
        let verdicts = |found: Vec<(_, Cause)>| found.into_iter().map(|(_, one)| one).collect();
        (verdicts(told), verdicts(guessed))
    }

    /// In order; what was found first comes first where nothing else decides.
    pub(super) fn into_causes(mut self) -> Vec<Cause> {
        self.ranked.sort_by_key(|(rank, _)| *rank);
        self.ranked
            .into_iter()
            .map(|(_, verdict)| verdict)
            .collect()
    }
}

/// The first of a list is the verdict, the next that says something else the runner-up.
pub(super) fn pick_diagnosis(verdicts: Vec<Cause>) -> Option<Diagnosis> {
    let mut verdicts = verdicts.into_iter();
    let verdict = verdicts.next()?;
    let told = verdict.to_string();
    let runner_up = verdicts.find(|other| is_rival(&verdict, other) && other.to_string() != told);

    Some(Diagnosis {
        cause: verdict,
        runner_up,
    })
}

/// Whether there is reason to doubt a verdict because of another: of what surely went wrong only because
/// of something else that did.
fn is_rival(verdict: &Cause, other: &Cause) -> bool {
    let went_another_way = matches!(other, Cause::NotRaised { instead, .. } if !instead.is_empty());
    match verdict {
        _ if verdict.is_certain() => {
            other.is_certain() && !matches!(other, Cause::NoSubscriber { .. })
        }
        Cause::NotRaised { .. } => true,
        _ => !went_another_way,
    }
}

impl Cause {
    /// Whether a handler failed or refused, so that no later act mends it.
    pub(crate) fn is_independent_failure(&self) -> bool {
        matches!(
            self,
            Self::Rejected { .. } | Self::HandlerFailed { .. } | Self::NoHandler { .. }
        )
    }

    /// Whether it is something that went wrong, and not only something that was not done or done
    /// otherwise.
    pub(crate) fn is_certain(&self) -> bool {
        !matches!(
            self,
            Self::NotRaised { .. }
                | Self::FieldsDiffer { .. }
                | Self::Unexpected { .. }
                | Self::Accepted { .. }
                | Self::NeverSent { .. }
                | Self::NoProducer { .. }
                | Self::NothingFailed { .. }
        )
    }
}

/// Several searches in one: what is sure in any of them comes first.
pub(super) fn merge(searches: Vec<Candidates>) -> Candidates {
    let mut all = Candidates::default();
    for search in searches {
        for (rank, verdict) in search.ranked {
            all.push(rank, Some(verdict));
        }
    }
    all
}
