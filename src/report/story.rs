use std::fmt;

use flow_domain::model::SerializedMessage;

use crate::{
    expect::MessageView,
    flow::{Plan, StateQuery, StepKind, Then},
    report::{RenderOptions, failure_text::highlight_failure, text::cut_after_field},
    run::{ActKind, ActOutcome},
    system::ClockAdvance,
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
struct StoryLine {
    /// `given`, `when`, `then` or `fault`.
    keyword: &'static str,
    text: StepText,
    status: StepStatus,
}

/// The text of a step, before it is rendered.
#[derive(Debug)]
enum StepText {
    Text(String),
    Message(SerializedMessage),
    Messages(Vec<SerializedMessage>),
    /// A command that a closure builds; `None` if it was not built yet.
    BuiltCommand(Option<SerializedMessage>),
    /// A stored state, and the methods that check it.
    State {
        name: &'static str,
        /// `None` for all rows of a projection.
        id: Option<String>,
        methods: Vec<&'static str>,
    },
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepStatus {
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

/// How far a run has come: what is known about each step so far.
///
/// A step is identified by its index in the plan.
#[derive(Debug, Default)]
pub(crate) struct StepProgress {
    /// The step of each act.
    act_steps: Vec<usize>,
    /// The commands that closures built, each with its step.
    built_commands: Vec<(usize, SerializedMessage)>,
    /// The steps that failed.
    failed: Vec<usize>,
    /// The last step that the run reached.
    reached: usize,
}

impl StepProgress {
    pub(crate) fn mark_reached(&mut self, idx: usize) {
        self.reached = idx;
    }

    pub(crate) fn mark_failed(&mut self, idx: usize) {
        self.failed.push(idx);
    }

    pub(crate) fn add_act(&mut self, idx: usize) {
        self.act_steps.push(idx);
    }

    /// Returns the number of acts of a step.
    pub(crate) fn n_acts(&self, idx: usize) -> usize {
        self.act_steps.iter().filter(|step| **step == idx).count()
    }

    pub(crate) fn add_built_command(&mut self, idx: usize, command: SerializedMessage) {
        self.built_commands.push((idx, command));
    }

    /// Builds the story of a run that has ended.
    pub(crate) fn into_story(mut self, plan: &Plan<'_>) -> Story {
        let lines = plan.steps.iter().enumerate().map(|(idx, step)| {
            let keyword = keyword_of(&step.kind);
            let mut text = text_of(&step.kind);
            if let StepText::BuiltCommand(command) = &mut text {
                *command = self.take_built_command(idx);
            }

            StoryLine {
                keyword,
                text,
                status: self.status_of(idx, keyword),
            }
        });

        Story {
            lines: lines.collect(),
        }
    }

    /// Removes the command that the closure of a step built, and returns it.
    fn take_built_command(&mut self, idx: usize) -> Option<SerializedMessage> {
        let nth = self
            .built_commands
            .iter()
            .position(|(step, _)| *step == idx)?;

        Some(self.built_commands.swap_remove(nth).1)
    }

    fn status_of(&self, idx: usize, keyword: &str) -> StepStatus {
        if let Some(act) = self.act_steps.iter().position(|step| *step == idx) {
            StepStatus::Acts(act, self.n_acts(idx))
        } else if self.failed.contains(&idx) {
            StepStatus::Failed
        } else if self.reached < idx {
            StepStatus::Skipped
        } else if keyword == "then" {
            StepStatus::Passed
        } else {
            StepStatus::Done
        }
    }
}

fn keyword_of(kind: &StepKind<'_>) -> &'static str {
    match kind {
        StepKind::GivenNothing
        | StepKind::GivenEvents(_)
        | StepKind::GivenAggregate(_)
        | StepKind::GivenCommand(_) => "given",
        StepKind::When(..)
        | StepKind::WhenEvent(..)
        | StepKind::WhenSubmitted(..)
        | StepKind::WhenAll(_)
        | StepKind::WhenTime(_)
        | StepKind::WhenEngine(_)
        | StepKind::WhenRedelivered(_)
        | StepKind::WhenWith(..) => "when",
        StepKind::Fault(_) => "fault",
        StepKind::Then(_) => "then",
    }
}

fn text_of(kind: &StepKind<'_>) -> StepText {
    let text = match kind {
        StepKind::GivenEvents(Ok(events)) => return StepText::Messages(events.clone()),
        StepKind::GivenAggregate(Ok(aggregate)) => {
            return StepText::State {
                name: aggregate.name,
                id: Some(aggregate.id.to_string()),
                methods: Vec::new(),
            };
        }
        StepKind::GivenCommand(Ok(message))
        | StepKind::When(Ok(message), ..)
        | StepKind::WhenEvent(Ok(message), _)
        | StepKind::WhenSubmitted(Ok(message), _) => return StepText::Message(message.clone()),
        StepKind::WhenAll(Ok(commands)) => return StepText::Messages(commands.clone()),
        StepKind::WhenWith(..) => return StepText::BuiltCommand(None),
        StepKind::Then(Then::State(query)) => return query.step_text(),

        StepKind::GivenNothing => "nothing".to_owned(),
        StepKind::WhenTime(ClockAdvance::By(duration)) => {
            format!("time passes: {}", humantime::format_duration(*duration))
        }
        StepKind::WhenTime(ClockAdvance::To(time)) => format!("the time reaches {time}"),
        StepKind::WhenEngine(None) => "the engine runs".to_owned(),
        StepKind::WhenEngine(Some(1)) => "the engine runs 1 cycle".to_owned(),
        StepKind::WhenEngine(Some(n)) => format!("the engine runs {n} cycles"),
        StepKind::WhenRedelivered(1) => "redelivered once".to_owned(),
        StepKind::WhenRedelivered(n) => format!("redelivered {n} times"),
        StepKind::Fault(fault) => fault.to_string(),
        StepKind::Then(then) => then.describe(),

        // The value could not be serialized. The failure of the step says why.
        StepKind::GivenEvents(Err(_)) => "events".to_owned(),
        StepKind::GivenAggregate(Err((aggregate, _))) => aggregate.clone(),
        StepKind::GivenCommand(Err(_))
        | StepKind::When(Err(_), ..)
        | StepKind::WhenSubmitted(Err(_), _) => "a command".to_owned(),
        StepKind::WhenEvent(Err(_), _) => "an event".to_owned(),
        StepKind::WhenAll(Err(_)) => "commands".to_owned(),
    };

    StepText::Text(text)
}

impl StateQuery<'_> {
    fn step_text(&self) -> StepText {
        let mut methods: Vec<_> = self
            .checks
            .iter()
            .map(|(_, check)| check.method())
            .collect();
        methods.dedup();

        StepText::State {
            name: self.state_type.name,
            id: self.id.clone(),
            methods,
        }
    }
}

impl StepText {
    fn render(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Messages(messages) => render_messages(messages),
            Self::Message(message) | Self::BuiltCommand(Some(message)) => {
                MessageView::from(message).show()
            }
            Self::BuiltCommand(None) => "a command that a closure builds".to_owned(),
            Self::State { name, id, methods } => {
                let subject = match id {
                    Some(id) => format!("{name} {id:?}"),
                    None => format!("rows of {name}"),
                };
                let mut parts = vec![subject.as_str()];
                parts.extend(methods);
                parts.join(" ")
            }
        }
    }
}

/// Returns the messages with their fields, or only their names if the fields do not fit.
fn render_messages(messages: &[SerializedMessage]) -> String {
    let messages: Vec<MessageView> = messages.iter().map(MessageView::from).collect();

    let whole: Vec<String> = messages.iter().map(MessageView::show).collect();
    let whole = whole.join(", ");
    if whole.chars().count() <= MAX_STEP_WIDTH || messages.len() == 1 {
        return whole;
    }

    // All names say more than the fields of the first message.
    let names: Vec<String> = messages
        .iter()
        .map(|message| format!("{} {{..}}", message.name))
        .collect();
    names.join(", ")
}

impl Story {
    /// Returns a step with its keyword: `then OrderDashboard "ord-1" is`.
    pub(crate) fn describe_step(&self, idx: usize) -> String {
        let line = &self.lines[idx];
        let text = cut_after_field(&line.text.render(), MAX_STEP_WIDTH);

        format!("{} {text}", line.keyword)
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
        let statuses: Vec<String> = self
            .lines
            .iter()
            .map(|line| line.render_status(acts))
            .collect();
        // The texts are cut to leave room for the statuses.
        let status_width = max_width(&statuses).min(MAX_STATUS_WIDTH);
        let width = options
            .width
            .saturating_sub(PREFIX_WIDTH + status_width)
            .clamp(MIN_STEP_WIDTH, MAX_STEP_WIDTH);
        let texts: Vec<String> = self
            .lines
            .iter()
            .map(|line| cut_after_field(&line.text.render(), width))
            .collect();
        let text_width = max_width(&texts);

        self.lines
            .iter()
            .zip(texts)
            .zip(statuses)
            .enumerate()
            .map(|(idx, ((line, text), status))| {
                let (number, keyword) = (idx + 1, line.keyword);
                let text = format!("{number:>2} {keyword:<5}  {text:<text_width$}  {status}");
                highlight_failure(&options.cut_end(text.trim_end()), options)
            })
            .collect::<Vec<String>>()
            .join("\n")
    }
}

/// Returns the number of characters of the longest text.
fn max_width(texts: &[String]) -> usize {
    texts
        .iter()
        .map(|text| text.chars().count())
        .max()
        .unwrap_or(0)
}

impl StoryLine {
    fn render_status(&self, acts: &[ActOutcome]) -> String {
        match self.status {
            StepStatus::Done => String::new(),
            StepStatus::Acts(first, n) => {
                let results: Vec<String> =
                    acts.iter().skip(first).take(n).map(act_result).collect();
                results.join(", ")
            }
            StepStatus::Passed => "ok".to_owned(),
            StepStatus::Failed => "FAILED".to_owned(),
            StepStatus::Skipped => "skipped".to_owned(),
        }
    }
}

fn act_result(act: &ActOutcome) -> String {
    match act.error() {
        _ if act.stall().is_some() => "DID NOT SETTLE".to_owned(),
        Some(err) if err.is_rejection() => format!("REJECTED: {}", first_line(err)),
        Some(err) => format!("FAILED: {}", first_line(err.with_causes())),
        None => {
            let result = match act.kind() {
                ActKind::Message => "accepted",
                ActKind::Submitted => "submitted",
                ActKind::Other => "",
            };

            match (result, act.failures().is_empty()) {
                (result, true) => result.to_owned(),
                ("", false) => "a handler failed".to_owned(),
                (result, false) => format!("{result}, but a handler failed"),
            }
        }
    }
}

/// Returns the first line of a text: a status has only one line.
fn first_line(text: impl fmt::Display) -> String {
    let text = text.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
