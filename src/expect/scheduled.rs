use flow_domain::{
    Command,
    message::Envelope,
    record::{Entry, EntryKind, Record},
};

use crate::{
    chain::{ScheduleStatus, schedule_status},
    expect::{
        Expectation, Mismatch, Subject,
        check::Check,
        messages::{first_name, message_at, require_known_message},
    },
    outcome::{Outcome, ProblemKind},
    value::matches_type,
};

/// Expects that a command of type `C` is scheduled and not yet due.
pub fn scheduled<C: Command>() -> impl Expectation {
    scheduled_if::<C>(true)
}

/// Expects that no command of type `C` is scheduled now.
///
/// It was never scheduled, or it was delivered or cancelled.
pub fn not_scheduled<C: Command>() -> impl Expectation {
    scheduled_if::<C>(false)
}

fn scheduled_if<C: Command>(is_expected: bool) -> Check<'static> {
    let (verb, subject): (_, fn(String) -> Subject) = if is_expected {
        ("is", Subject::ScheduledCommand)
    } else {
        ("is not", Subject::NoMessage)
    };
    let description = format!("{} {verb} scheduled", C::NAME);
    let expected = description.clone();

    Check::new(description, move |outcome| {
        check_scheduled::<C>(&expected, is_expected, outcome)
            .map_err(|mismatch| mismatch.with_subject(subject(first_name::<C>())))
    })
    .even_if_pending()
}

fn check_scheduled<C: Command>(
    expected: &str,
    is_expected: bool,
    outcome: &Outcome,
) -> Result<(), Mismatch> {
    require_known_message::<C>(outcome)?;
    let record = outcome.record();
    let (own, others): (Vec<Schedule<'_>>, Vec<Schedule<'_>>) = record
        .entries()
        .iter()
        .filter_map(|entry| Schedule::from_entry(entry, record))
        .partition(|schedule| matches_type::<C>(schedule.command));
    let is_pending = own.iter().any(|schedule| schedule.status.is_pending());
    if is_pending == is_expected {
        return Ok(());
    }

    let own: Vec<String> = own.iter().map(Schedule::show).collect();
    let found = match own.as_slice() {
        [] => format!("no {} was scheduled", C::NAME),
        lines => lines.join("\n"),
    };
    let others = others.iter().map(Schedule::show).collect();
    Err(Mismatch::new(expected, found).with_differences(others))
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

/// Expects that, in the acts so far, a command of type `C` arrived after its deadline.
///
/// Such a command is not handled.
pub fn expired<C: Command>() -> impl Expectation {
    Check::new(format!("{} expires", C::NAME), check_expired::<C>)
        .covering(|problem, _| problem.kind != ProblemKind::Rejection && problem.error.is_expired())
        .even_if_pending()
}

fn check_expired<C: Command>(outcome: &Outcome) -> Result<(), Mismatch> {
    require_known_message::<C>(outcome)?;
    let record = outcome.record();

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
            found.push(unexpired_text::<C>(entry, command, record));
        }
    }

    let found = match found.as_slice() {
        [] => format!("no {} was sent", C::NAME),
        _ => found.join("\n"),
    };
    let subject = Subject::ScheduledCommand(first_name::<C>());
    Err(Mismatch::new(format!("{} expires", C::NAME), found).with_subject(subject))
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
