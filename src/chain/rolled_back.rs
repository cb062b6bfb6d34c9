use flow_domain::{
    message::Processing,
    record::{Entry, EntryId, EntryKind, HandlerOutcome, Record},
};

/// Returns the outer handler that rolled back `entry`, if one did.
///
/// A command is handled in the unit of work of the handler that issued it. If that handler rejects
/// or fails later, the command is rolled back, too, although its own handler succeeded.
pub(crate) fn rolled_back_by(entry: &Entry, record: &Record) -> Option<&'static str> {
    causes_in_unit_of_work(entry.id, record).find_map(|cause| match cause.kind {
        EntryKind::HandlerStarted { handler, .. } if has_rejected_or_failed(cause, record) => {
            Some(handler)
        }
        _ => None,
    })
}

/// Returns the causes of `id` that belong to the same unit of work, nearest first.
///
/// An appended event was committed, and so was a command that was delivered later. None of their
/// causes can be rolled back any more. So nobody follows a long chain to its beginning.
fn causes_in_unit_of_work(id: EntryId, record: &Record) -> impl Iterator<Item = &Entry> {
    record.causes(id).take_while(|cause| match &cause.kind {
        EntryKind::Appended(_) => false,
        EntryKind::CommandReceived(command) | EntryKind::Scheduled { command, .. } => {
            command.metadata.processing == Processing::Sync
        }
        _ => true,
    })
}

/// Returns true if the handler call with this start entry ended with a rejection or a failure.
fn has_rejected_or_failed(start_entry: &Entry, record: &Record) -> bool {
    matches!(
        record.call_outcome(start_entry.id),
        Some(HandlerOutcome::Rejected(_) | HandlerOutcome::Failed(_))
    )
}
