use std::collections::BTreeMap;

use flow_domain::record::EntryId;

use crate::diagnosis::Cause;

/// The distance of a cause that is only a guess: it ranks after all causes that the wiring shows.
pub(super) const GUESS_DISTANCE: usize = 100;

/// The maximum number of causes of the same kind that are looked into.
///
/// The report shows one cause, so nobody sees the others of its kind.
pub(super) const MAX_SIMILAR_CAUSES: usize = 16;

/// The possible causes of a failure, with their ranks.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// Each cause with its rank; the lowest rank is the most probable.
    ///
    /// A rank is `(is it inferred, distance)`. Certain causes come before inferred ones. Of two
    /// certain or two inferred causes, the nearer one comes first.
    ///
    /// The distance is the number of messages between the cause and the failed step. It is
    /// longer if the cause is doubtful.
    ranked: Vec<((bool, usize), Cause)>,
    /// The indices in `ranked`, by the entry of the cause. Equal causes have the same entry.
    by_entry: BTreeMap<Option<EntryId>, Vec<usize>>,
}

impl Candidates {
    /// Adds something that went wrong, `distance` messages away from the failed step.
    pub(super) fn add_certain(&mut self, distance: usize, cause: Option<Cause>) {
        self.push((false, distance), cause);
    }

    /// Adds something that was not done, `distance` messages away from the failed step.
    pub(super) fn add_inferred(&mut self, distance: usize, cause: Option<Cause>) {
        self.push((true, distance), cause);
    }

    fn push(&mut self, rank: (bool, usize), cause: Option<Cause>) {
        let Some(cause) = cause else { return };

        let same_entry = self.by_entry.entry(cause.entry()).or_default();
        if same_entry.iter().all(|idx| self.ranked[*idx].1 != cause) {
            same_entry.push(self.ranked.len());
            self.ranked.push((rank, cause));
        }
    }

    /// Returns the likely causes and the guesses, each in the order of their ranks.
    pub(super) fn into_likely_and_guesses(mut self) -> (Vec<Cause>, Vec<Cause>) {
        self.ranked.sort_by_key(|(rank, _)| *rank);

        let (likely, guesses): (Vec<_>, Vec<_>) = self
            .ranked
            .into_iter()
            .partition(|((_, distance), _)| *distance < GUESS_DISTANCE);
        let causes = |ranked: Vec<(_, Cause)>| ranked.into_iter().map(|(_, cause)| cause).collect();

        (causes(likely), causes(guesses))
    }

    /// Returns the causes in the order of their ranks.
    pub(super) fn into_causes(mut self) -> Vec<Cause> {
        // The sort is stable: of two causes with the same rank, the one found first stays first.
        self.ranked.sort_by_key(|(rank, _)| *rank);
        self.ranked.into_iter().map(|(_, cause)| cause).collect()
    }
}

impl Cause {
    /// Returns true if the record alone shows the cause, without the wiring of a domain.
    pub(super) fn is_in_record(&self) -> bool {
        matches!(
            self,
            Self::Rejected { .. } | Self::HandlerFailed { .. } | Self::OrderDiffers { .. }
        )
    }

    /// Returns true if a handler failed or rejected a message, or if a command has no handler.
    ///
    /// No later act can repair that.
    pub(crate) fn is_independent_failure(&self) -> bool {
        matches!(
            self,
            Self::Rejected { .. } | Self::HandlerFailed { .. } | Self::NoHandler { .. }
        )
    }
}

/// Merges several searches. The ranks decide between the causes of all searches.
pub(super) fn merge(searches: Vec<Candidates>) -> Candidates {
    let mut merged = Candidates::default();
    for search in searches {
        for (rank, cause) in search.ranked {
            merged.push(rank, Some(cause));
        }
    }

    merged
}
