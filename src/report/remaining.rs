use std::collections::BTreeSet;

use flow_domain::record::{Entry, EntryId, EntryKind, HandlerOutcome, Record};

use crate::{
    chain::ScheduledCommands,
    outcome::{Outcome, ProblemCount},
    value::{counted, cut_list},
};

/// Returns one line about the end of a run.
///
/// It counts pending messages, problems, retries, lost races and dead letters, and names scheduled commands.
pub(super) fn remaining_text(outcome: &Outcome) -> String {
    let record = outcome.record();
    let ProblemCount {
        rejected,
        failed,
        unhandled,
        expired,
    } = outcome.count_problems();
    let n_retried = count_retried(record);
    let n_dead_letters = count_dead_letters(record);

    let pending = match count_pending(outcome) {
        0 => "nothing".to_owned(),
        n => n.to_string(),
    };
    let mut parts = vec![
        format!("{pending} pending"),
        count_or_no(failed, "handler failed", "handlers failed"),
    ];

    let rare = [
        (rejected, "command rejected", "commands rejected"),
        (
            unhandled,
            "command without a handler",
            "commands without a handler",
        ),
        (expired, "command expired", "commands expired"),
        (n_retried, "delivery retried", "deliveries retried"),
        (count_lost_races(record), "race lost", "races lost"),
    ];
    parts.extend(
        rare.into_iter()
            .filter(|(n, ..)| 0 < *n)
            .map(|(n, singular, plural)| counted(n, singular, plural)),
    );

    // Only an engine stores dead letters. The text `no dead letters` appears only if an engine ran.
    if 0 < n_dead_letters || !outcome.is_inline() {
        parts.push(count_or_no(n_dead_letters, "dead letter", "dead letters"));
    }

    parts.extend(scheduled_text(record));

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

/// Counts the deliveries that were tried again after a failure, and are not given up.
fn count_retried(record: &Record) -> usize {
    let mut retried: BTreeSet<(Option<&str>, EntryId)> = BTreeSet::new();
    for entry in record.entries() {
        let Some(cause) = entry.cause else { continue };
        match (&entry.kind, &record.entry(cause).kind) {
            (EntryKind::RetryScheduled(_), EntryKind::HandlerStarted { handler, .. }) => {
                let message = record.entry(cause).cause;
                retried.extend(message.map(|message| (Some(*handler), message)));
            }
            (EntryKind::RetriesExhausted { handler, .. }, _) => {
                retried.remove(&(*handler, cause));
            }
            _ => {}
        }
    }

    retried.len()
}

/// Counts the calls that lost a race and were repeated, which is no problem.
fn count_lost_races(record: &Record) -> usize {
    let is_lost_race = |entry: &&Entry| {
        matches!(
            entry.kind,
            EntryKind::HandlerEnded(HandlerOutcome::LostRace(_))
        )
    };

    record.entries().iter().filter(is_lost_race).count()
}

fn count_dead_letters(record: &Record) -> usize {
    let is_dead_letter = |entry: &&Entry| match entry.kind {
        EntryKind::RetriesExhausted {
            is_dead_lettered, ..
        } => is_dead_lettered,
        _ => false,
    };

    record.entries().iter().filter(is_dead_letter).count()
}

/// Returns how many commands are still scheduled, and their names: `2 scheduled (ReleaseRoom)`.
fn scheduled_text(record: &Record) -> Option<String> {
    let (mut n_scheduled, mut names) = (0, Vec::new());
    for (command, _) in ScheduledCommands::new(record).pending() {
        n_scheduled += 1;
        let name = record.labels().label_of_envelope(command);
        if !names.contains(&name) {
            names.push(name);
        }
    }

    (0 < n_scheduled).then(|| format!("{n_scheduled} scheduled ({})", cut_list(names).join(", ")))
}
