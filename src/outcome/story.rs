use std::{fmt, ops::Range};

use flow_domain::{
    clock::Timestamp,
    record::{ClockReason, Record},
};

use crate::{
    outcome::{
        ActKind, ActOutcome, ProblemCount,
        clock_moves::{ClockMove, clock_moves},
    },
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
/// If the clock moved although the step does not say so, a second line says when and why.
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
    /// The entries of the record that belong to the step.
    pub(crate) entries: Range<usize>,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StepStatus {
    /// The step ran, and has no result.
    Done,
    /// The step ran the acts with these indexes.
    Acts(Range<usize>),
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
    pub(crate) fn render(
        &self,
        acts: &[ActOutcome],
        record: &Record,
        options: &RenderOptions,
    ) -> String {
        let moves: Vec<Vec<ClockMove>> = self
            .lines
            .iter()
            .map(|line| clock_moves(record, line.entries.clone()))
            .collect();
        let statuses: Vec<StatusText> = self
            .lines
            .iter()
            .zip(&moves)
            .map(|(line, moves)| line.render_status(acts, moves))
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
            .zip(&moves)
            .enumerate()
            .flat_map(|(idx, (((line, text), status), moves))| {
                let (number, keyword) = (idx + 1, line.keyword.as_str());
                let step = format!("{number:>2} {keyword:<5}  {text:<text_width$}  ");
                let lines = vec![status.after(step).render(options)];

                lines.into_iter().chain(hidden_moves(moves, options))
            })
            .collect::<Vec<String>>()
            .join("\n")
    }
}

/// Returns a line for each move of the clock that the text of the step does not show.
fn hidden_moves(moves: &[ClockMove], options: &RenderOptions) -> impl Iterator<Item = String> {
    moves
        .iter()
        .filter(|clock_move| clock_move.reason != ClockReason::TimePassed)
        .map(|clock_move| options.cut_end(&format!("{:10}{clock_move}", "")))
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
    fn render_status(&self, acts: &[ActOutcome], moves: &[ClockMove]) -> StatusText {
        match &self.status {
            StepStatus::Done => StatusText::default(),
            StepStatus::Acts(range) => {
                let result = join_results(&acts[range.clone()]);
                match moves.first() {
                    Some(first) if first.reason == ClockReason::TimePassed => {
                        result_at(first.to, result)
                    }
                    _ => result,
                }
            }
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

/// Returns the result of an act that let time pass until `now`.
fn result_at(now: Timestamp, result: StatusText) -> StatusText {
    let comma = if result.as_str().is_empty() { "" } else { ", " };
    result.after(format!("now {now}{comma}"))
}

fn act_result(act: &ActOutcome) -> StatusText {
    match act.error() {
        _ if act.stall().is_some() => StatusText::failure("DID NOT SETTLE"),
        Some(err) if err.is_rejection() => {
            StatusText::failure(format!("REJECTED: {}", first_line(err)))
        }
        Some(err) => StatusText::failure(format!("FAILED: {}", first_line(err.with_causes()))),
        None => {
            let start = match act.kind() {
                ActKind::Message => "accepted",
                ActKind::Submitted => "submitted",
                ActKind::Other => "",
            };
            let but = if start.is_empty() { "" } else { ", but " };
            let problem = problem_status(&ProblemCount::of(act.problems(0)));

            StatusText::new(problem.map_or(start.to_owned(), |text| format!("{start}{but}{text}")))
        }
    }
}

/// Returns which kind of problem an act caused. A failure comes before a rejection.
fn problem_status(count: &ProblemCount) -> Option<&'static str> {
    if 0 < count.failed {
        Some("a handler failed")
    } else if 0 < count.rejected {
        Some("a command was rejected")
    } else if 0 < count.unhandled {
        Some("a command has no handler")
    } else if 0 < count.expired {
        Some("a command expired")
    } else {
        None
    }
}

/// Returns the first line of a text: a status has only one line.
fn first_line(text: impl fmt::Display) -> String {
    let text = text.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
