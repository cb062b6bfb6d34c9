use std::{fmt, panic::Location, sync::Arc};

use flow_domain::{
    Error, Headers,
    message::Payload,
    model::{Written, WrittenAggregate},
    record::{BrokenLaw, Laws, Table},
    runtime::Kept,
};

use crate::{
    expect::{DeadLetters, Handled},
    flow::{Expectation, Mismatch, Setup, Trouble, Unchecked},
    run::Outcome,
    system::Pass,
    system::fault::{Fault, StepFault},
    why::{Sought, SoughtKept, Want},
};

/// A sentence, written down.
pub(crate) struct Plan<'t> {
    pub(crate) setup: Arc<Setup>,
    pub(crate) steps: Vec<Step<'t>>,
    /// What need not be the same in two modes.
    pub(crate) may_differ: Vec<String>,
    /// What goes wrong at every step, one run for each.
    pub(crate) every_step: Vec<(&'static Location<'static>, StepFault)>,
    /// The laws that are looked after.
    pub(crate) laws: Laws,
    /// The laws that are not looked after in this sentence, besides those of its harness.
    pub(crate) unchecked: Vec<Unchecked>,
    /// The laws that what it says breaks itself, with the places of the steps.
    pub(crate) broken_laws: Vec<(usize, BrokenLaw)>,
    /// A word that stands where it says nothing.
    pub(crate) misplaced: Option<(&'static Location<'static>, Mismatch)>,
}

/// One step of a sentence, with the line that it stands in.
pub(crate) struct Step<'t> {
    pub(crate) location: &'static Location<'static>,
    pub(crate) kind: StepKind<'t>,
}

/// A message that was written down; an error is told when the sentence is run.
pub(crate) type Message = Result<Written, Error>;

/// A message that was made while the sentence ran, and the law that it breaks, if it does.
pub(crate) type Made = (Message, Option<BrokenLaw>);

/// Names the type of what a command is answered with.
pub(crate) type ReplyName = fn() -> &'static str;

pub(crate) enum StepKind<'t> {
    GivenNothing,
    GivenEvents(Result<Vec<Written>, Error>),
    /// An error comes with the words for the aggregate.
    GivenAggregate(Result<WrittenAggregate, (String, Error)>),
    GivenCommand(Message),
    When(Message, ReplyName, Headers),
    WhenEvent(Message, Headers),
    /// A command that is handled later.
    WhenSubmitted(Message, Headers),
    WhenTime(Pass),
    /// The engine runs: until nothing is left, or so many cycles.
    WhenEngine(Option<usize>),
    /// Commands at the same time.
    WhenAll(Result<Vec<Written>, Error>),
    /// The events of the last act are delivered once more, so many times.
    WhenAgain(u32),
    WhenWith(Box<dyn Fn(&Outcome) -> Made + Send + Sync + 't>, ReplyName),
    Then(Then<'t>),
    /// From here on something goes wrong.
    Fault(Fault),
}

/// Something that is expected.
pub(crate) enum Then<'t> {
    /// Of the outcome so far.
    Of(Box<dyn Expectation + 't>),
    /// Of how often a handler was called.
    Handled(Handled),
    /// Of what was given up on.
    DeadLetters(DeadLetters),
    /// Of what is kept.
    Kept(Look<'t>),
}

/// Looks something up and checks it.
pub(crate) struct Look<'t> {
    pub(crate) kept: Kept,
    /// `None` for all rows.
    pub(crate) id: Option<String>,
    /// The category of the streams from which it is folded, if it is.
    pub(crate) stream_category: Option<&'static str>,
    pub(crate) checks: Vec<(&'static Location<'static>, Box<dyn LookCheck + 't>)>,
}

/// One thing that is expected of what was looked up.
pub(crate) trait LookCheck: Send + Sync {
    /// The word that it was said with: `is`.
    fn word(&self) -> &'static str;

    /// Checks what was found: one thing at most if the look has an id.
    fn check(&self, found: &[Payload], look: &Look<'_>, outcome: &Outcome) -> Result<(), Mismatch>;
}

impl Plan<'_> {
    /// Returns true if something is made to go wrong, or to happen at the same time.
    pub(crate) fn has_faults(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| matches!(step.kind, StepKind::Fault(_) | StepKind::WhenAll(_)))
    }

    /// Returns true if anything is expected at all.
    pub(crate) fn expects_something(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| matches!(step.kind, StepKind::Then(_)))
    }
}

impl StepKind<'_> {
    /// Returns true if something happens in this step, after all that is given.
    pub(crate) fn is_act(&self) -> bool {
        matches!(
            self,
            Self::When(..)
                | Self::WhenEvent(..)
                | Self::WhenSubmitted(..)
                | Self::WhenWith(..)
                | Self::WhenTime(_)
                | Self::WhenEngine(_)
                | Self::WhenAgain(_)
                | Self::WhenAll(_)
        )
    }
}

impl Then<'_> {
    /// Returns true if it can be checked while messages wait for an engine.
    pub(crate) fn allows_waiting(&self) -> bool {
        matches!(self, Self::Of(expectation) if expectation.allows_waiting())
    }

    /// Returns true if it speaks of the messages that wait.
    pub(crate) fn speaks_of_waiting(&self) -> bool {
        matches!(self, Self::Of(expectation) if expectation.speaks_of() == Some(Trouble::Waiting))
    }

    /// What it expects, in words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Of(expectation) => expectation.describe(),
            Self::Handled(handled) => handled.describe(),
            Self::DeadLetters(letters) => letters.describe(),
            Self::Kept(look) => look.subject(),
        }
    }
}

impl Look<'_> {
    /// Returns true if what is looked for is kept in this table.
    pub(crate) fn is_kept_in(&self, table: Table) -> bool {
        table.kind == self.kept.kind && table.name == self.kept.name
    }

    /// What the search for the cause begins with, if this look fails so.
    pub(crate) fn sought(&self, found: &[Payload], mismatch: &Mismatch) -> Sought {
        let mut checks = self.checks.iter();
        let wants_absence = checks.any(|(_, check)| matches!(check.word(), "absent" | "none"));
        let is_about_row = matches!(mismatch.want, Want::Row(_) | Want::NoRow(_));
        Sought::Kept(SoughtKept {
            kept: self.kept,
            id: self.id.clone(),
            stream_category: self.stream_category,
            want: if wants_absence && !is_about_row {
                Want::Absent
            } else if found.is_empty() {
                Want::Present
            } else {
                mismatch.want.clone()
            },
        })
    }

    /// What is looked up, in words: `OrderDashboard "ord-001"`.
    pub(crate) fn subject(&self) -> String {
        match &self.id {
            Some(id) => format!("{} {id:?}", self.kept.name),
            None => format!("rows of {}", self.kept.name),
        }
    }
}

impl fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.steps.iter().map(|step| step.location.to_string());
        f.debug_list().entries(lines).finish()
    }
}
