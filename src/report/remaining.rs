use flow_domain::record::{Entry, EntryId, EntryKind, HandlerKind, HandlerOutcome, Record};

use crate::{
    chain::{ScheduleStatus, schedule_status},
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
fn count_failures(record: &Record) -> usize {
    let mut failures: Vec<_> = record
        .entries()
        .iter()
        .filter(|entry| is_independent_failure(entry, record))
        .filter_map(|entry| call_of(entry, record))
        .collect();
    failures.sort_unstable();
    failures.dedup();

    failures.len()
}

/// Counts the dead letters and the commands that are still scheduled.
fn count_dead_letters_and_scheduled(record: &Record) -> (usize, usize) {
    let (mut n_dead_letters, mut n_scheduled) = (0, 0);
    for entry in record.entries() {
        match &entry.kind {
            EntryKind::RetriesExhausted {
                is_dead_lettered: true,
                ..
            } => n_dead_letters += 1,
            EntryKind::Scheduled { .. } => {
                let status = schedule_status(entry, record);
                n_scheduled += usize::from(status.is_some_and(ScheduleStatus::is_pending));
            }
            _ => {}
        }
    }

    (n_dead_letters, n_scheduled)
}

/// Returns the handler of a call, and the index of the entry of its message.
///
/// `end` is the entry at which the call ended.
fn call_of(end: &Entry, record: &Record) -> Option<(&'static str, Option<usize>)> {
    let start_entry = record.entry(end.cause?);

    match start_entry.kind {
        EntryKind::HandlerStarted { handler, .. } => {
            Some((handler, start_entry.cause.map(EntryId::index)))
        }
        _ => None,
    }
}

/// Returns true if `entry` ends a failed handler call that is not inside another failed call.
///
/// If a handler issues a command and the command fails, both calls fail. Only the outer one counts.
fn is_independent_failure(entry: &Entry, record: &Record) -> bool {
    let is_inside_failed_call = |end: &Entry| {
        record
            .causes(end.id)
            // The first cause is the start of the call itself.
            .skip(1)
            // An appended event was committed, so none of its causes has failed.
            .take_while(|cause| !matches!(cause.kind, EntryKind::Appended(_)))
            .filter(|cause| matches!(cause.kind, EntryKind::HandlerStarted { .. }))
            .any(|start_entry| {
                record
                    .effects(start_entry.id)
                    .any(|effect| is_failed_end(effect, record))
            })
    };

    is_failed_end(entry, record) && !is_inside_failed_call(entry)
}

/// Returns true if `entry` ends a handler call that failed.
///
/// A command handler may reject a command: that is no failure. A rejection by any other handler is one.
fn is_failed_end(entry: &Entry, record: &Record) -> bool {
    match entry.kind {
        EntryKind::HandlerEnded(HandlerOutcome::Failed(_)) => true,
        EntryKind::HandlerEnded(HandlerOutcome::Rejected(_)) => {
            let start_kind = entry.cause.map(|cause| &record.entry(cause).kind);
            !matches!(
                start_kind,
                Some(EntryKind::HandlerStarted {
                    kind: HandlerKind::CommandHandler,
                    ..
                })
            )
        }
        _ => false,
    }
}
