use std::fmt;

use flow_domain::model::Written;

use crate::{
    expect::Seen,
    flow::{Look, Plan, StepKind, Then},
    report::{Page, show::alarmed, text::shorten},
    run::{ActKind, ActOutcome},
    system::Pass,
};

/// How wide a step may get before its end is cut off.
const WIDTH: usize = 70;

/// How wide it may always get.
const NARROWEST: usize = 30;

/// How many columns there are before it for its number and its word, and how many are kept behind it for
/// what became of it.
const BEFORE: usize = 13;
const BEHIND: usize = 30;

/// The sentence as prose: one line for each step.
///
/// A line is kept as what it tells of, and put into words only when somebody reads it.
#[derive(Debug, Default)]
pub(crate) struct Story {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    word: &'static str,
    tells: Tells,
    /// What became of the step.
    fate: Fate,
}

/// What a line tells of.
#[derive(Debug)]
enum Tells {
    Text(String),
    Message(Written),
    Messages(Vec<Written>),
    /// What was made from what was seen, once it was made.
    Made(Option<Written>),
    Kept {
        name: &'static str,
        id: Option<String>,
        words: Vec<&'static str>,
    },
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Nothing to tell.
    Given,
    /// The act with this number, and those that were a part of the step as well.
    Acts(usize, usize),
    Met,
    Failed,
    Skipped,
}

/// What became of the steps of a sentence, while it runs.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// For each act, the place of its step.
    acts: Vec<usize>,
    /// The commands that were made from what was seen, with the places of their steps.
    made: Vec<(usize, Written)>,
    failed: Vec<usize>,
    /// The step that was reached last.
    reached: usize,
}

impl Steps {
    pub(crate) fn reach(&mut self, idx: usize) {
        self.reached = idx;
    }

    pub(crate) fn failed(&mut self, idx: usize) {
        self.failed.push(idx);
    }

    pub(crate) fn acted(&mut self, idx: usize) {
        self.acts.push(idx);
    }

    /// How many acts the step was.
    pub(crate) fn n_acted(&self, idx: usize) -> usize {
        self.acts.iter().filter(|step| **step == idx).count()
    }

    pub(crate) fn made(&mut self, idx: usize, command: Written) {
        self.made.push((idx, command));
    }

    /// Tells the story of a sentence that is over.
    pub(crate) fn story(mut self, plan: &Plan<'_>) -> Story {
        let steps = plan.steps.iter().enumerate();
        let lines = steps.map(|(idx, step)| {
            let (word, mut tells) = tells(&step.kind);
            let mut fate = self.fate(idx, word);
            if let Some(act) = self.acts.iter().position(|step| *step == idx) {
                fate = Fate::Acts(act, self.n_acted(idx));
            }
            if let Tells::Made(made) = &mut tells
                && let Some(place) = self.made.iter().position(|(step, _)| *step == idx)
            {
                *made = Some(self.made.swap_remove(place).1);
            }
            Line { word, tells, fate }
        });
        Story {
            lines: lines.collect(),
        }
    }

    fn fate(&self, idx: usize, word: &str) -> Fate {
        if self.failed.contains(&idx) {
            Fate::Failed
        } else if self.reached < idx {
            Fate::Skipped
        } else if word == "then" {
            Fate::Met
        } else {
            Fate::Given
        }
    }
}

