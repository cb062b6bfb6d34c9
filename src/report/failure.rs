use std::{error, fmt, panic::Location};

use flow_domain::{WiringErrors, record::Record};

use crate::{
    flow::{Mismatch, Plan},
    report::{Page, again::test_name, file::keep, left::left, page::Ink},
    run::Outcome,
    system::Mode,
    why::{Verdict, Why, why},
};

/// Why a sentence failed. Its `Display` is the report, as plain text.
///
/// Its parts are data, for those who build on it: [`failed_steps`](Self::failed_steps), each with its
/// mismatch, and the [`record`](Self::record) of the run.
pub struct FlowFailure {
    inner: Box<Inner>,
}

pub(super) struct Inner {
    /// The first thing that failed, and everything else that failed at the same time.
    pub(super) failed: Vec<FailedStep>,
    pub(super) why: Option<Why>,
    pub(super) left: String,
    /// The name of the test, if it is known.
    pub(super) test: Option<String>,
    /// The mode, if the environment said it.
    pub(super) mode: Option<Mode>,
    /// In which of several runs it failed.
    pub(super) note: Option<String>,
    pub(super) outcome: Option<Outcome>,
}

/// A step that failed, and how.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedStep {
    /// Its number, from 1.
    pub step: usize,
    /// What it says: `then OrderDashboard "ord-1" is`.
    pub described: String,
    /// The file, line and column in which it stands.
    pub location: String,
    /// What was expected, and what was found.
    pub mismatch: Mismatch,
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

    /// The place of the step.
    pub(crate) fn step(&self) -> usize {
        self.step
    }
}

/// The first cause that was found. That a handler broke a law gives way to one that says more of what the
/// same handler did.
fn first_of(mut causes: impl Iterator<Item = Why>) -> Option<Why> {
    let first = causes.next()?;
    let Verdict::BrokeLaw { at, .. } = &first.verdict else {
        return Some(first);
    };
    let entry = Some(at.entry);
    let more = causes.find(|other| other.verdict.place().map(|at| at.entry) == entry);
    more.or(Some(first))
}

impl FlowFailure {
    pub(crate) fn new(outcome: Outcome, failed: Vec<Failed>) -> Self {
        let shown = failed.into_iter().map(|failed| FailedStep {
            step: failed.step + 1,
            described: outcome.step(failed.step),
            location: failed.location.to_string(),
            mismatch: failed.mismatch,
        });
        let failed: Vec<FailedStep> = shown.collect();
        let sought = failed.iter().filter_map(|step| step.mismatch.sought());
        let why = first_of(sought.filter_map(|sought| why(sought, &outcome)));
        Self {
            inner: Box::new(Inner {
                failed,
                why,
                left: left(&outcome),
                test: test_name(),
                mode: None,
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
                failed: vec![FailedStep {
                    step: 1,
                    described: "the domain cannot be built".to_owned(),
                    location,
                    mismatch: Mismatch::new("a domain that can work", errors.to_string()),
                }],
                why: None,
                left: String::new(),
                test: test_name(),
                mode: None,
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
                failed: vec![FailedStep {
                    step: step.unwrap_or(plan.steps.len().saturating_sub(1)) + 1,
                    described: "the sentence cannot be run".to_owned(),
                    location: location.to_string(),
                    mismatch,
                }],
                why: None,
                left: String::new(),
                test: test_name(),
                mode: None,
                note: None,
                outcome: None,
            }),
        }
    }

    /// Says that what was expected is so after the step at this place.
    pub(crate) fn asked_too_early(mut self, step: usize) -> Self {
        let Some(outcome) = &self.inner.outcome else {
            return self;
        };
        let verdict = Verdict::AskedTooEarly {
            step: step + 1,
            described: outcome.step(step),
        };
        let runner_up = self.inner.why.take().map(|why| why.verdict);
        let runner_up = runner_up.filter(Verdict::is_sure);
        self.inner.why = Some(Why { verdict, runner_up });
        self
    }

    /// Says in which of several runs it failed.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.inner.note = Some(note.to_owned());
        self
    }

    /// Says that the mode was that of the environment.
    pub(crate) fn in_mode_of_environment(mut self, mode: Mode) -> Self {
        self.inner.mode = Some(mode);
        self
    }

    /// The report for whoever runs the test, with the colours and the width of the terminal if it is
    /// one. What was recorded is written into a file, and the report says into which.
    pub(crate) fn of_panic(&self) -> String {
        let page = Page::of_terminal();
        let mut report = self.on_page(&page);
        if self.inner.outcome.is_some() {
            let kept = keep(&self.name(), &self.record_text());
            let name = page.paint(Ink::Name, "record");
            report = format!("{report}\n{name} {kept}");
        }
        report
    }

    /// The name of the test, or else the file and line of the step.
    fn name(&self) -> String {
        let named = self.inner.test.clone();
        named.unwrap_or_else(|| {
            let path = self.location().rsplit('/').next().unwrap_or_default();
            let mut parts = path.split(':');
            let file = parts.next().unwrap_or_default().trim_end_matches(".rs");
            format!("{file}-{}", parts.next().unwrap_or_default())
        })
    }

    /// The report with its whole chain, and everything that was recorded, as text: what a test that
    /// panics leaves in `target/flow-harness`.
    pub fn record_text(&self) -> String {
        let report = self.on_page(&Page::WHOLE);
        match self.outcome() {
            Some(outcome) => {
                let logs = outcome.logs().into_iter().map(|log| {
                    let (idx, target) = (log.entry.index(), log.target);
                    format!("#{idx} {} {target}: {}\n", log.level, log.text)
                });
                let logs: String = logs.collect();
                format!("{report}\n\nrecord\n{}\nlogs\n{logs}", outcome.record())
            }
            None => report,
        }
    }

    pub(super) fn on_page(&self, page: &Page) -> String {
        let mut report = String::new();
        // A `String` takes everything.
        let _ = self.inner.show(&mut report, page);
        report
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

    /// Everything that failed: what went wrong by itself, then the expectations that were not met, in
    /// order. There is always one.
    pub fn failed_steps(&self) -> &[FailedStep] {
        &self.inner.failed
    }

    /// Why it failed, if the cause could be found.
    pub fn why(&self) -> Option<&Why> {
        self.inner.why.as_ref()
    }

    /// How many expectations were not met.
    pub fn n_failed(&self) -> usize {
        self.inner.failed.len()
    }

    /// Everything that happened in the run; `None` if the domain could not be built.
    pub fn record(&self) -> Option<&Record> {
        self.outcome().map(Outcome::record)
    }

    /// What the run left behind; `None` if the domain could not be built.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.inner.outcome.as_ref()
    }
}

impl fmt::Display for FlowFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.show(f, &Page::PLAIN)
    }
}

impl fmt::Debug for FlowFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What `unwrap` prints is read by people.
        fmt::Display::fmt(self, f)
    }
}

impl error::Error for FlowFailure {}
