use flow_domain::record::{Entry, EntryKind, HandlerOutcome, Record};

/// Returns the handler with whose work `entry` was rolled back, if it was.
///
/// A command that a handler issues is handled in the unit of work of that handler, so what was handled
/// well is undone all the same if the handler refuses or fails later on.
pub(crate) fn rolled_back_by(entry: &Entry, record: &Record) -> Option<&'static str> {
    record
        .causes(entry.id)
        // What was appended was committed, and so was all that led to it: a long chain is not walked
        // to its beginning.
        .take_while(|cause| !matches!(cause.kind, EntryKind::Appended(_)))
        .find_map(|cause| match cause.kind {
            EntryKind::HandlerStarted { handler, .. } if was_rolled_back(cause, record) => {
                Some(handler)
            }
            _ => None,
        })
}

fn was_rolled_back(started: &Entry, record: &Record) -> bool {
    let end = record
        .effects(started.id)
        .find_map(|effect| match &effect.kind {
            EntryKind::HandlerEnded(ended) => Some(ended),
            _ => None,
        });

    matches!(
        end,
        Some(HandlerOutcome::Rejected(_) | HandlerOutcome::Failed(_))
    )
}
