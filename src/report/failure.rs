use std::{error, fmt, panic::Location, path::Path};

use flow_domain::{Error, WiringErrors, record::Record};

use crate::{
    diagnosis::{Cause, Diagnosis},
    expect::Mismatch,
    outcome::{Outcome, Warning},
    plan::Plan,
    report::{record_file::write_record, remaining::remaining_text, rerun_hint::test_name},
    value::{RenderOptions, Style},
};

/// The failure of a test flow. Its `Display` is the report, as plain text.
///
/// Its parts are also available as data: the [`failed_steps`](Self::failed_steps) with their
/// mismatches, the [`diagnosis`](Self::diagnosis), and the [`record`](Self::record) of the run.
pub struct FlowFailure {
    inner: Box<Inner>,
}

#[derive(Default)]
pub(super) struct Inner {
    /// The steps that failed together, in the order of the report.
    ///
    /// Invariant: there is at least one.
    pub(super) failed_steps: Vec<FailedStep>,
    pub(super) diagnosis: Option<Diagnosis>,
    /// The line about the end of the run.
    pub(super) remaining: String,
    /// The name of the test, if its thread has the same name.
    pub(super) test_name: Option<String>,
    /// The place of the first failed step, if the flow was run.
    caller: Option<&'static Location<'static>>,
    /// The settings that the environment made, as in a shell: `FLOW_MODE=engine`.
    pub(super) environment: Vec<String>,
    /// Which of several runs failed.
    pub(super) note: Option<String>,
    is_backend_difference: bool,
    /// `None` if the test flow did not run.
    pub(super) outcome: Option<Box<Outcome>>,
}

/// A failed step, and why it failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedStep {
    /// The number of the step, from 1.
    pub step: usize,
    /// The text of the step: `then OrderDashboard "ord-1" is`.
    pub described: String,
    /// The file, line and column of the step.
    pub location: String,
    /// What was expected and what was found.
    pub mismatch: Mismatch,
}

/// The mismatch of a step, from which [`FlowFailure::new`] builds a [`FailedStep`].
pub(crate) struct StepMismatch {
    /// The index of the step, from 0.
    pub(crate) step: usize,
    location: &'static Location<'static>,
    pub(crate) mismatch: Mismatch,
}

impl StepMismatch {
    /// Creates the mismatch of the step with this index, from 0.
    pub(crate) fn new(plan: &Plan<'_>, step: usize, mismatch: Mismatch) -> Self {
        Self {
            step,
            location: mismatch.location().unwrap_or(plan.steps[step].location),
            mismatch,
        }
    }

    /// Creates a mismatch that belongs to no step. It is reported at the last one.
    pub(crate) fn at_end(plan: &Plan<'_>, mismatch: Mismatch) -> Self {
        Self::new(plan, plan.steps.len() - 1, mismatch)
    }
}

impl FlowFailure {
    /// Builds the report of a run, and searches for the cause of the failure.
    pub(crate) fn new(
        outcome: Box<Outcome>,
        mismatches: Vec<StepMismatch>,
        diagnosis: Option<Diagnosis>,
    ) -> Self {
        let caller = mismatches.first().map(|failed| failed.location);
        let failed_steps: Vec<FailedStep> = mismatches
            .into_iter()
            .map(|failed| FailedStep {
                step: failed.step + 1,
                described: outcome.describe_step(failed.step),
                location: failed.location.to_string(),
                mismatch: failed.mismatch,
            })
            .collect();
        Self {
            inner: Box::new(Inner {
                failed_steps,
                diagnosis,
                remaining: remaining_text(&outcome),
                test_name: test_name(),
                caller,
                outcome: Some(outcome),
                ..Inner::default()
            }),
        }
    }

    /// Builds the report for a domain that cannot be built.
    pub(crate) fn of_wiring(plan: &Plan<'_>, errors: &WiringErrors) -> Self {
        let first_step = plan.steps.first();

        Self::before_run(FailedStep {
            step: 1,
            described: "the domain cannot be built".to_owned(),
            location: first_step.map_or_else(String::new, |step| step.location.to_string()),
            mismatch: Mismatch::new("a valid domain", errors.to_string()),
        })
    }

    /// Builds the report for a backend that opens no store.
    pub(crate) fn of_backend(plan: &Plan<'_>, err: &Error) -> Self {
        let first_step = plan.steps.first();

        Self::before_run(FailedStep {
            step: 1,
            described: "the backend opens no store".to_owned(),
            location: first_step.map_or_else(String::new, |step| step.location.to_string()),
            mismatch: Mismatch::new("an empty store", err.with_causes().to_string()),
        })
    }

    /// Builds the report for a test flow with a method call that is invalid at `location`.
    pub(crate) fn of_plan(
        plan: &Plan<'_>,
        location: &'static Location<'static>,
        mismatch: Mismatch,
    ) -> Self {
        // The failed step is the first one at or after the line of the call.
        let last = plan.steps.len().saturating_sub(1);
        let step = plan
            .steps
            .iter()
            .position(|step| step.location.line() >= location.line())
            .unwrap_or(last);

        Self::before_run(FailedStep {
            step: step + 1,
            described: "the flow cannot be run".to_owned(),
            location: location.to_string(),
            mismatch,
        })
    }

    /// Builds the report for a failure before the test flow ran.
    fn before_run(failed: FailedStep) -> Self {
        Self {
            inner: Box::new(Inner {
                failed_steps: vec![failed],
                test_name: test_name(),
                ..Inner::default()
            }),
        }
    }

