use std::borrow::Cow;

use crate::error::Stall;

/// Who was called for what because of whom, so that a cascade that does not end can be explained.
#[derive(Debug)]
pub(crate) struct CascadeTrace {
    steps: Vec<TraceStep>,
}

/// One call, and the place of the one that caused it.
#[derive(Debug)]
pub(crate) struct TraceStep {
    pub(crate) event: Cow<'static, str>,
    pub(crate) handler: &'static str,
    pub(crate) cause_idx: Option<usize>,
}

impl CascadeTrace {
    pub(crate) fn new(steps: impl Iterator<Item = TraceStep>) -> Self {
        Self {
            steps: steps.collect(),
        }
    }

    /// Explains why the cascade was stopped after its last step.
    pub(crate) fn explain_stall(&self, waiting: Vec<String>) -> Stall {
        let (cycle, n_repeats) = self.find_cycle();
        Stall {
            budget: self.steps.len(),
            cycle,
            n_repeats,
            handler_calls: self.busiest_handlers(),
            pending: waiting,
        }
    }

    fn busiest_handlers(&self) -> Vec<(&'static str, usize)> {
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

    /// Finds what repeats on the longest way back to a first cause. What hangs off the cycle, and was
    /// called last by chance, is passed over.
    fn find_cycle(&self) -> (Vec<String>, usize) {
        let label = |idx: &usize| (&*self.steps[*idx].event, self.steps[*idx].handler);
        let way: Vec<_> =
            std::iter::successors(self.deepest_step(), |idx| self.steps[*idx].cause_idx).collect();
        let labels: Vec<_> = way.iter().map(label).collect();
        let found = (0..labels.len()).find_map(|n_passed| {
            let labels = &labels[n_passed..];
            let mut periods = 1..=labels.len() / 2;
            let period = periods.find(|n| labels[..*n] == labels[*n..2 * n])?;
            Some((labels, period))
        });

        let Some((labels, period)) = found else {
            return (Vec::new(), 0);
        };

        let n_repeats = labels
            .chunks(period)
            .take_while(|chunk| *chunk == &labels[..period])
            .count();
        let names = labels[..period]
            .iter()
            .rev()
            .flat_map(|(event, handler)| [*event, *handler]);

        (names.map(str::to_owned).collect(), n_repeats)
    }

    /// The step with the longest way back; of several, the last.
    fn deepest_step(&self) -> Option<usize> {
        let mut depths: Vec<usize> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let depth = step.cause_idx.map_or(0, |cause| depths[cause] + 1);
            depths.push(depth);
        }
        (0..depths.len()).max_by_key(|idx| depths[*idx])
    }
}
