use std::collections::VecDeque;

use crate::{
    chain::tree::Tree,
    value::{RenderOptions, StatusText, Style, counted, max_width},
};

/// The minimum and the maximum width of the first column.
const LABEL_WIDTH: (usize, usize) = (36, 56);

/// The maximum number of levels that are drawn. The chain of a flow that does not settle is very deep.
const MAX_LEVELS: usize = 32;

/// The number of levels that are drawn at the beginning and at the end of a longer path.
const PATH_ENDS: (usize, usize) = (8, 16);

/// The mark at the line of the cause.
const MARK: &str = "   <- here";

/// The maximum number of log lines of one handler call: if there is room for all logs, and if not.
const LOGS_PER_CALL: (usize, usize) = (5, 1);

/// A drawn line.
struct DrawnLine {
    label: String,
    detail: StatusText,
    is_marked: bool,
    /// Whether this is a log line. A log line has no second column.
    is_log: bool,
}

/// A tree, and the selection of its lines to draw.
pub(super) struct Drawing<'t> {
    tree: &'t Tree,
    /// The line with the mark.
    marked: Option<usize>,
    /// For each line, whether it is drawn.
    is_drawn: Vec<bool>,
    /// The omitted middle of a long path: its first line, and the first drawn line after it.
    gap: Option<(usize, usize)>,
    /// For each line, the number of messages in its subtree. The line itself counts, too.
    n_messages: Vec<usize>,
    /// The maximum number of log lines of one handler call.
    n_logs: usize,
}

impl<'t> Drawing<'t> {
    /// Selects the lines to draw: the whole tree if it fits into `n_lines`.
    ///
    /// If it does not fit, selects the path to `marked`, and then the lines nearest to the path.
    pub(super) fn new(tree: &'t Tree, marked: Option<usize>, n_lines: usize) -> Self {
        let max_level = tree.nodes.iter().map(|node| node.level).max();
        let has_room = tree.nodes.len() <= n_lines && max_level.unwrap_or(0) < MAX_LEVELS;

        let mut drawing = Self {
            tree,
            marked,
            is_drawn: vec![has_room; tree.nodes.len()],
            gap: None,
            n_messages: tree.count_messages(),
            n_logs: max_logs_per_call(tree, n_lines),
        };
        if !has_room {
            drawing.choose_lines(n_lines);
        }

        drawing
    }

    /// Chooses the path to the marked line, and then the lines nearest to the path.
    fn choose_lines(&mut self, n_lines: usize) {
        let path = self.choose_path();
        let mut n_drawn = path.len();
        // A breadth-first search from the end of the path: the nearest lines come first.
        let mut parents: VecDeque<Option<usize>> =
            path.iter().rev().map(|idx| Some(*idx)).collect();
        // `None` stands for the parent of the roots.
        parents.push_back(None);

        while let Some(parent) = parents.pop_front() {
            for idx in self.nearest_first(parent) {
                let has_room = n_drawn < n_lines && self.drawn_level(idx) < MAX_LEVELS;

                if has_room && self.is_omitted(idx) {
                    self.is_drawn[idx] = true;
                    n_drawn += 1;
                    parents.push_back(Some(idx));
                }
            }
        }
    }

    /// Chooses the path to the marked line, without its middle if it is too long, and returns it.
    fn choose_path(&mut self) -> Vec<usize> {
        let mut path = self
            .marked
            .map_or(Vec::new(), |marked| self.tree.path_to(marked));
        let (n_first, n_last) = PATH_ENDS;

        if n_first + n_last < path.len() {
            let after_gap = path.len() - n_last;
            self.gap = Some((path[n_first], path[after_gap]));
            path.drain(n_first..after_gap);
        }

        for idx in &path {
            self.is_drawn[*idx] = true;
        }

        path
    }

    /// Returns the level at which a line is drawn: below the gap, the omitted levels do not count.
    fn drawn_level(&self, idx: usize) -> usize {
        let level = self.tree.nodes[idx].level;

        match self.gap {
            Some((gap_start, after_gap)) if self.tree.nodes[after_gap].level < level => {
                level - (self.tree.nodes[after_gap].level - self.tree.nodes[gap_start].level)
            }
            _ => level,
        }
    }

    /// Returns the children of a line, those nearest to the drawn path first.
    fn nearest_first(&self, parent: Option<usize>) -> Vec<usize> {
        let children = self.children(parent);
        let mut nearest_first: Vec<usize> = (0..children.len()).collect();

        let on_path = children.iter().position(|idx| self.is_drawn[*idx]);
        if let Some(on_path) = on_path {
            nearest_first.sort_by_key(|nth| nth.abs_diff(on_path));
        }

        nearest_first.into_iter().map(|nth| children[nth]).collect()
    }

