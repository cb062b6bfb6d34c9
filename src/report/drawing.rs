use std::collections::VecDeque;

use crate::report::{
    RenderOptions,
    failure_text::{counted, highlight_failure},
    render_options::Style,
    tree::Tree,
};

/// How wide the first column of a chain is at least, and at most.
const LABEL_WIDTH: (usize, usize) = (36, 56);

/// How many levels of a tree are drawn. A flow that does not settle goes on for ever.
const MAX_LEVELS: usize = 32;

/// Of a way that is longer, how many levels are drawn at its beginning, and at its end.
const PATH_ENDS: (usize, usize) = (8, 16);

/// What marks the line in which the reason lies.
const MARK: &str = "   <- here";

/// How many lines are shown of what one handling logged, and how many where there is little room.
const LOGS_PER_CALL: (usize, usize) = (5, 1);

/// A line that is drawn.
struct DrawnLine {
    label: String,
    detail: String,
    is_marked: bool,
    /// Whether it is something that was logged, which has no columns.
    is_log: bool,
}

/// Which lines of a tree are drawn.
pub(super) struct Drawing<'t> {
    tree: &'t Tree,
    marked_chain: Option<usize>,
    is_drawn: Vec<bool>,
    /// The lines in the middle of a way that is too long: the first that is left out, and the first that
    /// is drawn again.
    gap: Option<(usize, usize)>,
    /// For each line, how many messages there are from there on.
    n_messages: Vec<usize>,
    /// How many lines are shown of what one handling logged.
    n_logs: usize,
}

impl<'t> Drawing<'t> {
    pub(super) fn new(tree: &'t Tree, here: Option<usize>, n_lines: usize) -> Self {
        let mut n_messages: Vec<usize> = tree
            .nodes
            .iter()
            .map(|node| usize::from(node.line.is_message))
            .collect();

        for (idx, node) in tree.nodes.iter().enumerate().rev() {
            if let Some(above) = node.parent {
                n_messages[above] += n_messages[idx];
            }
        }

        let deepest = tree.nodes.iter().map(|node| node.level).max();
        let has_room = tree.nodes.len() <= n_lines && deepest.unwrap_or(0) < MAX_LEVELS;
        let logs = tree.nodes.iter().map(|node| node.line.logs.len());
        let n_lines_with_logs =
            tree.nodes.len() + logs.map(|n| n.min(LOGS_PER_CALL.0)).sum::<usize>();
        let n_logs = match n_lines {
            usize::MAX => usize::MAX,
            _ if n_lines_with_logs <= n_lines => LOGS_PER_CALL.0,
            _ => LOGS_PER_CALL.1,
        };

        let mut drawing = Self {
            tree,
            marked_chain: here,
            is_drawn: vec![has_room; tree.nodes.len()],
            gap: None,
            n_messages,
            n_logs,
        };

        if !has_room {
            drawing.choose_lines(n_lines);
        }

        drawing
    }

    /// Chooses the way to `here`, and then what is nearest to it.
    fn choose_lines(&mut self, n_lines: usize) {
        let mut way = self
            .marked_chain
            .map_or(Vec::new(), |here| self.tree.path_to(here));
        let (n_first, n_last) = PATH_ENDS;

        if n_first + n_last < way.len() {
            let resumed = way.len() - n_last;
            self.gap = Some((way[n_first], way[resumed]));
            way.drain(n_first..resumed);
        }

        for idx in &way {
            self.is_drawn[*idx] = true;
        }

        let n_left_out = self.gap.map_or(0, |(first, again)| {
            self.tree.nodes[again].level - self.tree.nodes[first].level
        });
        let mut n_drawn = way.len();
        let mut open: VecDeque<Option<usize>> = way.iter().rev().map(|idx| Some(*idx)).collect();

        open.push_back(None);
        while let Some(above) = open.pop_front() {
            for idx in self.nearest_first(above) {
                let mut level = self.tree.nodes[idx].level;
                if level
                    > self
                        .gap
                        .map_or(usize::MAX, |(_, again)| self.tree.nodes[again].level)
                {
                    level -= n_left_out;
                }

                let is_gap = self.gap.is_some_and(|(first, _)| first == idx);
                if n_drawn < n_lines && level < MAX_LEVELS && !self.is_drawn[idx] && !is_gap {
                    self.is_drawn[idx] = true;
                    n_drawn += 1;
                    open.push_back(Some(idx));
                }
            }
        }
    }

    /// What is below a line, those beside the way first.
    fn nearest_first(&self, above: Option<usize>) -> Vec<usize> {
        let below = self.children(above);
        let on_way = below.iter().position(|idx| self.is_drawn[*idx]);
        let mut places: Vec<usize> = (0..below.len()).collect();
        if let Some(on_way) = on_way {
            places.sort_by_key(|place| place.abs_diff(on_way));
        }
        places.into_iter().map(|place| below[place]).collect()
    }

