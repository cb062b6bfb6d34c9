use std::marker::PhantomData;

use flow_domain::{
    Command,
    clock::Timestamp,
    message::Envelope,
    record::{Entry, EntryKind, Record},
};

use crate::{
    diagnosis::Subject,
    expect::{
        matches_type,
        messages::{message_at, require_known_message},
    },
    flow::{Expectation, Mismatch, Problem},
    run::Outcome,
};

/// Expects that a scheduled `C` is pending. If `is_expected` is false, expects that none is.
pub(crate) fn scheduled<C: Command>(is_expected: bool) -> impl Expectation {
    Scheduled {
        is_expected,
        command: PhantomData::<fn(C)>,
    }
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
        let all_scheduled: Vec<(&Entry, &Envelope)> = record
            .entries()
            .iter()
            .filter_map(|entry| match &entry.kind {
                EntryKind::Scheduled { command, .. } => Some((entry, &**command)),
                _ => None,
            })
            .collect();
        let statuses: Vec<(bool, String)> = all_scheduled
            .iter()
            .filter(|(_, command)| matches_type::<C>(command))
            .map(|(entry, command)| schedule_status(entry, command, record))
            .collect();
        let is_pending = statuses.iter().any(|(is_pending, _)| *is_pending);
        if is_pending == self.is_expected {
            return Ok(());
        }

        let found = match statuses.as_slice() {
            [] => format!("no {} was scheduled", C::NAME),
            statuses => statuses
                .iter()
                .map(|(_, line)| line.as_str())
                .collect::<Vec<&str>>()
                .join("\n"),
        };

        let others = all_scheduled
            .iter()
            .filter(|(_, command)| !matches_type::<C>(command))
            .map(|(entry, command)| schedule_status(entry, command, record).1)
            .collect();
        let mismatch = Mismatch::new(self.describe(), found).with_differences(others);

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

/// Returns when a scheduled command is due.
///
/// # Errors
///
/// Returns what happened to the command, as text, if it is no longer pending.
pub(crate) fn pending_due_time(entry: &Entry, record: &Record) -> Result<Timestamp, String> {
    let EntryKind::Scheduled { command, due } = &entry.kind else {
        return Err("was never scheduled".to_owned());
    };

    let id = command.metadata.id;
    let is_cancelled = record
        .entries()
        .iter()
        .any(|other| other.kind == EntryKind::Cancelled(id));
    if is_cancelled {
        return Err("was cancelled".to_owned());
    }

    match record.effects(entry.id).next() {
        Some(delivery) => Err(format!("was delivered at {}", delivery.time)),
        None => Ok(*due),
    }
}

/// Returns whether a scheduled command is still pending, and its status as text.
fn schedule_status(entry: &Entry, command: &Envelope, record: &Record) -> (bool, String) {
    let metadata = &command.metadata;
    let subject = format!("{} for {}", metadata.message_type.name(), metadata.stream);

    match pending_due_time(entry, record) {
        Ok(due) => (true, format!("{subject} is scheduled for {due}")),
        Err(status) => (false, format!("{subject} {status}")),
    }
}

fn schema_name<C: Command>() -> String {
    C::SCHEMAS
        .first()
        .map_or(C::NAME.to_owned(), |schema| schema.name.to_string())
}

/// Expects that a `C` arrived after its deadline and was not handled.
pub(crate) fn expired<C: Command>() -> impl Expectation {
    Expired(PhantomData::<fn(C)>)
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

    fn covers(&self) -> Option<Problem> {
        Some(Problem::Expiry)
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
