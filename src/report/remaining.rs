use std::collections::BTreeSet;

use flow_domain::record::{Entry, EntryId, EntryKind, HandlerKind, HandlerOutcome, Record};

use crate::{
    chain::{ScheduleStatus, ScheduledCommands, causes_in_unit_of_work},
    outcome::Outcome,
    value::counted,
};

/// Returns one line about the end of a run.
///
/// It counts pending messages, failed handlers, dead letters and scheduled commands.
pub(super) fn remaining_text(outcome: &Outcome) -> String {
    let record = outcome.record();
    let n_failed = count_failures(record);
    let (n_dead_letters, n_scheduled) = count_dead_letters_and_scheduled(record);

    let pending = match count_pending(outcome) {
        0 => "nothing".to_owned(),
        n => n.to_string(),
    };
    let mut parts = vec![
        format!("{pending} pending"),
        count_or_no(n_failed, "handler failed", "handlers failed"),
    ];

    // Only an engine stores dead letters. The text `no dead letters` appears only if an engine ran.
    if 0 < n_dead_letters || !outcome.is_inline() {
        parts.push(count_or_no(n_dead_letters, "dead letter", "dead letters"));
    }

    if 0 < n_scheduled {
        parts.push(format!("{n_scheduled} scheduled"));
    }

    parts.join(" · ")
}

fn count_or_no(n: usize, singular: &str, plural: &str) -> String {
    match n {
        0 => format!("no {plural}"),
        n => counted(n, singular, plural),
    }
}

/// Counts the messages that are pending at the end, or were pending in an act that did not settle.
fn count_pending(outcome: &Outcome) -> usize {
    let in_stalled_acts: usize = outcome
        .acts()
        .iter()
        .filter_map(|act| act.stall())
        .map(|stall| stall.pending.len())
        .sum();
    let remaining = outcome.remaining();
    let in_backlogs: usize = remaining
        .backlogs
        .iter()
        .map(|backlog| backlog.n_messages)
        .sum();

    in_stalled_acts + remaining.outbox + in_backlogs
}

/// Counts the failures of handlers. The attempts of one handler with one message count as one failure.
///
/// If a handler issues a command and the command fails, both calls fail. Only the outer one counts.
fn count_failures(record: &Record) -> usize {
    let failures: BTreeSet<(&str, Option<EntryId>)> = record
        .entries()
        .iter()
        .filter_map(|end| failed_call(end, record))
        .filter(|call| !is_inside_failed_call(call, record))
        .filter_map(|call| match call.kind {
            EntryKind::HandlerStarted { handler, .. } => Some((handler, call.cause)),
            _ => None,
        })
        .collect();

    failures.len()
}

/// Counts the dead letters and the commands that are still scheduled.
fn count_dead_letters_and_scheduled(record: &Record) -> (usize, usize) {
    let is_dead_letter = |entry: &&Entry| match entry.kind {
        EntryKind::RetriesExhausted {
            is_dead_lettered, ..
        } => is_dead_lettered,
        _ => false,
    };
    let scheduled = ScheduledCommands::new(record);
    let is_scheduled = |entry: &&Entry| {
        scheduled
            .status(entry)
            .is_some_and(ScheduleStatus::is_pending)
    };

    let entries = record.entries().iter();
    (
        entries.clone().filter(is_dead_letter).count(),
        entries.filter(is_scheduled).count(),
    )
}

/// Returns the start of the handler call that failed and ended at this entry.
///
/// A command handler may reject a command: that is no failure. A rejection by any other handler is one.
fn failed_call<'r>(end: &Entry, record: &'r Record) -> Option<&'r Entry> {
    let EntryKind::HandlerEnded(outcome) = &end.kind else {
        return None;
    };

    let start_entry = record.entry(end.cause?);
    let may_reject = matches!(
        start_entry.kind,
        EntryKind::HandlerStarted {
            kind: HandlerKind::CommandHandler,
            ..
        }
    );
    let has_failed = match outcome {
        HandlerOutcome::Failed(_) => true,
        HandlerOutcome::Rejected(_) => !may_reject,
        _ => false,
    };

    has_failed.then_some(start_entry)
}

/// Returns true if a handler call is part of another call that failed.
fn is_inside_failed_call(start_entry: &Entry, record: &Record) -> bool {
    causes_in_unit_of_work(start_entry.id, record)
        .flat_map(|cause| record.effects(cause.id))
        .any(|effect| failed_call(effect, record).is_some())
}
