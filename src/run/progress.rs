use std::{collections::BTreeMap, ops::Range};

use flow_domain::{model::SerializedMessage, record::Record};

use crate::{
    outcome::{Keyword, StepStatus, StepText, Story, StoryLine},
    plan::Plan,
    value::MessageView,
};

/// How far a run has come: what is known about each step so far.
///
/// A step is identified by its index in the plan.
#[derive(Debug, Default)]
pub(super) struct StepProgress {
    /// Each given step and act, and the number of entries before it in the record.
    ///
    /// Invariant: both numbers grow.
    starts: Vec<(usize, usize)>,
    /// The step of each act.
    ///
    /// Invariant: the steps are in order.
    act_steps: Vec<usize>,
    /// The commands that closures built, by step.
    built_commands: BTreeMap<usize, SerializedMessage>,
    /// The steps that failed.
    failed: Vec<usize>,
    /// The last step that the run reached.
    reached: usize,
}

impl StepProgress {
    pub(super) fn mark_reached(&mut self, idx: usize) {
        self.reached = idx;
    }

    /// Marks the start of a given step or an act, after `n_entries` entries of the record.
    pub(super) fn mark_start(&mut self, idx: usize, n_entries: usize) {
        self.starts.push((idx, n_entries));
    }

    /// Returns the step in which an entry was added; the first one if it was before all steps.
    pub(super) fn step_of_entry(&self, entry_idx: usize) -> usize {
        let n_started = self
            .starts
            .partition_point(|(_, n_entries)| *n_entries <= entry_idx);
        self.starts[..n_started].last().map_or(0, |(step, _)| *step)
    }

    /// Returns the entries that a step added. `n_entries` is the number of all entries.
    fn entries_of(&self, idx: usize, n_entries: usize) -> Range<usize> {
        let Ok(nth) = self.starts.binary_search_by_key(&idx, |(step, _)| *step) else {
            return 0..0;
        };

        let end = self.starts.get(nth + 1).map_or(n_entries, |(_, end)| *end);
        self.starts[nth].1..end
    }

    pub(super) fn mark_failed(&mut self, idx: usize) {
        self.failed.push(idx);
    }

    pub(super) fn add_act(&mut self, idx: usize) {
        self.act_steps.push(idx);
    }

    /// Returns the step of an act.
    pub(super) fn step_of_act(&self, act: usize) -> usize {
        self.act_steps[act]
    }

    /// Returns the number of acts of a step.
    pub(super) fn n_acts(&self, idx: usize) -> usize {
        self.acts_of(idx).len()
    }

    /// Returns the indexes of the acts of a step.
    fn acts_of(&self, idx: usize) -> Range<usize> {
        let start = self.act_steps.partition_point(|step| *step < idx);
        let end = self.act_steps.partition_point(|step| *step <= idx);
        start..end
    }

    pub(super) fn add_built_command(&mut self, idx: usize, command: SerializedMessage) {
        self.built_commands.insert(idx, command);
    }

    /// Builds the story of a run that has ended.
    pub(super) fn into_story(mut self, plan: &Plan<'_>, record: &Record) -> Story {
        let labels = record.labels();
        let mut lines = Vec::with_capacity(plan.steps.len());
        for (idx, step) in plan.steps.iter().enumerate() {
            let text = match step.kind.text(labels) {
                StepText::BuiltCommand(_) => {
                    let built = self.built_commands.remove(&idx);
                    StepText::BuiltCommand(
                        built.map(|command| MessageView::of_serialized(&command, labels)),
                    )
                }
                text => text,
            };

            lines.push(StoryLine {
                keyword: step.kind.keyword(),
                text,
                status: self.status_of(idx, step.kind.keyword()),
                entries: self.entries_of(idx, record.entries().len()),
            });
        }

        Story::new(lines)
    }

    fn status_of(&self, idx: usize, keyword: Keyword) -> StepStatus {
        let acts = self.acts_of(idx);
        if !acts.is_empty() {
            StepStatus::Acts(acts)
        } else if self.failed.contains(&idx) {
            StepStatus::Failed
        } else if self.reached < idx {
            StepStatus::Skipped
        } else if keyword == Keyword::Then {
            StepStatus::Passed
        } else {
            StepStatus::Done
        }
    }
}