    /// Sets the diagnosis, if the expectation would hold after a later step. The step has this index.
    pub(crate) fn with_later_step(mut self, step: Option<usize>) -> Self {
        let (Some(outcome), Some(step)) = (&self.inner.outcome, step) else {
            return self;
        };

        let cause = Cause::ExpectationTooEarly {
            step: step + 1,
            described: outcome.describe_step(step),
        };
        self.inner.diagnosis = Some(Diagnosis::proven(cause));
        self
    }

    /// Adds mismatches after those of the failed steps.
    pub(crate) fn with_mismatches(
        mut self,
        mismatches: impl IntoIterator<Item = StepMismatch>,
    ) -> Self {
        for failed in mismatches {
            let described = match &self.inner.outcome {
                Some(outcome) => outcome.describe_step(failed.step),
                None => String::new(),
            };
            self.inner.failed_steps.push(FailedStep {
                step: failed.step + 1,
                described,
                location: failed.location.to_string(),
                mismatch: failed.mismatch,
            });
        }
        self
    }

    /// Adds warnings about the whole run.
    pub(crate) fn with_warnings(mut self, warnings: Vec<Warning>) -> Self {
        if let Some(outcome) = &mut self.inner.outcome {
            for warning in warnings {
                outcome.warn(warning);
            }
        }
        self
    }

    /// Notes which of several runs failed.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.inner.note = Some(note.to_owned());
        self
    }

    /// Notes that a run on another backend differs, and on which one this failure happened.
    pub(crate) fn with_backend_difference(mut self, note: String) -> Self {
        self.inner.is_backend_difference = true;
        self.inner.note = Some(note);
        self
    }

    /// Notes the settings that the environment made.
    pub(crate) fn with_environment(mut self, settings: Vec<String>) -> Self {
        self.inner.environment = settings;
        self
    }

    /// Returns the report for the terminal, and writes the record into a file.
    ///
    /// The report ends with the path of the file. If the test flow did not run, there is no record.
    pub(crate) fn panic_text(&self) -> String {
        let options = RenderOptions::for_terminal();
        let report = self.render(&options);

        if self.inner.outcome.is_none() {
            return report;
        }

        let path = write_record(&self.record_name(), &self.record_text());
        let name = options.paint(Style::SectionName, "record");
        format!("{report}\n{name} {path}")
    }

    /// Returns the name of the test, or else the file and line of the step: `orders-42`.
    fn record_name(&self) -> String {
        let of_step = |caller: &Location<'_>| {
            let file = Path::new(caller.file()).file_stem().unwrap_or_default();
            format!("{}-{}", file.display(), caller.line())
        };

        self.inner
            .test_name
            .clone()
            .or_else(|| self.inner.caller.map(of_step))
            .unwrap_or_default()
    }

    /// Returns the report with the whole chain, the record and the logs.
    ///
    /// A test that panics writes this text into a file in `target/flow-harness`.
    pub fn record_text(&self) -> String {
        let report = self.render(&RenderOptions::UNLIMITED);
        let Some(outcome) = self.outcome() else {
            return report;
        };

        let logs: Vec<String> = outcome
            .logs()
            .into_iter()
            .map(|log| {
                let (idx, target) = (log.entry.index(), log.target);
                format!("#{idx} {} {target}: {}\n", log.level, log.text)
            })
            .collect();

        format!(
            "{report}\n\nrecord\n{}\nlogs\n{}",
            outcome.record(),
            logs.concat()
        )
    }

    pub(super) fn render(&self, options: &RenderOptions) -> String {
        self.inner.report(options)
    }

    /// Returns the number of the first failed step, from 1.
    pub fn step(&self) -> usize {
        self.inner.failed_steps[0].step
    }

    /// Returns the file, line and column of the first failed step.
    pub fn location(&self) -> &str {
        &self.inner.failed_steps[0].location
    }

    /// Returns the mismatch of the first failed step.
    pub fn mismatch(&self) -> &Mismatch {
        &self.inner.failed_steps[0].mismatch
    }

    /// Returns all failed steps; there is at least one.
    ///
    /// Steps that show a problem which no `then` covers come first. The others are in the order of
    /// the test flow.
    pub fn failed_steps(&self) -> &[FailedStep] {
        &self.inner.failed_steps
    }

    /// Returns why the test flow failed, if the search found a cause.
    pub fn diagnosis(&self) -> Option<&Diagnosis> {
        self.inner.diagnosis.as_ref()
    }

    /// Returns true if two backends differ; see [`compare_backend`](crate::FlowHarness::compare_backend).
    ///
    /// It is false for a flow that fails alike on both.
    pub fn is_backend_difference(&self) -> bool {
        self.inner.is_backend_difference
    }

    /// Returns the number of failed steps.
    pub fn n_failed(&self) -> usize {
        self.inner.failed_steps.len()
    }

    /// Returns the record of the run; `None` if the test flow did not run.
    pub fn record(&self) -> Option<&Record> {
        self.outcome().map(Outcome::record)
    }

    /// Returns the outcome of the run; `None` if the test flow did not run.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.inner.outcome.as_deref()
    }
}

impl fmt::Display for FlowFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&RenderOptions::PLAIN))
    }
}

impl fmt::Debug for FlowFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `unwrap` prints the `Debug` text, and people read it.
        fmt::Display::fmt(self, f)
    }
}

impl error::Error for FlowFailure {}
