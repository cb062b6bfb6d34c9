use std::collections::BTreeSet;

use flow_domain::{
    message::Envelope,
    record::{Entry, EntryKind, Record},
    wiring::nearest,
};

/// Returns the id of the run that is similar to `id`, if nothing in the run has `id` itself.
///
/// A handler can make an id of others. So an id counts as known, too, if it contains a known one.
pub(super) fn similar_id<'r>(id: &str, record: &'r Record) -> Option<&'r str> {
    if record.entries().iter().any(|entry| mentions(entry, id)) {
        return None;
    }

    let ids: BTreeSet<&str> = record.entries().iter().filter_map(id_of).collect();
    if ids.iter().any(|known| contains_word(id, known)) {
        return None;
    }
    nearest(id, ids)
}

/// Returns the message that was sent or stored at this entry.
fn message_of(entry: &Entry) -> Option<&Envelope> {
    match &entry.kind {
        EntryKind::CommandReceived(message)
        | EntryKind::Raised(message)
        | EntryKind::Scheduled {
            command: message, ..
        } => Some(message),
        EntryKind::Appended(event) => Some(&event.envelope),
        _ => None,
    }
}

/// Returns the id of the stream or state of this entry.
fn id_of(entry: &Entry) -> Option<&str> {
    if let Some(message) = message_of(entry) {
        return Some(message.metadata.stream.id());
    }

    match &entry.kind {
        EntryKind::StateChanged(change) => Some(&change.id),
        _ => None,
    }
}

/// Returns true if a message, state or row of this entry contains the id.
fn mentions(entry: &Entry, id: &str) -> bool {
    if id_of(entry).is_some_and(|known| contains_word(known, id)) {
        return true;
    }

    let mut texts = match &entry.kind {
        EntryKind::StateChanged(change) => vec![&change.before, &change.after],
        _ => Vec::new(),
    }
    .into_iter()
    .flatten()
    .chain(message_of(entry).map(|message| &message.message));
    texts.any(|text| contains_word(text.as_json(), id))
}

/// Returns true if `text` contains `word`, and it does not go on with a letter or a digit.
fn contains_word(text: &str, word: &str) -> bool {
    let is_end = |next: Option<char>| next.is_none_or(|char| !char.is_alphanumeric());

    !word.is_empty()
        && text.match_indices(word).any(|(start, _)| {
            let before = text[..start].chars().next_back();
            let after = text[start + word.len()..].chars().next();
            is_end(before) && is_end(after)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_ends_before_a_letter_or_a_digit() {
        assert!(contains_word(r#"{"id":"ord-1"}"#, "ord-1"));
        assert!(contains_word("ord-1/2026", "ord-1"));
        assert!(!contains_word("ord-10", "ord-1"));
        assert!(!contains_word("word-1", "ord-1"));
        assert!(!contains_word("ord-1", ""));
    }
}
