use flow_domain::record::{EntryKind, Record};

use crate::{expect::Mismatch, outcome::StateQuery, value::first_few};

/// The ids of the states of one type that a run stored and deleted.
#[derive(Default)]
struct StoredIds<'r> {
    /// The ids that were ever stored, in the order of their first write.
    stored: Vec<&'r str>,
    /// The ids that were deleted and not stored again.
    deleted: Vec<&'r str>,
}

/// Returns the mismatch for a state that was not found. It lists the states that the run stored.
pub(super) fn nothing_found(query: &StateQuery, record: &Record) -> Mismatch {
    let type_name = query.state_type.name;
    let ids = StoredIds::of(query, record);

    let found = match &query.id {
        Some(id) if ids.deleted.contains(&id.as_str()) => {
            "nothing with this id; the flow deleted it".to_owned()
        }
        Some(_) => format!("nothing with this id; {}", ids.render(type_name)),
        None => format!("none; {}", ids.render(type_name)),
    };

    Mismatch::new(query.describe(), found)
}

impl<'r> StoredIds<'r> {
    fn of(query: &StateQuery, record: &'r Record) -> Self {
        let mut ids = Self::default();

        for entry in record.entries() {
            match &entry.kind {
                EntryKind::StateChanged(change) if query.is_stored_in(change.table) => {
                    if change.after.is_some() {
                        ids.add_stored(&change.id);
                    } else {
                        ids.deleted.push(&change.id);
                    }
                }
                // An event-sourced aggregate is stored as its events only.
                EntryKind::Appended(event)
                    if query.stream_category == Some(event.stream().category()) =>
                {
                    ids.add_stored(event.stream().id());
                }
                _ => {}
            }
        }

        ids
    }

    fn add_stored(&mut self, id: &'r str) {
        self.deleted.retain(|deleted| *deleted != id);
        if !self.stored.contains(&id) {
            self.stored.push(id);
        }
    }

    fn render(&self, type_name: &str) -> String {
        let stored = self.stored.iter().map(|id| format!("{type_name} {id:?}"));
        if self.stored.is_empty() {
            return format!("the flow stored no {type_name}");
        }

        format!("the flow stored only {}", first_few(stored))
    }
}
