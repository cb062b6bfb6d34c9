use std::fmt;

use flow_domain::model::SerializedMessage;

use crate::{
    expect::MessageView,
    flow::{Plan, StateQuery, StepKind, Then},
    report::{RenderOptions, failure_text::highlight_failure, text::cut_after_field},
    run::{ActKind, ActOutcome},
    system::ClockAdvance,
};

/// How wide a step may get before its end is cut off.
const MAX_STEP_WIDTH: usize = 70;

/// How wide it may always get.
const MIN_STEP_WIDTH: usize = 30;

/// How many columns there are before it for its number and its word, and how many are kept behind it for
/// what became of it.
const PREFIX_WIDTH: usize = 13;
const MAX_STATUS_WIDTH: usize = 30;

/// The sentence as prose: one line for each step.
///
/// A line is kept as what it tells of, and put into words only when somebody reads it.
#[derive(Debug, Default)]
pub(crate) struct Story {
    lines: Vec<StoryLine>,
}

#[derive(Debug)]
struct StoryLine {
    keyword: &'static str,
    text: StepText,
    /// What became of the step.
    status: StepStatus,
}

/// What a line tells of.
#[derive(Debug)]
enum StepText {
    Text(String),
    Message(SerializedMessage),
    Messages(Vec<SerializedMessage>),
    /// What was made from what was seen, once it was made.
    BuiltCommand(Option<SerializedMessage>),
    State {
        name: &'static str,
        id: Option<String>,
        methods: Vec<&'static str>,
    },
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepStatus {
    /// Nothing to tell.
    Done,
    /// The act with this number, and those that were a part of the step as well.
    Acts(usize, usize),
    Passed,
    Failed,
    Skipped,
}

/// What became of the steps of a sentence, while it runs.
#[derive(Debug, Default)]
pub(crate) struct StepProgress {
    /// For each act, the place of its step.
    act_steps: Vec<usize>,
    /// The commands that were made from what was seen, with the places of their steps.
    built_commands: Vec<(usize, SerializedMessage)>,
    failed: Vec<usize>,
    /// The step that was reached last.
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

    /// How many acts the step was.
    pub(crate) fn n_acts(&self, idx: usize) -> usize {
        self.act_steps.iter().filter(|step| **step == idx).count()
    }

    pub(crate) fn add_built_command(&mut self, idx: usize, command: SerializedMessage) {
        self.built_commands.push((idx, command));
    }

    /// Tells the story of a sentence that is over.
    pub(crate) fn into_story(mut self, plan: &Plan<'_>) -> Story {
        let lines = plan.steps.iter().enumerate().map(|(idx, step)| {
            let (word, mut tells) = step_text(&step.kind);
            let mut fate = self.status_of(idx, word);

            if let Some(act) = self.act_steps.iter().position(|step| *step == idx) {
                fate = StepStatus::Acts(act, self.n_acts(idx));
            }

            if let StepText::BuiltCommand(made) = &mut tells
                && let Some(place) = self
                    .built_commands
                    .iter()
                    .position(|(step, _)| *step == idx)
            {
                *made = Some(self.built_commands.swap_remove(place).1);
            }

            StoryLine {
                keyword: word,
                text: tells,
                status: fate,
            }
        });

        Story {
            lines: lines.collect(),
        }
    }

    fn status_of(&self, idx: usize, word: &str) -> StepStatus {
        if self.failed.contains(&idx) {
            StepStatus::Failed
        } else if self.reached < idx {
            StepStatus::Skipped
        } else if word == "then" {
            StepStatus::Passed
        } else {
            StepStatus::Done
        }
    }
}

fn step_text(kind: &StepKind<'_>) -> (&'static str, StepText) {
    match kind {
        StepKind::GivenNothing => ("given", StepText::Text("nothing".to_owned())),
        StepKind::GivenEvents(Ok(events)) => ("given", StepText::Messages(events.clone())),
        StepKind::GivenAggregate(Ok(aggregate)) => (
            "given",
            StepText::State {
                name: aggregate.name,
                id: Some(aggregate.id.to_string()),
                methods: Vec::new(),
            },
        ),
        StepKind::GivenCommand(Ok(command)) => ("given", StepText::Message(command.clone())),
        StepKind::When(Ok(message), ..)
        | StepKind::WhenEvent(Ok(message), _)
        | StepKind::WhenSubmitted(Ok(message), _) => ("when", StepText::Message(message.clone())),
        StepKind::WhenAll(Ok(commands)) => ("when", StepText::Messages(commands.clone())),
        StepKind::WhenAll(Err(_)) => ("when", StepText::Text("commands".to_owned())),
        StepKind::WhenTime(ClockAdvance::Ready(time)) => (
            "when",
            StepText::Text(format!("{} pass", humantime::format_duration(*time))),
        ),
        StepKind::WhenTime(ClockAdvance::To(time)) => {
            ("when", StepText::Text(format!("it is {time}")))
        }
        StepKind::WhenEngine(None) => ("when", StepText::Text("the engine runs".to_owned())),
        StepKind::WhenEngine(Some(n)) => (
            "when",
            StepText::Text(format!("the engine runs {n} cycles")),
        ),
        StepKind::WhenRedelivered(1) => ("when", StepText::Text("redelivered once".to_owned())),
        StepKind::WhenRedelivered(n) => ("when", StepText::Text(format!("redelivered {n} times"))),
        StepKind::WhenWith(..) => ("when", StepText::BuiltCommand(None)),
        StepKind::Fault(fault) => ("fault", StepText::Text(fault.to_string())),
        StepKind::Then(Then::State(look)) => ("then", look.step_text()),
        StepKind::Then(then) => ("then", StepText::Text(then.describe())),
        // Why it could not be written down is told where the step fails.
        StepKind::GivenEvents(Err(_)) => ("given", StepText::Text("events".to_owned())),
        StepKind::GivenAggregate(Err((aggregate, _))) => {
            ("given", StepText::Text(aggregate.clone()))
        }
        StepKind::GivenCommand(Err(_)) => ("given", StepText::Text("a command".to_owned())),
        StepKind::When(Err(_), ..) | StepKind::WhenSubmitted(Err(_), _) => {
            ("when", StepText::Text("a command".to_owned()))
        }
        StepKind::WhenEvent(Err(_), _) => ("when", StepText::Text("an event".to_owned())),
    }
}

impl StateQuery<'_> {
    fn step_text(&self) -> StepText {
        StepText::State {
            name: self.state_type.name,
            methods: {
                let mut words: Vec<_> = self
                    .checks
                    .iter()
                    .map(|(_, check)| check.method())
                    .collect();
                words.dedup();
                words
            },
            id: self.id.clone(),
        }
    }
}

