use flow_domain::record::{Happening, Record};

use crate::{
    flow::{Look, Mismatch},
    report::text::first_few,
};

/// What became of the things of one kind in a run.
#[derive(Default)]
struct Traces<'r> {
    /// The ids under which something was stored, in order.
    stored: Vec<&'r str>,
    /// The ids under which something was deleted last.
    deleted: Vec<&'r str>,
}

/// Tells what is there instead of what was looked for.
pub(crate) fn nothing_found(look: &Look<'_>, record: &Record) -> Mismatch {
    let name = look.kept.name;
    let traces = Traces::of(look, record);
    let found = match &look.id {
        Some(id) if traces.deleted.contains(&id.as_str()) => {
            "nothing under that id any more; it was deleted in this flow".to_owned()
        }
        Some(_) => format!("nothing under that id; {}", traces.told(name)),
        None => format!("none; {}", traces.told(name)),
    };
    Mismatch::new(look.subject(), found)
}

impl<'r> Traces<'r> {
    fn of(look: &Look<'_>, record: &'r Record) -> Self {
        let mut traces = Self::default();
        for entry in record.entries() {
            match &entry.what {
                Happening::Written(written) if look.is_kept_in(written.table) => {
                    if written.after.is_some() {
                        traces.store(&written.id);
                    } else {
                        traces.deleted.push(&written.id);
                    }
                }
                // An event-sourced aggregate is nothing but its events.
                Happening::Appended(event)
                    if look.stream_category == Some(event.stream().category()) =>
                {
                    traces.store(event.stream().id());
                }
                _ => {}
            }
        }
        traces
    }

    fn store(&mut self, id: &'r str) {
        self.deleted.retain(|deleted| *deleted != id);
        if !self.stored.contains(&id) {
            self.stored.push(id);
        }
    }

    fn told(&self, name: &str) -> String {
        let stored = self.stored.iter().map(|id| format!("{name} {id:?}"));
        match self.stored.len() {
            0 => format!("no {name} was stored in this flow"),
            1 => format!("1 was stored in this flow: {}", first_few(stored)),
            n => format!("{n} were stored in this flow: {}", first_few(stored)),
        }
    }
}
