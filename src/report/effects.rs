use flow_domain::record::{Ended, Entry, EntryId, Happening, Record, TableKind};

use crate::report::undone_with;

/// What each entry of a record directly caused. The record itself is searched for it, which takes too
/// long to ask of every entry.
#[derive(Debug)]
pub(super) struct Effects<'r> {
    record: &'r Record,
    of: Vec<Vec<EntryId>>,
}

impl<'r> Effects<'r> {
    pub(super) fn new(record: &'r Record) -> Self {
        let mut of = vec![Vec::new(); record.entries().len()];
        for entry in record.entries() {
            if let Some(cause) = entry.cause {
                of[cause.index()].push(entry.id);
            }
        }
        Self { record, of }
    }

    pub(super) fn of(&self, id: EntryId) -> impl Iterator<Item = &'r Entry> + use<'r> {
        let record = self.record;
        let ids = self.of[id.index()].clone();
        ids.into_iter().map(move |id| record.entry(id))
    }

    /// How a handling ended, with what it wrote.
    pub(super) fn ended(&self, started: &Entry) -> String {
        let mut wrote = Vec::new();
        let mut missed = Vec::new();
        let mut ended = String::new();
        let mut caused_something = false;
        for effect in self.of(started.id) {
            match &effect.what {
                // That a message was handled is told already.
                Happening::Written(written) if written.table.kind == TableKind::Inbox => {}
                Happening::Written(written) => {
                    let verb = match (&written.after, written.table.kind) {
                        (None, _) => "deleted",
                        (Some(_), TableKind::Projection) => "wrote",
                        (Some(_), _) => "stored",
                    };
                    wrote.push(format!("{verb} {} {:?}", written.table.name, written.id));
                }
                Happening::LawBroken(broken) => {
                    wrote.push(format!("broke the law `{}`", broken.law));
                }
                Happening::Missed { table, id } => {
                    missed.push(format!("found no {} {id:?}", table.name));
                }
                Happening::HandlerEnded(Ended::Handled)
                    if undone_with(effect, self.record).is_some() =>
                {
                    "rolled back".clone_into(&mut ended);
                }
                Happening::HandlerEnded(how) => ended = told(how),
                _ => caused_something = true,
            }
        }
        match ended.as_str() {
            "handled" if !wrote.is_empty() => wrote.join(", "),
            // A forgotten `work.add(..)` looks like this.
            "handled" if !caused_something => {
                missed.insert(0, "handled, changed nothing".to_owned());
                missed.join("; ")
            }
            _ => ended,
        }
    }
}

/// Says which attempt it was, if it was not the first.
pub(super) fn at_attempt(attempt: u32) -> String {
    match attempt {
        1 => String::new(),
        n => format!(" (attempt {n})"),
    }
}

fn told(ended: &Ended) -> String {
    match ended {
        Ended::Handled => "handled".to_owned(),
        Ended::Filtered(reason) => format!("let it go: {reason}"),
        Ended::Rejected(undone) => format!("REJECTED: {}", undone.reason),
        Ended::Failed(undone) => format!("FAILED: {undone}"),
        other => other.to_string(),
    }
}
