use std::collections::BTreeMap;

use flow_domain::{message::MessageLabels, model::SerializedMessage};

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
    /// The step of each act.
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
        self.act_steps.iter().filter(|step| **step == idx).count()
    }

    pub(super) fn add_built_command(&mut self, idx: usize, command: SerializedMessage) {
        self.built_commands.insert(idx, command);
    }

    /// Builds the story of a run that has ended.
    pub(super) fn into_story(mut self, plan: &Plan<'_>, labels: &MessageLabels) -> Story {
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
            });
        }

        Story::new(lines)
    }

    fn status_of(&self, idx: usize, keyword: Keyword) -> StepStatus {
        if let Some(act) = self.act_steps.iter().position(|step| *step == idx) {
            StepStatus::Acts(act, self.n_acts(idx))
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
