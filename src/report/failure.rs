use std::{error, fmt, panic::Location, thread};

use flow_domain::{
    WiringErrors,
    record::{Ended, Entry, HandlerKind, Happening, Record},
};

use crate::{
    expect::still_to_come,
    flow::{Mismatch, Plan},
    report::indent,
    run::Outcome,
};

/// Why a sentence failed. Its `Display` is the report.
pub struct FlowFailure {
    inner: Box<Inner>,
}

struct Inner {
    /// The first thing that failed, and everything else that failed at the same time.
    failed: Vec<Shown>,
    story: String,
    chain: String,
    left: String,
    again: Option<String>,
    /// In which of several runs it failed.
    note: Option<String>,
    outcome: Option<Outcome>,
}

/// A step that failed, as it is shown.
struct Shown {
    step: usize,
    described: String,
    location: String,
    mismatch: Mismatch,
}

/// A step that failed.
pub(crate) struct Failed {
    step: usize,
    location: &'static Location<'static>,
    mismatch: Mismatch,
}

impl Failed {
    pub(crate) fn new(
        step: usize,
        location: &'static Location<'static>,
        mismatch: Mismatch,
    ) -> Self {
        Self {
            step,
            location,
            mismatch,
        }
    }

    pub(crate) fn mismatch(&self) -> &Mismatch {
        &self.mismatch
    }
}

impl FlowFailure {
    pub(crate) fn new(outcome: Outcome, failed: Vec<Failed>) -> Self {
        let shown = failed.into_iter().map(|failed| Shown {
            step: failed.step + 1,
            described: outcome.step(failed.step),
            location: failed.location.to_string(),
            mismatch: failed.mismatch,
        });
        let failed: Vec<Shown> = shown.collect();
        Self {
            inner: Box::new(Inner {
                failed,
                story: outcome.story(),
                chain: outcome.chain(),
                left: left(&outcome),
                again: again(),
                note: None,
                outcome: Some(outcome),
            }),
        }
    }

    pub(crate) fn of_wiring(plan: &Plan<'_>, errors: &WiringErrors) -> Self {
        let location = plan
            .steps
            .first()
            .map_or_else(String::new, |step| step.location.to_string());
        Self {
            inner: Box::new(Inner {
                failed: vec![Shown {
                    step: 1,
                    described: "the domain cannot be built".to_owned(),
                    location,
                    mismatch: Mismatch::new("a domain that can work", errors.to_string()),
                }],
                story: String::new(),
                chain: String::new(),
                left: String::new(),
                again: again(),
                note: None,
                outcome: None,
            }),
        }
    }

    /// A sentence that says something where it means nothing.
    pub(crate) fn of_plan(
        plan: &Plan<'_>,
        location: &'static Location<'static>,
        mismatch: Mismatch,
    ) -> Self {
        let mut steps = plan.steps.iter();
        let step = steps.position(|step| step.location.line() >= location.line());
        Self {
            inner: Box::new(Inner {
                failed: vec![Shown {
                    step: step.unwrap_or(plan.steps.len().saturating_sub(1)) + 1,
                    described: "the sentence cannot be run".to_owned(),
                    location: location.to_string(),
                    mismatch,
                }],
                story: String::new(),
                chain: String::new(),
                left: String::new(),
                again: again(),
                note: None,
                outcome: None,
            }),
        }
    }

    /// Says in which of several runs it failed.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.inner.note = Some(note.to_owned());
        self
    }

    /// The number of the step that failed first, from 1.
    pub fn step(&self) -> usize {
        self.inner.failed[0].step
    }

    /// The file, line and column of what failed first.
    pub fn location(&self) -> &str {
        &self.inner.failed[0].location
    }

    /// What was expected first, and what was found.
    pub fn mismatch(&self) -> &Mismatch {
        &self.inner.failed[0].mismatch
    }

    /// How many expectations were not met.
    pub fn n_failed(&self) -> usize {
        self.inner.failed.len()
    }

    /// What the run left behind; `None` if the domain could not be built.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.inner.outcome.as_ref()
    }
}

