use std::{error, fmt, panic::Location};

use flow_domain::{WiringErrors, record::Record};

use crate::{
    diagnosis::{Cause, Diagnosis, diagnose},
    flow::{Mismatch, Plan},
    report::{
        RenderOptions, record_file::write_record, remaining::remaining_text, render_options::Style,
        rerun_hint::test_name,
    },
    run::Outcome,
    system::Mode,
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
    pub(super) failed_steps: Vec<FailedStep>,
    pub(super) diagnosis: Option<Diagnosis>,
    pub(super) remaining: String,
    /// The name of the test, if it is known.
    pub(super) test_name: Option<String>,
    /// The mode, if the environment said it.
    pub(super) environment_mode: Option<Mode>,
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
pub(crate) struct StepMismatch {
    step: usize,
    location: &'static Location<'static>,
    mismatch: Mismatch,
}

impl StepMismatch {
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
fn first_diagnosis(mut causes: impl Iterator<Item = Diagnosis>) -> Option<Diagnosis> {
    let first = causes.next()?;
    let Cause::InvariantViolated { at, .. } = &first.cause else {
        return Some(first);
    };

    let entry = Some(at.entry);
    causes
        .find(|other| other.cause.handler_call().map(|at| at.entry) == entry)
        .or(Some(first))
}

impl FlowFailure {
    pub(crate) fn new(outcome: Outcome, failed: Vec<StepMismatch>) -> Self {
        let shown = failed.into_iter().map(|failed| FailedStep {
            step: failed.step + 1,
            described: outcome.step(failed.step),
            location: failed.location.to_string(),
            mismatch: failed.mismatch,
        });
        let failed: Vec<FailedStep> = shown.collect();
        let sought = failed.iter().filter_map(|step| step.mismatch.subject());
        let why = first_diagnosis(sought.filter_map(|sought| diagnose(sought, &outcome)));

        Self {
            inner: Box::new(Inner {
                failed_steps: failed,
                diagnosis: why,
                remaining: remaining_text(&outcome),
                test_name: test_name(),
                environment_mode: None,
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
                failed_steps: vec![FailedStep {
                    step: 1,
                    described: "the domain cannot be built".to_owned(),
                    location,
                    mismatch: Mismatch::new("a domain that can work", errors.to_string()),
                }],
                diagnosis: None,
                remaining: String::new(),
                test_name: test_name(),
                environment_mode: None,
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
        let step = plan
            .steps
            .iter()
            .position(|step| step.location.line() >= location.line());

        Self {
            inner: Box::new(Inner {
                failed_steps: vec![FailedStep {
                    step: step.unwrap_or(plan.steps.len().saturating_sub(1)) + 1,
                    described: "the sentence cannot be run".to_owned(),
                    location: location.to_string(),
                    mismatch,
                }],
                diagnosis: None,
                remaining: String::new(),
                test_name: test_name(),
                environment_mode: None,
                note: None,
                outcome: None,
            }),
        }
    }

    /// Says that what was expected is so after the step at this place.
    pub(crate) fn with_later_step(mut self, step: usize) -> Self {
        let Some(outcome) = &self.inner.outcome else {
            return self;
        };

        let verdict = Cause::AssertedTooEarly {
            step: step + 1,
            described: outcome.step(step),
        };
        let runner_up = self.inner.diagnosis.take().map(|why| why.cause);
        let runner_up = runner_up.filter(Cause::is_certain);

        self.inner.diagnosis = Some(Diagnosis {
            cause: verdict,
            runner_up,
        });
        self
    }

    /// Says in which of several runs it failed.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.inner.note = Some(note.to_owned());
        self
    }

    /// Says that the mode was that of the environment.
    pub(crate) fn with_environment_mode(mut self, mode: Mode) -> Self {
        self.inner.environment_mode = Some(mode);
        self
    }

    /// The report for whoever runs the test, with the colours and the width of the terminal if it is
    /// one. What was recorded is written into a file, and the report says into which.
    pub(crate) fn panic_text(&self) -> String {
        let page = RenderOptions::for_terminal();
        let mut report = self.render(&page);

        if self.inner.outcome.is_some() {
            let kept = write_record(&self.record_name(), &self.record_text());
            let name = page.paint(Style::SectionName, "record");
            report = format!("{report}\n{name} {kept}");
        }

        report
    }

    /// The name of the test, or else the file and line of the step.
    fn record_name(&self) -> String {
        let named = self.inner.test_name.clone();
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
        let report = self.render(&RenderOptions::UNLIMITED);
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

    pub(super) fn render(&self, page: &RenderOptions) -> String {
        let mut report = String::new();
        // A `String` takes everything.
        let _ = self.inner.write_report(&mut report, page);
        report
    }

    /// The number of the step that failed first, from 1.
    pub fn step(&self) -> usize {
        self.inner.failed_steps[0].step
    }

    /// The file, line and column of what failed first.
    pub fn location(&self) -> &str {
        &self.inner.failed_steps[0].location
    }

    /// What was expected first, and what was found.
    pub fn mismatch(&self) -> &Mismatch {
        &self.inner.failed_steps[0].mismatch
    }

    /// Everything that failed: what went wrong by itself, then the expectations that were not met, in
    /// order. There is always one.
    pub fn failed_steps(&self) -> &[FailedStep] {
        &self.inner.failed_steps
    }

    /// Why it failed, if the cause could be found.
    pub fn diagnosis(&self) -> Option<&Diagnosis> {
        self.inner.diagnosis.as_ref()
    }

    /// How many expectations were not met.
    pub fn n_failed(&self) -> usize {
        self.inner.failed_steps.len()
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
        self.inner.write_report(f, &RenderOptions::PLAIN)
    }
}

impl fmt::Debug for FlowFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What `unwrap` prints is read by people.
        fmt::Display::fmt(self, f)
    }
}

impl error::Error for FlowFailure {}
