use flow_domain::record::{Ended, Entry, EntryId, HandlerKind, Happening, Record};

use crate::{expect::still_to_come, report::show::counted, run::Outcome};

/// What is left to do at the end of a run, and how much went wrong, in one line.
pub(super) fn left(outcome: &Outcome) -> String {
    let record = outcome.record();
    let entries = record.entries().iter();
    let mut failures: Vec<_> = entries
        .filter(|entry| is_failure(entry, record))
        .filter_map(|entry| handling_of(entry, record))
        .collect();
    // One that is tried again is one.
    failures.sort_unstable();
    failures.dedup();
    let waiting: usize = outcome
        .acts()
        .iter()
        .filter_map(|act| act.stall())
        .map(|stall| stall.waiting.len())
        .sum();
    let still_waiting = outcome.left().waiting.iter().map(|one| one.n_messages);
    let waiting = waiting + outcome.left().outbox + still_waiting.sum::<usize>();
    let mut also = Vec::new();
    let (n_dead, n_scheduled) = later(record);
    if 0 < n_dead || !outcome.is_inline() {
        also.push(no_or(n_dead, "dead letter", "dead letters"));
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
        no_or(failures.len(), "handler failed", "handlers failed"),
        also.concat()
    )
}

fn no_or(n: usize, one: &str, many: &str) -> String {
    match n {
        0 => format!("no {many}"),
        n => counted(n, one, many),
    }
}

/// How many messages were given up on, and how many commands still have to come.
fn later(record: &Record) -> (usize, usize) {
    let (mut n_dead, mut n_scheduled) = (0, 0);
    for entry in record.entries() {
        match &entry.what {
            Happening::GivenUp { is_kept: true, .. } => n_dead += 1,
            Happening::Scheduled { .. } => {
                n_scheduled += usize::from(still_to_come(entry, record).is_ok());
            }
            _ => {}
        }
    }
    (n_dead, n_scheduled)
}

/// The handler that came to this end, and the entry of its message.
fn handling_of(ended: &Entry, record: &Record) -> Option<(&'static str, Option<usize>)> {
    let started = record.entry(ended.cause?);
    match started.what {
        Happening::HandlerStarted { handler, .. } => {
            Some((handler, started.cause.map(EntryId::index)))
        }
        _ => None,
    }
}

/// Returns true for the end of a handler that failed by itself, and not as a part of another one that
/// failed with it: a command that a handler issues takes its handler with it.
fn is_failure(entry: &Entry, record: &Record) -> bool {
    let is_inside = |ended: &Entry| {
        let outer = record.causes(ended.id).skip(1);
        outer
            // What was appended was committed, and nothing that failed is behind it.
            .take_while(|cause| !matches!(cause.what, Happening::Appended(_)))
            .filter(|cause| matches!(cause.what, Happening::HandlerStarted { .. }))
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
    match entry.what {
        Happening::HandlerEnded(Ended::Failed(_)) => true,
        Happening::HandlerEnded(Ended::Rejected(_)) => {
            let started = entry.cause.map(|cause| &record.entry(cause).what);
            !matches!(
                started,
                Some(Happening::HandlerStarted {
                    kind: HandlerKind::CommandHandler,
                    ..
                })
            )
        }
        _ => false,
    }
}