fn left(outcome: &Outcome) -> String {
    let record = outcome.record();
    let entries = record.entries().iter();
    let failures = entries.filter(|entry| is_failure(entry, record)).count();
    let waiting: usize = outcome
        .acts()
        .iter()
        .filter_map(|act| act.stall())
        .map(|stall| stall.waiting.len())
        .sum();
    let counted = |n: usize, one: &str, many: &str| match n {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    };
    let still_waiting = outcome.left().waiting.iter().map(|one| one.n_messages);
    let waiting = waiting + outcome.left().outbox + still_waiting.sum::<usize>();
    let mut also = Vec::new();
    let (n_dead, n_scheduled) = later(record);
    if 0 < n_dead || !outcome.is_inline() {
        also.push(counted(n_dead, "dead letter", "dead letters"));
    }
    if 0 < n_scheduled {
        also.push(format!("{n_scheduled} scheduled"));
    }
    let also: Vec<String> = also.iter().map(|part| format!(" · {part}")).collect();
    format!(
        "{} waiting · {}{}",
        match waiting {
            0 => "nothing".to_owned(),
            n => n.to_string(),
        },
        counted(failures, "handler failed", "handlers failed"),
        also.concat()
    )
}

/// How many messages were given up on, and how many commands still have to come.
fn later(record: &Record) -> (usize, usize) {
    let (mut n_dead, mut n_scheduled) = (0, 0);
    for entry in record.entries() {
        match &entry.what {
            Happening::GivenUp { is_kept: true, .. } => n_dead += 1,
            Happening::Scheduled { .. } => {
                n_scheduled += usize::from(still_to_come(entry, record).is_ok());
            }
            _ => {}
        }
    }
    (n_dead, n_scheduled)
}

/// Returns true for the end of a handler that failed by itself, and not as a part of another one that
/// failed with it: a command that a handler issues takes its handler with it.
fn is_failure(entry: &Entry, record: &Record) -> bool {
    let is_inside = |ended: &Entry| {
        let outer = record.causes(ended.id).skip(1);
        outer
            // What was appended was committed, and nothing that failed is behind it.
            .take_while(|cause| !matches!(cause.what, Happening::Appended(_)))
            .filter(|cause| matches!(cause.what, Happening::HandlerStarted { .. }))
            .any(|started| {
                let mut effects = record.effects(started.id);
                effects.any(|effect| has_failed(effect, record))
            })
    };
    has_failed(entry, record) && !is_inside(entry)
}

/// Returns true for the end of a handler that failed. To refuse a command is no failure, but nobody
/// asks any other handler whether it agrees.
fn has_failed(entry: &Entry, record: &Record) -> bool {
    match entry.what {
        Happening::HandlerEnded(Ended::Failed(_)) => true,
        Happening::HandlerEnded(Ended::Rejected(_)) => {
            let started = entry.cause.map(|cause| &record.entry(cause).what);
            !matches!(
                started,
                Some(Happening::HandlerStarted {
                    kind: HandlerKind::CommandHandler,
                    ..
                })
            )
        }
        _ => false,
    }
}

/// How to run the test again, if its thread tells its name.
fn again() -> Option<String> {
    let thread = thread::current();
    // The threads of a runtime have names, too, and none of them is a path.
    let name = thread
        .name()
        .filter(|name| *name != "main" && !name.starts_with("tokio-"))?;
    Some(format!("cargo test {name}"))
}

impl fmt::Display for FlowFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.inner;
        for (idx, failed) in inner.failed.iter().enumerate() {
            let head = match idx {
                0 if inner.outcome.is_none() => "flow failed before step",
                0 => "flow failed at step",
                _ => "\n\nand at step",
            };
            write!(
                f,
                "{head} {}: {}      {}\n\n{}",
                failed.step, failed.described, failed.location, failed.mismatch
            )?;
        }
        section(f, "run", inner.note.as_deref().unwrap_or_default())?;
        section(f, "story", &inner.story)?;
        section(f, "chain", &inner.chain)?;
        section(f, "left", &inner.left)?;
        if let Some(again) = &inner.again {
            write!(f, "\nagain  {again}")?;
        }
        Ok(())
    }
}

fn section(f: &mut fmt::Formatter<'_>, name: &str, text: &str) -> fmt::Result {
    if text.is_empty() {
        return Ok(());
    }
    write!(f, "\n\n{name:<5}  {}", indent(text, 7))
}

impl fmt::Debug for FlowFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What `unwrap` prints is read by people.
        fmt::Display::fmt(self, f)
    }
}

impl error::Error for FlowFailure {}
