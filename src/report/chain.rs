use std::ops::Range;

use flow_domain::{
    message::Processing,
    record::{Ended, Entry, EntryId, Happening, Record, TableKind},
};

use crate::{
    expect::{Seen, still_to_come},
    report::undone_with,
};

/// How wide the first column of a chain is at least, and at most.
const COLUMN: (usize, usize) = (36, 56);

/// How many lines of a chain are shown.
const MOST: usize = 60;

/// How deep a chain is followed. A flow that does not settle goes on for ever.
const DEEPEST: usize = 16;

/// Draws what happened in a part of the record as a tree: who caused what.
pub(crate) fn chain_text(record: &Record, part: Range<usize>) -> String {
    let mut tree = Tree::new(record);
    let start = part.start;
    let mut known: Vec<EntryId> = Vec::new();
    for entry in &record.entries()[part] {
        match entry.cause {
            None => tree.root(entry),
            // A message from before, which is handled only now.
            Some(cause) if cause.index() < start && !known.contains(&cause) => {
                known.push(cause);
                tree.root(record.entry(cause));
            }
            Some(_) => {}
        }
    }
    let n_more = tree.lines.len().saturating_sub(MOST);
    tree.lines.truncate(MOST);
    let widths = tree.lines.iter().map(|(label, _)| label.chars().count());
    let longest = widths.max().unwrap_or(0);
    let column = (longest + 2).clamp(COLUMN.0, COLUMN.1);
    let lines = tree.lines.iter().map(|(label, detail)| {
        // A label that is wider than its column keeps its distance.
        let line = format!("{:<column$}{detail}", format!("{label}  "));
        line.trim_end().to_owned()
    });
    let mut lines: Vec<String> = lines.collect();
    if 0 < n_more {
        lines.push(format!("and {n_more} more"));
    }
    lines.join("\n")
}

