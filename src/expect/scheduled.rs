use std::{collections::BTreeSet, fmt, marker::PhantomData};

use flow_domain::{
    Command,
    message::{Envelope, MessageId, MessageLabels},
    record::{ClockReason, Entry, EntryKind, Record},
};

use crate::{
    chain::{ScheduleStatus, ScheduledCommands},
    expect::{
        Claim, Expectation, Mismatch, Subject,
        check::{Check, require_handlers},
        empty_input::EmptyInput,
        messages::{first_name, is_problem_of, message_at, require_known_message, type_name},
        never_happens::NeverHappens,
        unchanged::met_before_text,
    },
    outcome::{Description, Outcome, ProblemKind},
    value::{counted, matches_type},
};

/// Expects that at least one command of type `C` is scheduled and not yet due.
///
/// [`scheduled_times`] expects an exact number, so it also finds a command that is scheduled twice. If no
/// act scheduled, cancelled or delivered one, and no time passed, the expectation fails, because it would
/// pass without any act. Use [`unchanged`](Scheduled::unchanged) if the test expects that.
pub fn scheduled<C: Command>() -> Scheduled<C> {
    Scheduled::new(None)
}

/// Expects that exactly this number of commands of type `C` are scheduled and not yet due.
///
/// For none, use [`not_scheduled`]. See [`scheduled`] for the rules.
pub fn scheduled_times<C: Command>(times: usize) -> Scheduled<C> {
    Scheduled::new(Some(times))
}

/// The expectation from [`scheduled`] or [`scheduled_times`].
#[must_use = "an expectation does nothing until it is passed to `then`"]
pub struct Scheduled<C> {
    /// The exact number; `None` for at least one.
    times: Option<usize>,
    is_unchanged: bool,
    command: PhantomData<fn() -> C>,
}

impl<C: Command> Scheduled<C> {
    fn new(times: Option<usize>) -> Self {
        Self {
            times,
            is_unchanged: false,
            command: PhantomData,
        }
    }

    /// Expects that the last act scheduled, cancelled and delivered no command of type `C`.
    pub fn unchanged(mut self) -> Self {
        self.is_unchanged = true;
        self
    }

    fn verb(&self) -> String {
        match self.times {
            None => "is scheduled".to_owned(),
            Some(times) => format!("is scheduled {}", counted(times, "time", "times")),
        }
    }

    /// Returns what must be so after the acts: `ReleaseRoom is scheduled`.
    fn expected_text(&self, labels: &MessageLabels) -> String {
        format!("{} {}", type_name::<C>(labels), self.verb())
    }

    fn require_number(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let is_met = |n| match self.times {
            None => 0 < n,
            Some(times) => n == times,
        };

        check_scheduled::<C>(outcome, &self.verb(), is_met).map_err(|mismatch| {
            if is_any_pending::<C>(outcome.record()) {
                return mismatch;
            }

            let name = first_name::<C>(outcome.record().labels());
            mismatch.with_subject(Subject::ScheduledCommand(name))
        })
    }

    /// Requires that an act changed which commands are scheduled, or that the last act did not, if the
    /// test expects that.
    ///
    /// If time passed, a command that is still scheduled is not due yet. An act whose command was rejected
    /// or failed changed nothing.
    fn require_change(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let record = outcome.record();
        let expected = self.expected_text(record.labels());
        if self.is_unchanged {
            let changes = changes::<C>(outcome.last_act_entries(), record);
            return match changes {
                0 => Ok(()),
                _ => Err(Mismatch::new(
                    format!("{expected}, as before the last act"),
                    "the last act scheduled, cancelled or delivered one",
                )),
            };
        }

        let has_time_passed = outcome.new_entries().any(|entry| {
            let kind = &entry.kind;
            matches!(kind, EntryKind::ClockAdvanced { reason, .. } if *reason == ClockReason::TimePassed)
        });
        if outcome.is_last_act_refused()
            || has_time_passed
            || 0 < changes::<C>(outcome.new_entries(), record)
        {
            return Ok(());
        }
        Err(Mismatch::new(
            format!("{expected}, because of an act"),
            met_before_text("it is scheduled", "that", outcome),
        ))
    }
}

impl<C: Command> Expectation for Scheduled<C> {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        require_handlers(outcome)?;
        EmptyInput::ScheduledCommands.require(self.times == Some(0))?;

        self.require_number(outcome)?;
        self.require_change(outcome)
    }

    fn describe(&self) -> String {
        self.description().render(&MessageLabels::default())
    }

    fn description(&self) -> Description {
        let unchanged = if self.is_unchanged { ", unchanged" } else { "" };
        let verb = self.verb();
        Description::new(move |labels| format!("{} {verb}{unchanged}", type_name::<C>(labels)))
    }

    fn is_about_last_act(&self) -> bool {
        self.is_unchanged
    }
}

impl<C> fmt::Debug for Scheduled<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduled")
            .field("times", &self.times)
            .field("is_unchanged", &self.is_unchanged)
            .finish_non_exhaustive()
    }
}

/// Counts the entries that schedule, cancel or deliver a command of type `C`.
fn changes<'r, C: Command>(entries: impl IntoIterator<Item = &'r Entry>, record: &Record) -> usize {
    let scheduled_at = |entry: &Entry| match &entry.kind {
        EntryKind::Scheduled { command, .. } if matches_type::<C>(command) => {
            Some(command.metadata.id)
        }
        _ => None,
    };
    let scheduled: BTreeSet<MessageId> = record.entries().iter().filter_map(scheduled_at).collect();

    let is_change = |entry: &&Entry| match &entry.kind {
        EntryKind::Scheduled { .. } => scheduled_at(entry).is_some(),
        EntryKind::Cancelled(id) => scheduled.contains(id),
        _ => {
            let cause = entry.cause.map(|cause| record.entry(cause));
            cause.and_then(scheduled_at).is_some()
        }
    };
    entries.into_iter().filter(is_change).count()
}