    fn children(&self, above: Option<usize>) -> &'t [usize] {
        match above {
            Some(above) => &self.tree.nodes[above].children,
            None => &self.tree.roots,
        }
    }

    /// Draws lines that have the same cause, `rest` before each of them; `None` for those without one.
    fn draw_siblings(&self, lines: &mut Vec<DrawnLine>, siblings: &[usize], rest: Option<&str>) {
        let parts: Vec<&[usize]> = siblings
            .chunk_by(|one, next| self.is_omitted(*one) && self.is_omitted(*next))
            .collect();

        for (nth, part) in parts.iter().enumerate() {
            let (first, next) = match rest {
                None => (String::new(), String::new()),
                Some(rest) if nth + 1 == parts.len() => (format!("{rest}└ "), format!("{rest}  ")),
                Some(rest) => (format!("{rest}├ "), format!("{rest}│ ")),
            };
            self.draw_group(lines, part, &first, &next);
        }
    }

    /// A line with what is below it, or one for several that are left out.
    fn draw_group(&self, lines: &mut Vec<DrawnLine>, part: &[usize], first: &str, rest: &str) {
        let idx = part[0];
        let node = &self.tree.nodes[idx];
        let mut line = DrawnLine {
            label: format!("{first}{}", node.line.label),
            detail: node.line.detail.clone(),
            is_marked: self.marked_chain == Some(idx),
            is_log: false,
        };

        let below: &[usize] = match self.gap {
            Some((gap, ref again)) if gap == idx => {
                let n = self.tree.nodes[*again].level - node.level;
                let n_messages = self.n_messages[idx] - self.n_messages[*again];
                line.label = format!("{first}{}", omitted_count(n, n_messages));
                line.detail.clear();
                std::slice::from_ref(again)
            }
            _ if !self.is_drawn[idx] => {
                let n_messages = part.iter().map(|idx| self.n_messages[*idx]).sum();
                line.label = format!("{first}{}", omitted_count(part.len(), n_messages));
                line.detail.clear();
                &[]
            }
            _ if node.children.iter().all(|idx| self.is_omitted(*idx))
                && !node.children.is_empty() =>
            {
                let n_messages = self.n_messages[idx] - usize::from(node.line.is_message);
                let more = omitted_count(node.children.len(), n_messages);
                line.detail = format!("{}  .. {more}", line.detail);
                &[]
            }
            _ => &node.children,
        };

        lines.push(line);
        if self.is_drawn[idx] {
            let beam = if below.is_empty() { "  " } else { "│ " };
            self.draw_logs(lines, &node.line.logs, &format!("{rest}{beam}"));
        }

        self.draw_siblings(lines, below, Some(rest));
    }

    fn draw_logs(&self, lines: &mut Vec<DrawnLine>, logs: &[String], rest: &str) {
        let shown = logs.iter().take(self.n_logs).cloned();
        let n_more = logs.len().saturating_sub(self.n_logs);
        let more = (0 < n_more).then(|| format!("and {n_more} more"));

        for log in shown.chain(more) {
            lines.push(DrawnLine {
                label: format!("{rest}· {}", log.replace('\n', " ")),
                detail: String::new(),
                is_marked: false,
                is_log: true,
            });
        }
    }

    /// The lines that are drawn, what stands behind the labels in a column.
    pub(super) fn render(&self, page: &RenderOptions) -> String {
        let mut lines = Vec::new();
        self.draw_siblings(&mut lines, &self.tree.roots, None);
        let longest = lines
            .iter()
            .filter(|line| !line.is_log)
            .map(|line| line.label.chars().count())
            .max();
        let widest = LABEL_WIDTH.1.min(page.width / 2).max(LABEL_WIDTH.0);
        let column = (longest.unwrap_or(0) + 2).clamp(LABEL_WIDTH.0, widest);
        let lines: Vec<String> = lines.iter().map(|line| line.render(column, page)).collect();

        lines.join("\n")
    }

    fn is_omitted(&self, idx: usize) -> bool {
        !self.is_drawn[idx] && self.gap.is_none_or(|(gap, _)| gap != idx)
    }
}

/// How many lines are left out, and how many messages are among them and below.
fn omitted_count(n: usize, n_messages: usize) -> String {
    match n_messages {
        0 => format!("{n} more"),
        n_messages => format!("{n} more, {}", counted(n_messages, "message", "messages")),
    }
}

impl DrawnLine {
    fn render(&self, column: usize, page: &RenderOptions) -> String {
        // A label that is wider than its column keeps its distance.
        let line = format!("{:<column$}{}", format!("{}  ", self.label), self.detail);
        let line = line.trim_end();

        if self.is_marked {
            let line = page.indented(MARK.len()).cut_end(line);
            return format!(
                "{}{}",
                highlight_failure(&line, page),
                page.paint(Style::Mark, MARK)
            );
        }

        highlight_failure(&page.cut_end(line), page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tree::TreeLine;

    fn tree_line(label: String, is_message: bool) -> TreeLine {
        TreeLine {
            label,
            is_message,
            ..TreeLine::default()
        }
    }

    /// A message that `n` handlers handle, each of which raises one event.
    fn wide(n: usize) -> Tree {
        let mut tree = Tree::default();
        let placed = tree.add(None, tree_line("Placed".to_owned(), true));
        for nth in 1..=n {
            let handler = tree.add(Some(placed), tree_line(format!("Handler{nth}"), false));
            tree.add(Some(handler), tree_line(format!("Handled{nth}"), true));
        }
        tree
    }

    /// A message that causes the next, `n` of them.
    fn deep(n: usize) -> Tree {
        let mut tree = Tree::default();
        let mut above = None;
        for nth in 1..=n {
            above = Some(tree.add(above, tree_line(format!("Counted{nth}"), true)));
        }
        tree
    }

    #[track_caller]
    fn drawn(tree: &Tree, here: &str, n_lines: usize) -> String {
        let here = tree.nodes.iter().position(|node| node.line.label == here);
        Drawing::new(tree, here, n_lines).render(&RenderOptions::PLAIN)
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
