use std::{cmp::Reverse, iter};

use crate::error::Stall;

/// The handler calls of a cascade with their causes, to explain a cascade that does not end.
#[derive(Debug)]
pub(crate) struct CascadeTrace {
    steps: Vec<TraceStep>,
}

/// One call of a handler, or one command without a handler.
#[derive(Debug)]
pub(crate) struct TraceStep {
    pub(crate) event: String,
    pub(crate) handler: Option<&'static str>,
    /// The index of the step that raised the event. It is always an earlier step.
    pub(crate) cause_idx: Option<usize>,
}

impl CascadeTrace {
    pub(crate) fn new(steps: impl Iterator<Item = TraceStep>) -> Self {
        Self {
            steps: steps.collect(),
        }
    }

    /// Explains why the cascade was stopped after its last step.
    pub(crate) fn explain_stall(&self, pending: Vec<String>) -> Stall {
        let (cycle, n_repeats) = self.find_cycle();

        Stall {
            budget: self.steps.len(),
            cycle,
            n_repeats,
            handler_calls: self.busiest_handlers(),
            pending,
        }
    }

    /// Returns the handlers with their number of calls, most calls first.
    fn busiest_handlers(&self) -> Vec<(&'static str, usize)> {
        let mut handlers: Vec<(&'static str, usize)> = Vec::new();
        for called in self.steps.iter().filter_map(|step| step.handler) {
            match handlers.iter_mut().find(|(handler, _)| *handler == called) {
                Some((_, n_calls)) => *n_calls += 1,
                None => handlers.push((called, 1)),
            }
        }

        handlers.sort_by_key(|(handler, n_calls)| (Reverse(*n_calls), *handler));
        handlers
    }

    /// Finds the events and handlers that repeat on the longest chain of causes, and how often they do.
    fn find_cycle(&self) -> (Vec<String>, usize) {
        // From the last effect back to the first cause.
        let labels: Vec<_> =
            iter::successors(self.deepest_step(), |idx| self.steps[*idx].cause_idx)
                .map(|idx| (&*self.steps[idx].event, self.steps[idx].handler))
                .collect();

        // The last steps may not belong to the cycle. They are skipped until something repeats. The
        // period is the number of steps until it repeats.
        let repetition = (0..labels.len()).find_map(|n_skipped| {
            let labels = &labels[n_skipped..];
            let period = (1..=labels.len() / 2).find(|n| labels[..*n] == labels[*n..2 * n])?;
            Some((labels, period))
        });
        let Some((labels, period)) = repetition else {
            return (Vec::new(), 0);
        };

        let n_repeats = labels
            .chunks(period)
            .take_while(|chunk| *chunk == &labels[..period])
            .count();
        let cycle = labels[..period]
            .iter()
            .rev()
            .flat_map(|(event, handler)| iter::once(*event).chain(*handler))
            .map(str::to_owned)
            .collect();

        (cycle, n_repeats)
    }

    /// Returns the step with the longest chain of causes. If there are several, it returns the last one.
    fn deepest_step(&self) -> Option<usize> {
        let mut depths: Vec<usize> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let depth = step.cause_idx.map_or(0, |cause| depths[cause] + 1);
            depths.push(depth);
        }

        (0..depths.len()).max_by_key(|idx| depths[*idx])
    }
}
