use std::{collections::BTreeMap, iter};

use flow_domain::record::{EntryId, Record};

use crate::value::StatusText;

/// A tree of lines. [`Drawing`](super::drawing::Drawing) draws as many of them as there is room for.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Invariant: a parent stands before its children.
    pub(super) nodes: Vec<Node>,
    pub(super) roots: Vec<usize>,
}

/// The content of a node.
#[derive(Debug, Default)]
pub(super) struct TreeLine {
    /// The first column.
    pub(super) label: String,
    /// The second column.
    pub(super) detail: StatusText,
    /// The entries of the record that the line is about.
    pub(super) entries: Vec<EntryId>,
    /// Whether the line is a message, and not one delivery to a handler.
    pub(super) is_message: bool,
    /// What the handler logged.
    pub(super) logs: Vec<String>,
    /// Whether the handler calls of the line raised or issued messages.
    pub(super) has_caused_messages: bool,
}

/// A node of a tree. Nodes refer to each other by their indices.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: TreeLine,
    pub(super) parent: Option<usize>,
    pub(super) children: Vec<usize>,
    /// The number of ancestors.
    pub(super) level: usize,
}

impl Tree {
    /// Adds a line below `parent`, or as a root, and returns its index.
    pub(super) fn add(&mut self, parent: Option<usize>, line: TreeLine) -> usize {
        let idx = self.nodes.len();
        match parent {
            Some(parent) => self.nodes[parent].children.push(idx),
            None => self.roots.push(idx),
        }

        let level = parent.map_or(0, |parent| self.nodes[parent].level + 1);
        self.nodes.push(Node {
            line,
            parent,
            children: Vec::new(),
            level,
        });

        idx
    }

    pub(super) fn line_mut(&mut self, idx: usize) -> &mut TreeLine {
        &mut self.nodes[idx].line
    }

    /// Returns the last delivery to `handler` below `parent`.
    pub(super) fn last_child(&self, parent: usize, handler: &str) -> Option<usize> {
        let mut children = self.nodes[parent].children.iter().rev().copied();

        children.find(|idx| {
            let line = &self.nodes[*idx].line;
            !line.is_message && line.label == handler
        })
    }

    /// Returns an index of the lines by the entries that they are about.
    pub(super) fn lines_by_entry<'r>(&self, record: &'r Record) -> LinesByEntry<'r> {
        let mut lines = BTreeMap::new();
        for (idx, node) in self.nodes.iter().enumerate() {
            for entry in &node.line.entries {
                lines.entry(*entry).or_insert(idx);
            }
        }

        LinesByEntry { record, lines }
    }

    /// Returns the path from the root to a line.
    pub(super) fn path_to(&self, idx: usize) -> Vec<usize> {
        let mut path: Vec<usize> =
            std::iter::successors(Some(idx), |idx| self.nodes[*idx].parent).collect();
        path.reverse();

        path
    }

    /// Counts for each line the messages in its subtree. The line itself counts, too.
    pub(super) fn count_messages(&self) -> Vec<usize> {
        let mut n_messages: Vec<usize> = self
            .nodes
            .iter()
            .map(|node| usize::from(node.line.is_message))
            .collect();

        // Children stand after their parents. In reverse order, the count of a child is complete
        // when it is added to the count of its parent.
        for (idx, node) in self.nodes.iter().enumerate().rev() {
            if let Some(parent) = node.parent {
                n_messages[parent] += n_messages[idx];
            }
        }

        n_messages
    }
}

/// An index of the lines of a tree.
#[derive(Debug)]
pub(super) struct LinesByEntry<'r> {
    record: &'r Record,
    lines: BTreeMap<EntryId, usize>,
}

impl LinesByEntry<'_> {
    /// Returns the line of an entry, or else of its nearest cause that has one.
    pub(super) fn of(&self, entry: EntryId) -> Option<usize> {
        let causes = self.record.causes(entry).map(|cause| cause.id);

        iter::once(entry)
            .chain(causes)
            .find_map(|id| self.lines.get(&id).copied())
    }
}
