use flow_domain::record::{Entry, EntryId, EntryKind, HandlerKind, HandlerOutcome, Record};

use crate::{expect::pending_due_time, report::failure_text::counted, run::Outcome};

/// What is left to do at the end of a run, and how much went wrong, in one line.
pub(super) fn remaining_text(outcome: &Outcome) -> String {
    let record = outcome.record();
    let entries = record.entries().iter();
    let mut failures: Vec<_> = entries
        .filter(|entry| is_independent_failure(entry, record))
        .filter_map(|entry| call_of(entry, record))
        .collect();

    // One that is tried again is one.
    failures.sort_unstable();
    failures.dedup();
    let waiting: usize = outcome
        .acts()
        .iter()
        .filter_map(|act| act.stall())
        .map(|stall| stall.pending.len())
        .sum();

    let still_waiting = outcome
        .remaining()
        .backlogs
        .iter()
        .map(|one| one.n_messages);
    let waiting = waiting + outcome.remaining().outbox + still_waiting.sum::<usize>();
    let mut also = Vec::new();
    let (n_dead, n_scheduled) = count_dead_and_scheduled(record);

    if 0 < n_dead || !outcome.is_inline() {
        also.push(count_or_no(n_dead, "dead letter", "dead letters"));
    }

    if 0 < n_scheduled {
        also.push(format!("{n_scheduled} scheduled"));
    }

    let also: Vec<String> = also.iter().map(|part| format!(" · {part}")).collect();
    format!(
        "{} waiting · {}{}",
        match waiting {
            0 => "nothing".to_owned(),
            n => n.to_string(),
        },
        count_or_no(failures.len(), "handler failed", "handlers failed"),
        also.concat()
    )
}

fn count_or_no(n: usize, one: &str, many: &str) -> String {
    match n {
        0 => format!("no {many}"),
        n => counted(n, one, many),
    }
}

/// How many messages were given up on, and how many commands still have to come.
fn count_dead_and_scheduled(record: &Record) -> (usize, usize) {
    let (mut n_dead, mut n_scheduled) = (0, 0);
    for entry in record.entries() {
        match &entry.kind {
            EntryKind::RetriesExhausted {
                is_dead_lettered: true,
                ..
            } => n_dead += 1,
            EntryKind::Scheduled { .. } => {
                n_scheduled += usize::from(pending_due_time(entry, record).is_ok());
            }
            _ => {}
        }
    }

    (n_dead, n_scheduled)
}

/// The handler that came to this end, and the entry of its message.
fn call_of(ended: &Entry, record: &Record) -> Option<(&'static str, Option<usize>)> {
    let started = record.entry(ended.cause?);
    match started.kind {
        EntryKind::HandlerStarted { handler, .. } => {
            Some((handler, started.cause.map(EntryId::index)))
        }
        _ => None,
    }
}

/// Returns true for the end of a handler that failed by itself, and not as a part of another one that
/// failed with it: a command that a handler issues takes its handler with it.
fn is_independent_failure(entry: &Entry, record: &Record) -> bool {
    let is_inside = |ended: &Entry| {
        let outer = record.causes(ended.id).skip(1);
        outer
            // What was appended was committed, and nothing that failed is behind it.
            .take_while(|cause| !matches!(cause.kind, EntryKind::Appended(_)))
            .filter(|cause| matches!(cause.kind, EntryKind::HandlerStarted { .. }))
            .any(|started| {
                let mut effects = record.effects(started.id);
                effects.any(|effect| has_failed(effect, record))
            })
    };

    has_failed(entry, record) && !is_inside(entry)
}

/// Returns true for the end of a handler that failed. To refuse a command is no failure, but nobody
/// asks any other handler whether it agrees.
fn has_failed(entry: &Entry, record: &Record) -> bool {
    match entry.kind {
        EntryKind::HandlerEnded(HandlerOutcome::Failed(_)) => true,
        EntryKind::HandlerEnded(HandlerOutcome::Rejected(_)) => {
            let started = entry.cause.map(|cause| &record.entry(cause).kind);
            !matches!(
                started,
                Some(EntryKind::HandlerStarted {
                    kind: HandlerKind::CommandHandler,
                    ..
                })
            )
        }
        _ => false,
    }
}
