use flow_domain::record::{Entry, EntryKind, HandlerOutcome, Record};

/// Returns the outer handler that rolled back `entry`, if one did.
///
/// A command is handled in the unit of work of the handler that issued it. If that handler rejects
/// or fails later, the command is rolled back, too, although its own handler succeeded.
pub(crate) fn rolled_back_by(entry: &Entry, record: &Record) -> Option<&'static str> {
    record
        .causes(entry.id)
        // An appended event was committed, and so were all its causes. The search stops there, so
        // it need not follow a long chain to its beginning.
        .take_while(|cause| !matches!(cause.kind, EntryKind::Appended(_)))
        .find_map(|cause| match cause.kind {
            EntryKind::HandlerStarted { handler, .. } if has_rejected_or_failed(cause, record) => {
                Some(handler)
            }
            _ => None,
        })
}

/// Returns true if the handler call with this start entry ended with a rejection or a failure.
fn has_rejected_or_failed(start_entry: &Entry, record: &Record) -> bool {
    record.effects(start_entry.id).any(|effect| {
        matches!(
            effect.kind,
            EntryKind::HandlerEnded(HandlerOutcome::Rejected(_) | HandlerOutcome::Failed(_))
        )
    })
}
