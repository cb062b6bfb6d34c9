use flow_domain::record::{EntryId, Record};

use crate::report::{RenderOptions, drawing::Drawing};

/// Lines below each other, of which as many are drawn as there is room for.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// What is above stands before what is below it.
    pub(super) nodes: Vec<Node>,
    pub(super) roots: Vec<usize>,
}

/// What a line of a tree tells.
#[derive(Debug, Default)]
pub(super) struct TreeLine {
    /// What stands in the first column, and what stands behind it.
    pub(super) label: String,
    pub(super) detail: String,
    /// The entries that the line tells of.
    pub(super) entries: Vec<EntryId>,
    /// Whether it is a message, and not a handler of one.
    pub(super) is_message: bool,
    /// What a handler logged.
    pub(super) logs: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: TreeLine,
    pub(super) parent: Option<usize>,
    pub(super) children: Vec<usize>,
    pub(super) level: usize,
}

impl Tree {
    pub(super) fn add(&mut self, above: Option<usize>, told: TreeLine) -> usize {
        let idx = self.nodes.len();
        match above {
            Some(above) => self.nodes[above].children.push(idx),
            None => self.roots.push(idx),
        }

        let level = above.map_or(0, |above| self.nodes[above].level + 1);
        self.nodes.push(Node {
            line: told,
            parent: above,
            children: Vec::new(),
            level,
        });

        idx
    }

    pub(super) fn line_mut(&mut self, idx: usize) -> &mut TreeLine {
        &mut self.nodes[idx].line
    }

    /// The last of the lines below `above` that begins like that.
    pub(super) fn last_child(&self, above: usize, label: &str) -> Option<usize> {
        self.nodes[above]
            .children
            .iter()
            .rev()
            .copied()
            .find(|idx| self.nodes[*idx].line.label == label)
    }

    /// Draws it on a page: all of it if there is room, and else the way to `here` and what is near it.
    pub(super) fn draw(
        &self,
        record: &Record,
        here: Option<EntryId>,
        page: &RenderOptions,
    ) -> String {
        let here = here.and_then(|here| self.line_of(here, record));
        Drawing::new(self, here, page.n_lines).render(page)
    }

    /// The line that tells of an entry, or of the nearest that caused it.
    pub(super) fn line_of(&self, entry: EntryId, record: &Record) -> Option<usize> {
        let causes = record.causes(entry).map(|cause| cause.id);
        std::iter::once(entry).chain(causes).find_map(|id| {
            self.nodes
                .iter()
                .position(|node| node.line.entries.contains(&id))
        })
    }

    /// The way from the root down to a line.
    pub(super) fn path_to(&self, idx: usize) -> Vec<usize> {
        let mut way: Vec<usize> =
            std::iter::successors(Some(idx), |idx| self.nodes[*idx].parent).collect();
        way.reverse();
        way
    }
}
