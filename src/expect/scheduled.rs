use std::marker::PhantomData;

use flow_domain::{
    Command,
    message::Envelope,
    record::{Entry, EntryKind, Record},
};

use crate::{
    chain::{ScheduleStatus, schedule_status},
    expect::{
        Expectation, Mismatch, Subject,
        messages::{message_at, require_known_message},
    },
    outcome::{Outcome, Problem, ProblemKind},
    value::matches_type,
};

/// Expects that a command of type `C` is scheduled and not yet due.
pub fn scheduled<C: Command>() -> impl Expectation {
    Scheduled {
        is_expected: true,
        command: PhantomData::<fn(C)>,
    }
}

/// Expects that no command of type `C` is scheduled now.
///
/// It was never scheduled, or it was delivered or cancelled.
pub fn not_scheduled<C: Command>() -> impl Expectation {
    Scheduled {
        is_expected: false,
        command: PhantomData::<fn(C)>,
    }
}

/// Expects that, in the acts so far, a command of type `C` arrived after its deadline.
///
/// Such a command is not handled.
pub fn expired<C: Command>() -> impl Expectation {
    Expired(PhantomData::<fn(C)>)
}

struct Scheduled<C> {
    is_expected: bool,
    command: PhantomData<fn(C)>,
}

impl<C: Command> Expectation for Scheduled<C> {
    fn describe(&self) -> String {
        let verb = if self.is_expected { "is" } else { "is not" };
        format!("{} {verb} scheduled", C::NAME)
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        require_known_message::<C>(outcome)?;
        let record = outcome.record();
        let (own, others): (Vec<Schedule<'_>>, Vec<Schedule<'_>>) = record
            .entries()
            .iter()
            .filter_map(|entry| Schedule::from_entry(entry, record))
            .partition(|schedule| matches_type::<C>(schedule.command));
        let is_pending = own.iter().any(|schedule| schedule.status.is_pending());
        if is_pending == self.is_expected {
            return Ok(());
        }

        let own: Vec<String> = own.iter().map(Schedule::show).collect();
        let found = match own.as_slice() {
            [] => format!("no {} was scheduled", C::NAME),
            lines => lines.join("\n"),
        };
        let mismatch = Mismatch::new(self.describe(), found)
            .with_differences(others.iter().map(Schedule::show).collect());

        let name = schema_name::<C>();
        Err(mismatch.with_subject(if self.is_expected {
            Subject::ScheduledCommand(name)
        } else {
            Subject::NoMessage(name)
        }))
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

/// A command that was scheduled.
struct Schedule<'r> {
    command: &'r Envelope,
    status: ScheduleStatus,
}

impl<'r> Schedule<'r> {
    fn from_entry(entry: &'r Entry, record: &Record) -> Option<Self> {
        let EntryKind::Scheduled { command, .. } = &entry.kind else {
            return None;
        };

        Some(Self {
            command,
            status: schedule_status(entry, record)?,
        })
    }

    fn show(&self) -> String {
        let metadata = &self.command.metadata;
        let (name, stream) = (metadata.message_type.name(), &metadata.stream);
        let verb = if self.status.is_pending() { "is " } else { "" };

        format!("{name} for {stream} {verb}{}", self.status)
    }
}

fn schema_name<C: Command>() -> String {
    C::SCHEMAS
        .first()
        .map_or(C::NAME.to_owned(), |schema| schema.name.to_string())
}

struct Expired<C>(PhantomData<fn(C)>);

impl<C: Command> Expectation for Expired<C> {
    fn describe(&self) -> String {
        format!("{} expires", C::NAME)
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        require_known_message::<C>(outcome)?;
        let record = outcome.record();

        let mut found = Vec::new();
        for entry in outcome.act_entries() {
            let command = match &entry.kind {
                EntryKind::CommandReceived(command) | EntryKind::Scheduled { command, .. } => {
                    command
                }
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
                found.push(unexpired_text::<C>(entry, command, record));
            }
        }

        let found = match found.as_slice() {
            [] => format!("no {} was sent", C::NAME),
            _ => found.join("\n"),
        };
        let subject = Subject::ScheduledCommand(schema_name::<C>());
        Err(Mismatch::new(self.describe(), found).with_subject(subject))
    }

    fn covers(&self, problem: &Problem<'_>, _: &Outcome) -> bool {
        problem.kind != ProblemKind::Rejection && problem.error.is_expired()
    }

    fn allows_pending(&self) -> bool {
        true
    }
}

/// Returns what happened, as text, to a command that has not expired.
fn unexpired_text<C: Command>(entry: &Entry, command: &Envelope, record: &Record) -> String {
    let handled = record
        .effects(entry.id)
        .find(|effect| matches!(effect.kind, EntryKind::HandlerStarted { .. }));

    match (command.metadata.deadline, handled) {
        (None, _) => format!("{} has no deadline", C::NAME),
        (Some(deadline), Some(handled)) => format!(
            "{} has the deadline {deadline} and was handled at {}",
            C::NAME,
            handled.time
        ),
        (Some(deadline), None) => {
            format!(
                "{} has the deadline {deadline} and is still pending",
                C::NAME
            )
        }
    }
}
