use flow_domain::record::{Ended, Entry, Happening, Record};

/// Returns the handler with whose work `entry` was rolled back, if it was.
///
/// A command that a handler issues is handled in the unit of work of that handler, so what was handled
/// well is undone all the same if the handler refuses or fails later on.
pub(crate) fn undone_with(entry: &Entry, record: &Record) -> Option<&'static str> {
    record
        .causes(entry.id)
        // What was appended was committed, and so was all that led to it: a long chain is not walked
        // to its beginning.
        .take_while(|cause| !matches!(cause.what, Happening::Appended(_)))
        .find_map(|cause| match cause.what {
            Happening::HandlerStarted { handler, .. } if was_undone(cause, record) => Some(handler),
            _ => None,
        })
}

fn was_undone(started: &Entry, record: &Record) -> bool {
    let end = record
        .effects(started.id)
        .find_map(|effect| match &effect.what {
            Happening::HandlerEnded(ended) => Some(ended),
            _ => None,
        });
    matches!(end, Some(Ended::Rejected(_) | Ended::Failed(_)))
}