impl StepText {
    fn render(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Messages(messages) => {
                let seen: Vec<MessageView> = messages.iter().map(MessageView::from).collect();
                let whole: Vec<String> = seen.iter().map(MessageView::show).collect();
                let whole = whole.join(", ");

                if whole.chars().count() <= MAX_STEP_WIDTH {
                    return whole;
                }

                if let [one] = seen.as_slice() {
                    return one.show();
                }

                // Which there were says more than what was in the first of them.
                let names: Vec<String> = seen
                    .iter()
                    .map(|one| format!("{} {{..}}", one.name))
                    .collect();
                names.join(", ")
            }
            Self::Message(message) | Self::BuiltCommand(Some(message)) => {
                MessageView::from(message).show()
            }
            Self::BuiltCommand(None) => "a command made from what was seen".to_owned(),
            Self::State {
                name,
                id,
                methods: words,
            } => {
                let subject = match id {
                    Some(id) => format!("{name} {id:?}"),
                    None => format!("rows of {name}"),
                };
                let mut parts = vec![subject.as_str()];
                parts.extend(words);
                parts.join(" ")
            }
        }
    }
}

impl Story {
    /// What the step with this place says, with its word: `then OrderDashboard "ord-1" is`.
    pub(crate) fn describe_step(&self, idx: usize) -> String {
        let line = &self.lines[idx];
        format!(
            "{} {}",
            line.keyword,
            cut_after_field(&line.text.render(), MAX_STEP_WIDTH)
        )
    }

    /// How many steps were not run, because the sentence stopped before them.
    pub(crate) fn n_skipped(&self) -> usize {
        let lines = self.lines.iter();
        lines
            .filter(|line| line.status == StepStatus::Skipped)
            .count()
    }

    /// The story in words.
    pub(crate) fn render(&self, acts: &[ActOutcome], page: &RenderOptions) -> String {
        let fates: Vec<String> = self
            .lines
            .iter()
            .map(|line| line.render_status(acts))
            .collect();
        let longest = fates.iter().map(|fate| fate.chars().count()).max();
        let besides = PREFIX_WIDTH + longest.unwrap_or(0).min(MAX_STATUS_WIDTH);
        let width = page
            .width
            .saturating_sub(besides)
            .clamp(MIN_STEP_WIDTH, MAX_STEP_WIDTH);
        let told: Vec<String> = self
            .lines
            .iter()
            .map(|line| cut_after_field(&line.text.render(), width))
            .collect();
        let column = told.iter().map(|told| told.chars().count()).max();
        let column = column.unwrap_or(0);
        let lines = self.lines.iter().zip(told).zip(fates).enumerate();
        let lines = lines.map(|(idx, ((line, told), fate))| {
            let (number, word) = (idx + 1, line.keyword);
            let text = format!("{number:>2} {word:<5}  {told:<column$}  {fate}");
            highlight_failure(&page.cut_end(text.trim_end()), page)
        });

        lines.collect::<Vec<String>>().join("\n")
    }
}

impl StoryLine {
    fn render_status(&self, acts: &[ActOutcome]) -> String {
        match self.status {
            StepStatus::Done => String::new(),
            StepStatus::Acts(first, n) => {
                let told: Vec<String> = acts.iter().skip(first).take(n).map(act_result).collect();
                told.join(", ")
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
        None => {
            let word = match act.kind() {
                ActKind::Message => "accepted",
                ActKind::Submitted => "submitted",
                ActKind::Other => "",
            };

            match (word, act.failures().is_empty()) {
                (word, true) => word.to_owned(),
                ("", false) => "a handler failed".to_owned(),
                (word, false) => format!("{word}, but a handler failed"),
            }
        }
        Some(err) if err.is_rejection() => format!("REJECTED: {}", first_line(err)),
        Some(err) => format!("FAILED: {}", first_line(err.with_causes())),
    }
}

/// The start of a text that may have several lines, where one is all there is room for.
fn first_line(text: impl fmt::Display) -> String {
    let text = text.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
