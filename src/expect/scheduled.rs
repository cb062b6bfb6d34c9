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

/// Expects that a command is scheduled and has not come yet, or that none is.
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
        let entries = record.entries().iter();
        let all: Vec<(&Entry, &Envelope)> = entries
            .filter_map(|entry| match &entry.kind {
                EntryKind::Scheduled { command, .. } => Some((entry, &**command)),
                _ => None,
            })
            .collect();
        let of_type = all.iter().filter(|(_, command)| matches_type::<C>(command));
        let fates: Vec<(bool, String)> = of_type
            .map(|(entry, command)| schedule_status(entry, command, record))
            .collect();
        let is_waiting = fates.iter().any(|(waits, _)| *waits);

        if is_waiting == self.is_expected {
            return Ok(());
        }

        let found = match fates.as_slice() {
            [] => format!("no {} was scheduled", C::NAME),
            fates => fates
                .iter()
                .map(|(_, line)| line.as_str())
                .collect::<Vec<&str>>()
                .join("\n"),
        };

        let others = all
            .iter()
            .filter(|(_, command)| !matches_type::<C>(command));
        let others = others.map(|(entry, command)| schedule_status(entry, command, record).1);
        let mismatch = Mismatch::new(self.describe(), found).with_differences(others.collect());
        let name = C::SCHEMAS
            .first()
            .map_or(C::NAME.to_owned(), |one| one.name.to_string());

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

/// When a scheduled command comes, or else what became of it.
pub(crate) fn pending_due_time(entry: &Entry, record: &Record) -> Result<Timestamp, String> {
    let EntryKind::Scheduled { command, due } = &entry.kind else {
        return Err("was never scheduled".to_owned());
    };

    let id = command.metadata.id;
    if record
        .entries()
        .iter()
        .any(|other| other.kind == EntryKind::Cancelled(id))
    {
        return Err("was cancelled".to_owned());
    }

    match record.effects(entry.id).next() {
        Some(came) => Err(format!("came at {}", came.time)),
        None => Ok(*due),
    }
}

/// Whether a scheduled command still has to come, and what became of it in words.
fn schedule_status(entry: &Entry, command: &Envelope, record: &Record) -> (bool, String) {
    let metadata = &command.metadata;
    let subject = format!("{} for {}", metadata.message_type.name(), metadata.stream);
    match pending_due_time(entry, record) {
        Ok(due) => (true, format!("{subject} is scheduled for {due}")),
        Err(fate) => (false, format!("{subject} {fate}")),
    }
}

/// Expects that a command came after its deadline and was not handled.
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
                    let caused = entry.cause.and_then(|cause| message_at(cause, record));
                    if caused.is_some_and(|command| matches_type::<C>(command)) {
                        return Ok(());
                    }
                    continue;
                }
                _ => continue,
            };

            if matches_type::<C>(command) {
                let mut effects = record.effects(entry.id);
                let handled =
                    effects.find(|effect| matches!(effect.kind, EntryKind::HandlerStarted { .. }));

                found.push(match (command.metadata.deadline, handled) {
                    (None, _) => format!("{} without a deadline", C::NAME),
                    (Some(until), Some(handled)) => format!(
                        "{}, to be handled until {until}, was handled at {}",
                        C::NAME,
                        handled.time
                    ),
                    (Some(until), None) => {
                        format!("{}, to be handled until {until}, still waits", C::NAME)
                    }
                });
            }
        }

        let found = match found.as_slice() {
            [] => format!("no {} was handed over", C::NAME),
            _ => found.join("\n"),
        };
        let name = C::SCHEMAS
            .first()
            .map_or(C::NAME.to_owned(), |one| one.name.to_string());

        Err(Mismatch::new(self.describe(), found).with_subject(Subject::ScheduledCommand(name)))
    }

    fn covers(&self) -> Option<Problem> {
        Some(Problem::Expiry)
    }

    fn allows_pending(&self) -> bool {
        true
    }
}