    /// Returns the children of a line, or the roots of the tree.
    fn children(&self, parent: Option<usize>) -> &'t [usize] {
        match parent {
            Some(parent) => &self.tree.nodes[parent].children,
            None => &self.tree.roots,
        }
    }

    /// Draws the children of a line, each with `prefix` before it. Roots have no prefix.
    fn draw_siblings(&self, lines: &mut Vec<DrawnLine>, siblings: &[usize], prefix: Option<&str>) {
        // Neighbours that are omitted share one drawn line.
        let groups: Vec<&[usize]> = siblings
            .chunk_by(|idx, next_idx| self.is_omitted(*idx) && self.is_omitted(*next_idx))
            .collect();

        for (nth, group) in groups.iter().enumerate() {
            let is_last = nth + 1 == groups.len();
            let (first_prefix, rest_prefix) = match prefix {
                None => (String::new(), String::new()),
                Some(prefix) if is_last => (format!("{prefix}└ "), format!("{prefix}  ")),
                Some(prefix) => (format!("{prefix}├ "), format!("{prefix}│ ")),
            };

            self.draw_group(lines, group, &first_prefix, &rest_prefix);
        }
    }

    /// Draws a line with its children, or one line that counts a group of omitted lines.
    ///
    /// `first_prefix` stands before the line, `rest_prefix` before the lines below it.
    fn draw_group(
        &self,
        lines: &mut Vec<DrawnLine>,
        group: &[usize],
        first_prefix: &str,
        rest_prefix: &str,
    ) {
        let idx = group[0];
        let node = &self.tree.nodes[idx];
        let mut line = DrawnLine {
            label: format!("{first_prefix}{}", node.line.label),
            detail: node.line.detail.clone(),
            is_marked: self.marked == Some(idx),
            is_log: false,
        };

        let children: &[usize] = match self.gap {
            // One line counts the omitted lines of the gap, and the path goes on below it.
            Some((gap_start, ref after_gap)) if gap_start == idx => {
                let n_lines = self.tree.nodes[*after_gap].level - node.level;
                let n_messages = self.n_messages[idx] - self.n_messages[*after_gap];
                line.label = format!("{first_prefix}{}", omitted_count(n_lines, n_messages));
                line.detail = StatusText::default();
                std::slice::from_ref(after_gap)
            }
            _ if !self.is_drawn[idx] => {
                let n_messages = group.iter().map(|idx| self.n_messages[*idx]).sum();
                line.label = format!("{first_prefix}{}", omitted_count(group.len(), n_messages));
                line.detail = StatusText::default();
                &[]
            }
            // If all children are omitted, their count stands in the line itself.
            _ if node.children.iter().all(|idx| self.is_omitted(*idx))
                && !node.children.is_empty() =>
            {
                let n_messages = self.n_messages[idx] - usize::from(node.line.is_message);
                let count = omitted_count(node.children.len(), n_messages);
                line.detail.push_str(&format!("  .. {count}"));
                &[]
            }
            _ => &node.children,
        };

        lines.push(line);
        if self.is_drawn[idx] {
            let continuation = if children.is_empty() { "  " } else { "│ " };
            self.draw_logs(
                lines,
                &node.line.logs,
                &format!("{rest_prefix}{continuation}"),
            );
        }

        self.draw_siblings(lines, children, Some(rest_prefix));
    }

    fn draw_logs(&self, lines: &mut Vec<DrawnLine>, logs: &[String], prefix: &str) {
        let shown = logs.iter().take(self.n_logs).cloned();
        let n_more = logs.len().saturating_sub(self.n_logs);
        let more = (0 < n_more).then(|| format!("and {n_more} more"));

        for log in shown.chain(more) {
            lines.push(DrawnLine {
                label: format!("{prefix}· {}", log.replace('\n', " ")),
                detail: StatusText::default(),
                is_marked: false,
                is_log: true,
            });
        }
    }

    /// Renders the selected lines in two columns.
    pub(super) fn render(&self, options: &RenderOptions) -> String {
        let mut lines = Vec::new();
        self.draw_siblings(&mut lines, &self.tree.roots, None);

        let (min_label, max_label) = LABEL_WIDTH;
        let max_label = max_label.min(options.width / 2).max(min_label);
        let in_columns = lines.iter().filter(|line| !line.is_log);
        let longest_label = max_width(in_columns.map(|line| line.label.as_str()));
        let label_width = (longest_label + 2).clamp(min_label, max_label);

        lines
            .iter()
            .map(|line| line.render(label_width, options))
            .collect::<Vec<String>>()
            .join("\n")
    }

    /// Returns true if a line is not drawn, and does not stand for the gap in the path.
    fn is_omitted(&self, idx: usize) -> bool {
        !self.is_drawn[idx] && self.gap.is_none_or(|(gap_start, _)| gap_start != idx)
    }
}