/// Expects that no command of type `C` is scheduled now.
///
/// It was never scheduled, or it was delivered or cancelled. This fails if no handler can issue one; see
/// [`docs::guards`](crate::docs::guards).
pub fn not_scheduled<C: Command>() -> impl Expectation {
    let describe = |labels: &MessageLabels| format!("{} is not scheduled", type_name::<C>(labels));

    Check::about_messages(describe, |outcome| {
        let name = || first_name::<C>(outcome.record().labels());
        check_scheduled::<C>(outcome, "is not scheduled", |n| n == 0)
            .map_err(|mismatch| mismatch.with_subject(Subject::NoMessage(name())))
    })
    .excluding(NeverHappens::command::<C>)
    .claiming(Claim::Exclusion)
}

/// Requires that `is_met` returns true for the number of commands of type `C` that are scheduled now.
fn check_scheduled<C: Command>(
    outcome: &Outcome,
    verb: &str,
    is_met: impl Fn(usize) -> bool,
) -> Result<(), Mismatch> {
    require_known_message::<C>(outcome)?;
    let record = outcome.record();
    let (own, others) = schedules::<C>(record);
    let is_pending = |schedule: &&Schedule<'_>| schedule.status.is_pending();
    if is_met(own.iter().filter(is_pending).count()) {
        return Ok(());
    }

    let labels = record.labels();
    let show = |schedule: &Schedule<'_>| schedule.show(labels);
    let name = type_name::<C>(labels);
    let own: Vec<String> = own.iter().map(show).collect();
    let found = match own.as_slice() {
        [] => format!("no {name} was scheduled"),
        lines => lines.join("\n"),
    };
    let expected = format!("{name} {verb}");
    let others = others.iter().map(show).collect();
    Err(Mismatch::new(expected, found).with_differences(others))
}

fn is_any_pending<C: Command>(record: &Record) -> bool {
    let (own, _) = schedules::<C>(record);
    own.iter().any(|schedule| schedule.status.is_pending())
}

/// Returns the scheduled commands of type `C`, and those of other types.
fn schedules<C: Command>(record: &Record) -> (Vec<Schedule<'_>>, Vec<Schedule<'_>>) {
    let scheduled = ScheduledCommands::new(record);
    record
        .entries()
        .iter()
        .filter_map(|entry| Schedule::from_entry(entry, &scheduled))
        .partition(|schedule| matches_type::<C>(schedule.command))
}

/// A command that was scheduled.
struct Schedule<'r> {
    command: &'r Envelope,
    status: ScheduleStatus,
}

impl<'r> Schedule<'r> {
    fn from_entry(entry: &'r Entry, scheduled: &ScheduledCommands<'_>) -> Option<Self> {
        let EntryKind::Scheduled { command, .. } = &entry.kind else {
            return None;
        };

        Some(Self {
            command,
            status: scheduled.status(entry)?,
        })
    }

    fn show(&self, labels: &MessageLabels) -> String {
        let stream = &self.command.metadata.stream;
        let name = labels.label_of_envelope(self.command);
        let verb = if self.status.is_pending() { "is " } else { "" };

        format!("{name} for {stream} {verb}{}", self.status)
    }
}

/// Expects that, in the acts so far, a command of type `C` arrived after its deadline.
///
/// Such a command is not handled. If nothing expects that, the flow fails.
pub fn expired<C: Command>() -> impl Expectation {
    let describe = |labels: &MessageLabels| format!("{} expires", type_name::<C>(labels));
    Check::about_messages(describe, check_expired::<C>)
        .covering(|problem, outcome| {
            is_problem_of::<C>(problem, ProblemKind::Expired, outcome.record().labels())
        })
        .staying_met()
        .even_if_pending()
}

fn check_expired<C: Command>(outcome: &Outcome) -> Result<(), Mismatch> {
    require_known_message::<C>(outcome)?;
    let record = outcome.record();
    let name = type_name::<C>(record.labels());

    let mut found = Vec::new();
    for entry in outcome.act_entries() {
        let command = match &entry.kind {
            EntryKind::CommandReceived(command) | EntryKind::Scheduled { command, .. } => command,
            EntryKind::Expired => {
                let expired = entry.cause.and_then(|cause| message_at(cause, record));
                if expired.is_some_and(|command| matches_type::<C>(command)) {
                    return Ok(());
                }
                continue;
            }
            _ => continue,
        };

        if matches_type::<C>(command) {
            found.push(unexpired_text(&name, entry, command, record));
        }
    }

    let found = match found.as_slice() {
        [] => format!("no {name} was sent"),
        _ => found.join("\n"),
    };
    let subject = Subject::ScheduledCommand(first_name::<C>(record.labels()));
    Err(Mismatch::new(format!("{name} expires"), found).with_subject(subject))
}

/// Returns what happened, as text, to a command that has not expired.
fn unexpired_text(name: &str, entry: &Entry, command: &Envelope, record: &Record) -> String {
    let Some(deadline) = command.metadata.deadline else {
        return format!("{name} has no deadline");
    };

    let handled = record
        .effects(entry.id)
        .find(|effect| matches!(effect.kind, EntryKind::HandlerStarted { .. }));
    let status = match handled {
        Some(handled) => format!("was handled at {}", handled.time),
        None => "is still pending".to_owned(),
    };
    format!("{name} has the deadline {deadline} and {status}")
}