fn tells(kind: &StepKind<'_>) -> (&'static str, Tells) {
    match kind {
        StepKind::GivenNothing => ("given", Tells::Text("nothing".to_owned())),
        StepKind::GivenEvents(Ok(events)) => ("given", Tells::Messages(events.clone())),
        StepKind::GivenAggregate(Ok(aggregate)) => (
            "given",
            Tells::Kept {
                name: aggregate.name,
                id: Some(aggregate.id.to_string()),
                words: Vec::new(),
            },
        ),
        StepKind::GivenCommand(Ok(command)) => ("given", Tells::Message(command.clone())),
        StepKind::When(Ok(message), ..)
        | StepKind::WhenEvent(Ok(message), _)
        | StepKind::WhenSubmitted(Ok(message), _) => ("when", Tells::Message(message.clone())),
        StepKind::WhenAll(Ok(commands)) => ("when", Tells::Messages(commands.clone())),
        StepKind::WhenAll(Err(_)) => ("when", Tells::Text("commands".to_owned())),
        StepKind::WhenTime(Pass::For(time)) => (
            "when",
            Tells::Text(format!("{} pass", humantime::format_duration(*time))),
        ),
        StepKind::WhenTime(Pass::Until(time)) => ("when", Tells::Text(format!("it is {time}"))),
        StepKind::WhenEngine(None) => ("when", Tells::Text("the engine runs".to_owned())),
        StepKind::WhenEngine(Some(n)) => {
            ("when", Tells::Text(format!("the engine runs {n} cycles")))
        }
        StepKind::WhenAgain(1) => ("when", Tells::Text("redelivered once".to_owned())),
        StepKind::WhenAgain(n) => ("when", Tells::Text(format!("redelivered {n} times"))),
        StepKind::WhenWith(..) => ("when", Tells::Made(None)),
        StepKind::Fault(fault) => ("fault", Tells::Text(fault.to_string())),
        StepKind::Then(Then::Kept(look)) => ("then", look.tells()),
        StepKind::Then(then) => ("then", Tells::Text(then.describe())),
        // Why it could not be written down is told where the step fails.
        StepKind::GivenEvents(Err(_)) => ("given", Tells::Text("events".to_owned())),
        StepKind::GivenAggregate(Err((aggregate, _))) => ("given", Tells::Text(aggregate.clone())),
        StepKind::GivenCommand(Err(_)) => ("given", Tells::Text("a command".to_owned())),
        StepKind::When(Err(_), ..) | StepKind::WhenSubmitted(Err(_), _) => {
            ("when", Tells::Text("a command".to_owned()))
        }
        StepKind::WhenEvent(Err(_), _) => ("when", Tells::Text("an event".to_owned())),
    }
}

impl Look<'_> {
    fn tells(&self) -> Tells {
        Tells::Kept {
            name: self.kept.name,
            words: {
                let mut words: Vec<_> = self.checks.iter().map(|(_, check)| check.word()).collect();
                words.dedup();
                words
            },
            id: self.id.clone(),
        }
    }
}

impl Tells {
    fn show(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Messages(messages) => {
                let seen: Vec<Seen> = messages.iter().map(Seen::from).collect();
                let whole: Vec<String> = seen.iter().map(Seen::show).collect();
                let whole = whole.join(", ");
                if whole.chars().count() <= WIDTH {
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
            Self::Message(message) | Self::Made(Some(message)) => Seen::from(message).show(),
            Self::Made(None) => "a command made from what was seen".to_owned(),
            Self::Kept { name, id, words } => {
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
    pub(crate) fn step(&self, idx: usize) -> String {
        let line = &self.lines[idx];
        format!("{} {}", line.word, shorten(&line.tells.show(), WIDTH))
    }

    /// How many steps were not run, because the sentence stopped before them.
    pub(crate) fn n_skipped(&self) -> usize {
        let lines = self.lines.iter();
        lines.filter(|line| line.fate == Fate::Skipped).count()
    }

    /// The story in words.
    pub(crate) fn text(&self, acts: &[ActOutcome], page: &Page) -> String {
        let fates: Vec<String> = self.lines.iter().map(|line| line.fate(acts)).collect();
        let longest = fates.iter().map(|fate| fate.chars().count()).max();
        let besides = BEFORE + longest.unwrap_or(0).min(BEHIND);
        let width = page.width.saturating_sub(besides).clamp(NARROWEST, WIDTH);
        let told: Vec<String> = self
            .lines
            .iter()
            .map(|line| shorten(&line.tells.show(), width))
            .collect();
        let column = told.iter().map(|told| told.chars().count()).max();
        let column = column.unwrap_or(0);
        let lines = self.lines.iter().zip(told).zip(fates).enumerate();
        let lines = lines.map(|(idx, ((line, told), fate))| {
            let (number, word) = (idx + 1, line.word);
            let text = format!("{number:>2} {word:<5}  {told:<column$}  {fate}");
            alarmed(&page.shorten(text.trim_end()), page)
        });
        lines.collect::<Vec<String>>().join("\n")
    }
}

impl Line {
    fn fate(&self, acts: &[ActOutcome]) -> String {
        match self.fate {
            Fate::Given => String::new(),
            Fate::Acts(first, n) => {
                let told: Vec<String> = acts.iter().skip(first).take(n).map(verdict).collect();
                told.join(", ")
            }
            Fate::Met => "ok".to_owned(),
            Fate::Failed => "FAILED".to_owned(),
            Fate::Skipped => "skipped".to_owned(),
        }
    }
}

fn verdict(act: &ActOutcome) -> String {
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