/// Returns the text that counts omitted lines and the messages in their subtrees.
fn omitted_count(n_lines: usize, n_messages: usize) -> String {
    match n_messages {
        0 => format!("{n_lines} more"),
        n_messages => format!(
            "{n_lines} more, {}",
            counted(n_messages, "message", "messages")
        ),
    }
}

/// Returns the maximum number of log lines of one handler call: fewer if there is no room for all.
fn max_logs_per_call(tree: &Tree, n_lines: usize) -> usize {
    let (n_with_room, n_without_room) = LOGS_PER_CALL;
    let n_logs: usize = tree
        .nodes
        .iter()
        .map(|node| node.line.logs.len().min(n_with_room))
        .sum();

    match n_lines {
        usize::MAX => usize::MAX,
        _ if tree.nodes.len() + n_logs <= n_lines => n_with_room,
        _ => n_without_room,
    }
}

impl DrawnLine {
    fn render(&self, label_width: usize, options: &RenderOptions) -> String {
        // The two spaces separate label and detail even if the label is wider than its column.
        let label = format!("{}  ", self.label);
        let line = self.detail.clone().after(format!("{label:<label_width$}"));

        if self.is_marked {
            let line = line.render(&options.indented(MARK.len()));
            return format!("{line}{}", options.paint(Style::Mark, MARK));
        }

        line.render(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::tree::TreeLine;

    fn tree_line(label: String, is_message: bool) -> TreeLine {
        TreeLine {
            label,
            is_message,
            ..TreeLine::default()
        }
    }

    /// Returns the tree of a message with `n` handlers. Each handler raises one event.
    fn wide(n: usize) -> Tree {
        let mut tree = Tree::default();
        let placed = tree.add(None, tree_line("Placed".to_owned(), true));
        for nth in 1..=n {
            let handler = tree.add(Some(placed), tree_line(format!("Handler{nth}"), false));
            tree.add(Some(handler), tree_line(format!("Handled{nth}"), true));
        }

        tree
    }

    /// Returns the tree of `n` messages, each caused by the one before.
    fn deep(n: usize) -> Tree {
        let mut tree = Tree::default();
        let mut parent = None;
        for nth in 1..=n {
            parent = Some(tree.add(parent, tree_line(format!("Counted{nth}"), true)));
        }

        tree
    }

    #[track_caller]
    fn drawn(tree: &Tree, marked: &str, n_lines: usize) -> String {
        let marked = tree.nodes.iter().position(|node| node.line.label == marked);

        Drawing::new(tree, marked, n_lines).render(&RenderOptions::PLAIN)
    }

    #[test]
    fn tree_that_fits_is_drawn_whole_with_a_mark() {
        insta::assert_snapshot!(drawn(&wide(2), "Handled1", 60), @r"
        Placed
        ├ Handler1
        │ └ Handled1   <- here
        └ Handler2
          └ Handled2
        ");
    }

    #[test]
    fn wide_tree_shows_the_path_and_its_neighbours() {
        insta::assert_snapshot!(drawn(&wide(20), "Handled10", 6), @r"
        Placed
        ├ 7 more, 7 messages
        ├ Handler8                            .. 1 more, 1 message
        ├ Handler9                            .. 1 more, 1 message
        ├ Handler10
        │ └ Handled10   <- here
        ├ Handler11                           .. 1 more, 1 message
        └ 9 more, 9 messages
        ");
    }

    #[test]
    fn long_path_shows_both_ends() {
        insta::assert_snapshot!(drawn(&deep(100), "Counted98", 60), @r"
        Counted1
        └ Counted2
          └ Counted3
            └ Counted4
              └ Counted5
                └ Counted6
                  └ Counted7
                    └ Counted8
                      └ 74 more, 74 messages
                        └ Counted83
                          └ Counted84
                            └ Counted85
                              └ Counted86
                                └ Counted87
                                  └ Counted88
                                    └ Counted89
                                      └ Counted90
                                        └ Counted91
                                          └ Counted92
                                            └ Counted93
                                              └ Counted94
                                                └ Counted95
                                                  └ Counted96
                                                    └ Counted97
                                                      └ Counted98   <- here
                                                        └ Counted99
                                                          └ Counted100
        ");
    }

    #[test]
    fn tree_without_a_mark_shows_its_beginning() {
        insta::assert_snapshot!(drawn(&wide(20), "nowhere", 5), @r"
        Placed
        ├ Handler1                            .. 1 more, 1 message
        ├ Handler2                            .. 1 more, 1 message
        ├ Handler3                            .. 1 more, 1 message
        ├ Handler4                            .. 1 more, 1 message
        └ 16 more, 16 messages
        ");
    }

    #[test]
    fn deep_tree_is_cut_at_the_maximum_level() {
        let drawn = drawn(&deep(10_000), "nowhere", usize::MAX);

        assert_eq!(drawn.lines().count(), MAX_LEVELS);
        assert!(drawn.ends_with("  .. 1 more, 9968 messages"), "{drawn}");
    }
}
