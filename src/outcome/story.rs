use std::fmt;

use crate::{
    outcome::{ActKind, ActOutcome},
    value::{MessageView, RenderOptions, StatusText, cut_after_field, max_width},
};

/// The maximum width of the text of a step. A longer text is cut at the end.
const MAX_STEP_WIDTH: usize = 70;

/// The minimum room for the text of a step, even on a narrow terminal.
const MIN_STEP_WIDTH: usize = 30;

/// The columns before a step, for its number and its keyword.
const PREFIX_WIDTH: usize = 13;

/// The maximum number of columns that are reserved for the status of a step.
const MAX_STATUS_WIDTH: usize = 30;

/// The steps of a test flow, one line for each step.
///
/// The lines are data. They become text only when somebody reads the story.
#[derive(Debug, Default)]
pub(crate) struct Story {
    lines: Vec<StoryLine>,
}

#[derive(Debug)]
pub(crate) struct StoryLine {
    pub(crate) keyword: Keyword,
    pub(crate) text: StepText,
    pub(crate) status: StepStatus,
}

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Given,
    When,
    Fault,
    Then,
}

/// The text of a step, before it is rendered.
#[derive(Debug)]
pub(crate) enum StepText {
    Text(String),
    Message(MessageView),
    Messages(Vec<MessageView>),
    /// A command that a closure builds; `None` if it was not built yet.
    BuiltCommand(Option<MessageView>),
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepStatus {
    /// The step ran, and has no result.
    Done,
    /// The step ran acts: the index of the first act, and the number of acts.
    Acts(usize, usize),
    /// The expectation was met.
    Passed,
    Failed,
    /// The step was not run.
    Skipped,
}

impl StepText {
    fn render(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Messages(messages) => render_messages(messages),
            Self::Message(message) | Self::BuiltCommand(Some(message)) => message.show_whole(),
            Self::BuiltCommand(None) => "a command that a closure builds".to_owned(),
        }
    }
}

/// Returns the messages with their fields, or only their names if the fields do not fit.
fn render_messages(messages: &[MessageView]) -> String {
    let whole: Vec<String> = messages.iter().map(MessageView::show_whole).collect();
    let whole = whole.join(", ");
    if whole.chars().count() <= MAX_STEP_WIDTH || messages.len() == 1 {
        return whole;
    }

    // All names say more than the fields of the first message.
    let names: Vec<String> = messages
        .iter()
        .map(|message| format!("{} {{..}}", message.label()))
        .collect();
    names.join(", ")
}

impl Story {
    pub(crate) fn new(lines: Vec<StoryLine>) -> Self {
        Self { lines }
    }

    /// Returns a step with its keyword: `then OrderDashboard "ord-1" is`.
    pub(crate) fn describe_step(&self, idx: usize) -> String {
        let line = &self.lines[idx];
        let text = cut_after_field(&line.text.render(), MAX_STEP_WIDTH);

        format!("{} {text}", line.keyword.as_str())
    }

    /// Returns the number of steps that were not run because the test flow stopped before them.
    pub(crate) fn n_skipped(&self) -> usize {
        self.lines
            .iter()
            .filter(|line| line.status == StepStatus::Skipped)
            .count()
    }

    /// Renders the story in columns: the number, the keyword, the text and the status of each step.
    pub(crate) fn render(&self, acts: &[ActOutcome], options: &RenderOptions) -> String {
        let statuses: Vec<StatusText> = self
            .lines
            .iter()
            .map(|line| line.render_status(acts))
            .collect();
        // The texts are cut to leave room for the statuses.
        let status_width = max_width(statuses.iter().map(StatusText::as_str)).min(MAX_STATUS_WIDTH);
        let width = options
            .width
            .saturating_sub(PREFIX_WIDTH + status_width)
            .clamp(MIN_STEP_WIDTH, MAX_STEP_WIDTH);
        let texts: Vec<String> = self
            .lines
            .iter()
            .map(|line| cut_after_field(&line.text.render(), width))
            .collect();
        let text_width = max_width(texts.iter().map(String::as_str));

        self.lines
            .iter()
            .zip(texts)
            .zip(statuses)
            .enumerate()
            .map(|(idx, ((line, text), status))| {
                let (number, keyword) = (idx + 1, line.keyword.as_str());
                let step = format!("{number:>2} {keyword:<5}  {text:<text_width$}  ");
                status.after(step).render(options)
            })
            .collect::<Vec<String>>()
            .join("\n")
    }
}

impl Keyword {
    fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::When => "when",
            Self::Fault => "fault",
            Self::Then => "then",
        }
    }
}

impl StoryLine {
    fn render_status(&self, acts: &[ActOutcome]) -> StatusText {
        match self.status {
            StepStatus::Done => StatusText::default(),
            StepStatus::Acts(first, n) => join_results(&acts[first..first + n]),
            StepStatus::Passed => StatusText::new("ok"),
            StepStatus::Failed => StatusText::failure("FAILED"),
            StepStatus::Skipped => StatusText::new("skipped"),
        }
    }
}

fn join_results(acts: &[ActOutcome]) -> StatusText {
    let mut joined = StatusText::default();
    for (idx, act) in acts.iter().enumerate() {
        if 0 < idx {
            joined.push_str(", ");
        }
        joined.push(act_result(act));
    }

    joined
}

fn act_result(act: &ActOutcome) -> StatusText {
    match act.error() {
        _ if act.stall().is_some() => StatusText::failure("DID NOT SETTLE"),
        Some(err) if err.is_rejection() => {
            StatusText::failure(format!("REJECTED: {}", first_line(err)))
        }
        Some(err) => StatusText::failure(format!("FAILED: {}", first_line(err.with_causes()))),
        None => StatusText::new(match (act.kind(), act.failures().is_empty()) {
            (ActKind::Message, true) => "accepted",
            (ActKind::Message, false) => "accepted, but a handler failed",
            (ActKind::Submitted, true) => "submitted",
            (ActKind::Submitted, false) => "submitted, but a handler failed",
            (ActKind::Other, true) => "",
            (ActKind::Other, false) => "a handler failed",
        }),
    }
}

/// Returns the first line of a text: a status has only one line.
fn first_line(text: impl fmt::Display) -> String {
    let text = text.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
