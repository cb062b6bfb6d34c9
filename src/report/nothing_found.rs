use flow_domain::record::{EntryKind, Record};

use crate::{
    flow::{Mismatch, StateQuery},
    report::text::first_few,
};

/// What became of the things of one kind in a run.
#[derive(Default)]
struct StoredIds<'r> {
    /// The ids under which something was stored, in order.
    stored: Vec<&'r str>,
    /// The ids under which something was deleted last.
    deleted: Vec<&'r str>,
}

/// Tells what is there instead of what was looked for.
pub(crate) fn nothing_found(look: &StateQuery<'_>, record: &Record) -> Mismatch {
    let name = look.state_type.name;
    let traces = StoredIds::of(look, record);
    let found = match &look.id {
        Some(id) if traces.deleted.contains(&id.as_str()) => {
            "nothing under that id any more; it was deleted in this flow".to_owned()
        }
        Some(_) => format!("nothing under that id; {}", traces.render(name)),
        None => format!("none; {}", traces.render(name)),
    };

    Mismatch::new(look.describe(), found)
}

impl<'r> StoredIds<'r> {
    fn of(look: &StateQuery<'_>, record: &'r Record) -> Self {
        let mut traces = Self::default();
        for entry in record.entries() {
            match &entry.kind {
                EntryKind::StateChanged(written) if look.is_stored_in(written.table) => {
                    if written.after.is_some() {
                        traces.add_stored(&written.id);
                    } else {
                        traces.deleted.push(&written.id);
                    }
                }
                // An event-sourced aggregate is nothing but its events.
                EntryKind::Appended(event)
                    if look.stream_category == Some(event.stream().category()) =>
                {
                    traces.add_stored(event.stream().id());
                }
                _ => {}
            }
        }

        traces
    }

    fn add_stored(&mut self, id: &'r str) {
        self.deleted.retain(|deleted| *deleted != id);
        if !self.stored.contains(&id) {
            self.stored.push(id);
        }
    }

    fn render(&self, name: &str) -> String {
        let stored = self.stored.iter().map(|id| format!("{name} {id:?}"));
        match self.stored.len() {
            0 => format!("no {name} was stored in this flow"),
            1 => format!("1 was stored in this flow: {}", first_few(stored)),
            n => format!("{n} were stored in this flow: {}", first_few(stored)),
        }
    }
}