struct Tree<'r> {
    record: &'r Record,
    /// For each entry, those that it directly caused.
    effects: Vec<Vec<EntryId>>,
    /// What stands in the first column, and what stands behind it.
    lines: Vec<(String, String)>,
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
        for branch in self.branches(entry, 0) {
            self.draw(&branch, "", "");
        }
    }

    fn draw(&mut self, branch: &Branch, first: &str, rest: &str) {
        let label = format!("{first}{}", branch.label);
        self.lines.push((label, branch.detail.clone()));
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

    fn branches(&self, entry: &Entry, depth: usize) -> Vec<Branch> {
        match &entry.what {
            Happening::CommandReceived(envelope) => {
                vec![self.command(entry, Seen::from(&**envelope).name, depth)]
            }
            Happening::Scheduled { command, .. } => {
                let mut branch = self.command(entry, Seen::from(&**command).name, depth);
                if self.effects(entry.id).next().is_none() {
                    branch.detail = match still_to_come(entry, self.record) {
                        Ok(due) => format!("scheduled for {due}"),
                        Err(fate) => fate,
                    };
                }
                vec![branch]
            }
            Happening::Appended(event) => {
                let detail = format!("{} @{}", event.stream(), event.version);
                vec![self.event(entry, Seen::from(&*event.envelope).name, detail, depth)]
            }
            Happening::Raised(envelope) => {
                let appended: Vec<Branch> = self
                    .effects(entry.id)
                    .flat_map(|effect| self.branches(effect, depth))
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
    fn command(&self, entry: &Entry, name: String, depth: usize) -> Branch {
        let mut below = Vec::new();
        let mut detail = match &entry.what {
            Happening::CommandReceived(command)
                if command.metadata.processing == Processing::Async =>
            {
                "waits in the outbox".to_owned()
            }
            _ => "nobody handles it".to_owned(),
        };
        for effect in self.effects(entry.id) {
            match &effect.what {
                Happening::HandlerStarted {
                    handler, attempt, ..
                } => {
                    let ended = self.ended(effect);
                    detail = format!("{handler}  {ended}{}", at_attempt(*attempt));
                    below.extend(self.causes_of(effect, depth + 1));
                }
                Happening::Published { .. } if detail.starts_with("waits") => {
                    "not handled yet".clone_into(&mut detail);
                }
                Happening::Expired => {
                    "EXPIRED: it came after its deadline".clone_into(&mut detail);
                }
                Happening::GivenUp { is_kept, .. } => detail.push_str(given_up(*is_kept)),
                _ => {}
            }
        }
        Branch {
            label: name,
            detail,
            below,
        }
    }

    fn event(&self, entry: &Entry, name: String, detail: String, depth: usize) -> Branch {
        let mut below: Vec<Branch> = Vec::new();
        let mut detail = detail;
        for effect in self.effects(entry.id) {
            match effect.what {
                Happening::HandlerStarted {
                    handler, attempt, ..
                } => {
                    let branch = Branch {
                        label: handler.to_owned(),
                        detail: format!("{}{}", self.ended(effect), at_attempt(attempt)),
                        below: self.causes_of(effect, depth + 1),
                    };
                    // Of the attempts that changed nothing only the last is told.
                    let mut earlier = below.iter_mut();
                    let earlier = earlier.find(|one| one.label == handler && one.below.is_empty());
                    match earlier {
                        Some(earlier) if 1 < attempt => *earlier = branch,
                        _ => below.push(branch),
                    }
                }
                Happening::GivenUp {
                    handler, is_kept, ..
                } => {
                    let mut given_up_on = below.iter_mut().rev();
                    if let Some(branch) = given_up_on.find(|one| one.label == handler) {
                        branch.detail.push_str(given_up(is_kept));
                    }
                }
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

    fn causes_of(&self, started: &Entry, depth: usize) -> Vec<Branch> {
        if depth < DEEPEST {
            let effects = self.effects(started.id);
            return effects
                .flat_map(|effect| self.branches(effect, depth))
                .collect();
        }
        match self.n_messages_below(started.id) {
            0 => Vec::new(),
            n => vec![Branch {
                label: format!("and so on, {n} more"),
                detail: String::new(),
                below: Vec::new(),
            }],
        }
    }

    fn n_messages_below(&self, top: EntryId) -> usize {
        let mut n_messages = 0;
        let mut open = vec![top];
        while let Some(id) = open.pop() {
            for effect in self.effects(id) {
                n_messages += usize::from(matches!(
                    effect.what,
                    Happening::CommandReceived(_)
                        | Happening::Scheduled { .. }
                        | Happening::Appended(_)
                ));
                open.push(effect.id);
            }
        }
        n_messages
    }

    /// How a handling ended, with what it wrote.
    fn ended(&self, started: &Entry) -> String {
        let mut wrote = Vec::new();
        let mut ended = String::new();
        let mut caused_something = false;
        for effect in self.effects(started.id) {
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
            "handled" if !caused_something => "handled, changed nothing".to_owned(),
            _ => ended,
        }
    }
}

/// Says which attempt it was, if it was not the first.
fn at_attempt(attempt: u32) -> String {
    match attempt {
        1 => String::new(),
        n => format!(" (attempt {n})"),
    }
}

fn given_up(is_kept: bool) -> &'static str {
    if is_kept {
        "; given up, a dead letter"
    } else {
        "; given up and skipped"
    }
}

fn told(ended: &Ended) -> String {
    match ended {
        Ended::Handled => "handled".to_owned(),
        Ended::Filtered(reason) => format!("let it go: {reason}"),
        Ended::Rejected(undone) => format!("REJECTED: {}", undone.reason),
        Ended::Failed(undone) if undone.lost.is_empty() => format!("FAILED: {}", undone.reason),
        Ended::Failed(undone) => {
            format!(
                "FAILED: {}; rolled back {}",
                undone.reason,
                undone.lost.join(", ")
            )
        }
        other => other.to_string(),
    }
}
