use flow_domain::model::Written;

use crate::{
    expect::Seen,
    flow::{Expectation, Look, Plan, StepKind, Then},
    run::ActOutcome,
};

/// What became of the steps of a sentence.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    acts: Vec<(usize, String, String)>,
    failed: Vec<usize>,
    /// The last step that was reached.
    reached: usize,
}

impl Steps {
    pub(crate) fn failed(&mut self, idx: usize) {
        self.failed.push(idx);
        self.reached = self.reached.max(idx);
    }

    pub(crate) fn acted(&mut self, idx: usize, message: &Written, act: &ActOutcome) {
        self.reached = self.reached.max(idx);
        let verdict = match act.error() {
            None if !act.failures().is_empty() => "accepted, but a handler failed".to_owned(),
            None => "accepted".to_owned(),
            Some(err) if err.is_rejection() => format!("REJECTED: {err}"),
            Some(err) => format!("FAILED: {}", err.with_causes()),
        };
        self.acts.push((idx, Seen::from(message).show(), verdict));
    }

    /// The sentence as prose, a line for each step, as far as it came.
    pub(crate) fn story(&self, plan: &Plan<'_>) -> Vec<String> {
        let lines = plan.steps.iter().enumerate();
        lines
            .map(|(idx, step)| self.line(idx, &step.kind))
            .collect()
    }

    fn line(&self, idx: usize, kind: &StepKind<'_>) -> String {
        let (word, mut text) = told(kind);
        let mut verdict = "";
        if let Some((_, message, said)) = self.acts.iter().find(|(act, ..)| *act == idx) {
            text.clone_from(message);
            verdict = said;
        } else if word == "then" {
            verdict = match () {
                () if self.failed.contains(&idx) => "FAILED",
                () if !self.failed.is_empty() && self.reached < idx => "skipped",
                () => "ok",
            };
        } else if self.failed.contains(&idx) {
            verdict = "FAILED";
        } else if word == "when" {
            verdict = "skipped";
        }
        let numbered = format!("{:>2} {word:<5}  {text}", idx + 1);
        if verdict.is_empty() {
            return numbered;
        }
        format!("{numbered:<70}  {verdict}")
    }
}

/// A step in words: its phase and what it says.
fn told(kind: &StepKind<'_>) -> (&'static str, String) {
    let list = |messages: &[Written]| {
        let shown: Vec<String> = messages.iter().map(|one| Seen::from(one).show()).collect();
        shown.join(", ")
    };
    match kind {
        StepKind::GivenNothing => ("given", "nothing".to_owned()),
        StepKind::GivenEvents(Ok(events)) => ("given", list(events)),
        StepKind::GivenAggregate(Ok(aggregate)) => {
            ("given", format!("{} {:?}", aggregate.name, aggregate.id))
        }
        StepKind::GivenCommand(Ok(command)) => ("given", list(std::slice::from_ref(command))),
        StepKind::When(Ok(message)) | StepKind::WhenEvent(Ok(message)) => {
            ("when", list(std::slice::from_ref(message)))
        }
        StepKind::WhenWith(_) => ("when", "a command made from what was seen".to_owned()),
        StepKind::Then(then) => ("then", then.describe()),
        StepKind::GivenEvents(Err(err))
        | StepKind::GivenAggregate(Err(err))
        | StepKind::GivenCommand(Err(err)) => ("given", err.to_string()),
        StepKind::When(Err(err)) | StepKind::WhenEvent(Err(err)) => ("when", err.to_string()),
    }
}

impl StepKind<'_> {
    /// The step in a line, for the head of a report.
    pub(crate) fn describe(&self) -> String {
        let (word, text) = told(self);
        format!("{word} {text}")
    }
}

impl Then<'_> {
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Of(expectation) => expectation.describe(),
            Self::Handled(handled) => handled.describe(),
            Self::Kept(look) => look.describe(),
        }
    }
}

impl Look<'_> {
    fn describe(&self) -> String {
        let subject = self.subject();
        let words: Vec<&str> = self.checks.iter().map(|(_, check)| check.word()).collect();
        if words.is_empty() {
            return subject;
        }
        format!("{subject} {}", words.join(" "))
    }
}

/// Lays the lines of a story below each other.
pub(crate) fn story_text(lines: &[String]) -> String {
    lines.join("\n")
}
