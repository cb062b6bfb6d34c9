use crate::{error::Stall, message::MessageName};

/// Who was called for what because of whom, so that a cascade that does not end can be explained.
#[derive(Debug)]
pub(super) struct Trail {
    steps: Vec<TrailStep>,
}

/// One call, and the place of the one that caused it.
#[derive(Debug)]
pub(super) struct TrailStep {
    pub(super) event: MessageName,
    pub(super) handler: &'static str,
    pub(super) cause: Option<usize>,
}

impl Trail {
    pub(super) fn new(steps: impl Iterator<Item = TrailStep>) -> Self {
        Self {
            steps: steps.collect(),
        }
    }

    /// Explains why the cascade was stopped after its last step.
    pub(super) fn stall(&self, waiting: Vec<String>) -> Stall {
        let (cycle, n_repeats) = self.cycle();
        Stall {
            budget: self.steps.len(),
            cycle,
            n_repeats,
            busy: self.busy(),
            waiting,
        }
    }

    fn busy(&self) -> Vec<(&'static str, usize)> {
        let mut busy: Vec<(&'static str, usize)> = Vec::new();
        for step in &self.steps {
            match busy
                .iter_mut()
                .find(|(handler, _)| *handler == step.handler)
            {
                Some((_, n_calls)) => *n_calls += 1,
                None => busy.push((step.handler, 1)),
            }
        }
        busy.sort_by_key(|(handler, n_calls)| (std::cmp::Reverse(*n_calls), *handler));
        busy
    }

    /// Finds what repeats on the way from the last step back to its first cause.
    fn cycle(&self) -> (Vec<String>, usize) {
        let label = |idx: &usize| (self.steps[*idx].event.as_str(), self.steps[*idx].handler);
        let last = self.steps.len().checked_sub(1);
        let way: Vec<_> = std::iter::successors(last, |idx| self.steps[*idx].cause).collect();
        let labels: Vec<_> = way.iter().map(label).collect();
        let Some(period) =
            (1..=labels.len() / 2).find(|period| labels[..*period] == labels[*period..2 * period])
        else {
            return (Vec::new(), 0);
        };
        let n_repeats = labels
            .chunks(period)
            .take_while(|chunk| *chunk == &labels[..period])
            .count();
        let cycle = labels[..period].iter().rev();
        let names = cycle.flat_map(|(event, handler)| [*event, *handler]);
        (names.map(str::to_owned).collect(), n_repeats)
    }
}
