use std::ops::Range;

use flow_domain::record::{Ended, Entry, EntryId, Happening, Record, TableKind};

use crate::expect::Seen;

/// How wide the first column of a chain is.
const COLUMN: usize = 36;

/// How many lines of a chain are shown.
const MOST: usize = 60;

/// Draws what happened in a part of the record as a tree: who caused what.
pub(crate) fn chain_text(record: &Record, part: Range<usize>) -> String {
    let mut tree = Tree::new(record);
    for entry in &record.entries()[part] {
        if entry.cause.is_none() {
            tree.root(entry);
        }
    }
    let n_more = tree.lines.len().saturating_sub(MOST);
    tree.lines.truncate(MOST);
    if 0 < n_more {
        tree.lines.push(format!("and {n_more} more"));
    }
    tree.lines.join("\n")
}

struct Tree<'r> {
    record: &'r Record,
    /// For each entry, those that it directly caused.
    effects: Vec<Vec<EntryId>>,
    lines: Vec<String>,
}

/// What hangs below a line.
struct Branch {
    label: String,
    detail: String,
    below: Vec<Branch>,
}

impl<'r> Tree<'r> {
    fn new(record: &'r Record) -> Self {
        let mut effects = vec![Vec::new(); record.entries().len()];
        for entry in record.entries() {
            if let Some(cause) = entry.cause {
                effects[cause.index()].push(entry.id);
            }
        }
        Self {
            record,
            effects,
            lines: Vec::new(),
        }
    }

    fn effects(&self, of: EntryId) -> impl Iterator<Item = &'r Entry> {
        let record = self.record;
        let ids = self.effects[of.index()].clone();
        ids.into_iter().map(move |id| record.entry(id))
    }

    fn root(&mut self, entry: &Entry) {
        for branch in self.branches(entry) {
            self.draw(&branch, "", "");
        }
    }

    fn draw(&mut self, branch: &Branch, first: &str, rest: &str) {
        let label = format!("{first}{}", branch.label);
        let line = format!("{label:<COLUMN$}{}", branch.detail);
        self.lines.push(line.trim_end().to_owned());
        let n_below = branch.below.len();
        for (idx, below) in branch.below.iter().enumerate() {
            let (knee, beam) = if idx + 1 == n_below {
                ("└ ", "  ")
            } else {
                ("├ ", "│ ")
            };
            self.draw(below, &format!("{rest}{knee}"), &format!("{rest}{beam}"));
        }
    }

    fn branches(&self, entry: &Entry) -> Vec<Branch> {
        match &entry.what {
            Happening::CommandReceived(envelope) => {
                vec![self.command(entry, Seen::from(&**envelope).name)]
            }
            Happening::Appended(event) => {
                let detail = format!("{} @{}", event.stream(), event.version);
                vec![self.event(entry, Seen::from(&*event.envelope).name, detail)]
            }
            Happening::Raised(envelope) => {
                let appended: Vec<Branch> = self
                    .effects(entry.id)
                    .flat_map(|effect| self.branches(effect))
                    .collect();
                if appended.is_empty() {
                    return vec![Branch {
                        label: Seen::from(&**envelope).name,
                        detail: "rolled back".to_owned(),
                        below: Vec::new(),
                    }];
                }
                appended
            }
            _ => Vec::new(),
        }
    }

    /// A command and its handler share a line.
    fn command(&self, entry: &Entry, name: String) -> Branch {
        let mut below = Vec::new();
        let mut detail = "nobody handles it".to_owned();
        for effect in self.effects(entry.id) {
            if let Happening::HandlerStarted { handler, .. } = effect.what {
                detail = format!("{handler}  {}", self.ended(effect));
                below.extend(self.causes_of(effect));
            }
        }
        Branch {
            label: name,
            detail,
            below,
        }
    }

    fn event(&self, entry: &Entry, name: String, detail: String) -> Branch {
        let mut below = Vec::new();
        let mut detail = detail;
        for effect in self.effects(entry.id) {
            match effect.what {
                Happening::HandlerStarted { handler, .. } => below.push(Branch {
                    label: handler.to_owned(),
                    detail: self.ended(effect),
                    below: self.causes_of(effect),
                }),
                Happening::NoSubscriber => detail.push_str("  nobody handles it"),
                _ => {}
            }
        }
        Branch {
            label: name,
            detail,
            below,
        }
    }

    fn causes_of(&self, started: &Entry) -> Vec<Branch> {
        self.effects(started.id)
            .flat_map(|effect| self.branches(effect))
            .collect()
    }

    /// How a handling ended, with what it wrote.
    fn ended(&self, started: &Entry) -> String {
        let mut wrote = Vec::new();
        let mut ended = String::new();
        for effect in self.effects(started.id) {
            match &effect.what {
                Happening::Written { table, id, .. } => wrote.push(match table.kind {
                    TableKind::Projection => format!("wrote {} {id:?}", table.name),
                    _ => format!("stored {} {id:?}", table.name),
                }),
                Happening::Deleted { table, id, .. } => {
                    wrote.push(format!("deleted {} {id:?}", table.name))
                }
                Happening::HandlerEnded(how) => ended = told(how),
                _ => {}
            }
        }
        if ended == "handled" && !wrote.is_empty() {
            return wrote.join(", ");
        }
        ended
    }
}

fn told(ended: &Ended) -> String {
    match ended {
        Ended::Handled => "handled".to_owned(),
        Ended::Filtered(reason) => format!("let it go: {reason}"),
        Ended::Rejected { reason, .. } => format!("REJECTED: {reason}"),
        Ended::Failed { reason, lost } if lost.is_empty() => format!("FAILED: {reason}"),
        Ended::Failed { reason, lost } => {
            format!("FAILED: {reason}; rolled back {}", lost.join(", "))
        }
        other => other.to_string(),
    }
}
