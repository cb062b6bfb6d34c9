use std::collections::VecDeque;

use crate::report::{
    Page,
    page::Ink,
    show::{alarmed, counted},
    tree::Tree,
};

/// How wide the first column of a chain is at least, and at most.
const COLUMN: (usize, usize) = (36, 56);

/// How many levels of a tree are drawn. A flow that does not settle goes on for ever.
const DEEPEST: usize = 32;

/// Of a way that is longer, how many levels are drawn at its beginning, and at its end.
const ENDS: (usize, usize) = (8, 16);

/// What marks the line in which the reason lies.
const HERE: &str = "   <- here";

/// How many lines are shown of what one handling logged, and how many where there is little room.
const LOGS: (usize, usize) = (5, 1);

/// A line that is drawn.
struct Line {
    label: String,
    detail: String,
    is_here: bool,
    /// Whether it is something that was logged, which has no columns.
    is_log: bool,
}

/// Which lines of a tree are drawn.
pub(super) struct Drawing<'t> {
    tree: &'t Tree,
    here: Option<usize>,
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
            .map(|node| usize::from(node.told.is_message))
            .collect();
        for (idx, node) in tree.nodes.iter().enumerate().rev() {
            if let Some(above) = node.above {
                n_messages[above] += n_messages[idx];
            }
        }
        let deepest = tree.nodes.iter().map(|node| node.level).max();
        let has_room = tree.nodes.len() <= n_lines && deepest.unwrap_or(0) < DEEPEST;
        let logs = tree.nodes.iter().map(|node| node.told.logs.len());
        let n_lines_with_logs = tree.nodes.len() + logs.map(|n| n.min(LOGS.0)).sum::<usize>();
        let n_logs = match n_lines {
            usize::MAX => usize::MAX,
            _ if n_lines_with_logs <= n_lines => LOGS.0,
            _ => LOGS.1,
        };
        let mut drawing = Self {
            tree,
            here,
            is_drawn: vec![has_room; tree.nodes.len()],
            gap: None,
            n_messages,
            n_logs,
        };
        if !has_room {
            drawing.choose(n_lines);
        }
        drawing
    }

    /// Chooses the way to `here`, and then what is nearest to it.
    fn choose(&mut self, n_lines: usize) {
        let mut way = self.here.map_or(Vec::new(), |here| self.tree.way_to(here));
        let (n_first, n_last) = ENDS;
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
                if n_drawn < n_lines && level < DEEPEST && !self.is_drawn[idx] && !is_gap {
                    self.is_drawn[idx] = true;
                    n_drawn += 1;
                    open.push_back(Some(idx));
                }
            }
        }
    }

    /// What is below a line, those beside the way first.
    fn nearest_first(&self, above: Option<usize>) -> Vec<usize> {
        let below = self.below(above);
        let on_way = below.iter().position(|idx| self.is_drawn[*idx]);
        let mut places: Vec<usize> = (0..below.len()).collect();
        if let Some(on_way) = on_way {
            places.sort_by_key(|place| place.abs_diff(on_way));
        }
        places.into_iter().map(|place| below[place]).collect()
    }

    fn below(&self, above: Option<usize>) -> &'t [usize] {
        match above {
            Some(above) => &self.tree.nodes[above].below,
            None => &self.tree.roots,
        }
    }

    /// Draws lines that have the same cause, `rest` before each of them; `None` for those without one.
    fn draw(&self, lines: &mut Vec<Line>, siblings: &[usize], rest: Option<&str>) {
        let parts: Vec<&[usize]> = siblings
            .chunk_by(|one, next| self.is_left_out(*one) && self.is_left_out(*next))
            .collect();
        for (nth, part) in parts.iter().enumerate() {
            let (first, next) = match rest {
                None => (String::new(), String::new()),
                Some(rest) if nth + 1 == parts.len() => (format!("{rest}└ "), format!("{rest}  ")),
                Some(rest) => (format!("{rest}├ "), format!("{rest}│ ")),
            };
            self.draw_part(lines, part, &first, &next);
        }
    }

    /// A line with what is below it, or one for several that are left out.
    fn draw_part(&self, lines: &mut Vec<Line>, part: &[usize], first: &str, rest: &str) {
        let idx = part[0];
        let node = &self.tree.nodes[idx];
        let mut line = Line {
            label: format!("{first}{}", node.told.label),
            detail: node.told.detail.clone(),
            is_here: self.here == Some(idx),
            is_log: false,
        };
        let below: &[usize] = match self.gap {
            Some((gap, ref again)) if gap == idx => {
                let n = self.tree.nodes[*again].level - node.level;
                let n_messages = self.n_messages[idx] - self.n_messages[*again];
                line.label = format!("{first}{}", more(n, n_messages));
                line.detail.clear();
                std::slice::from_ref(again)
            }
            _ if !self.is_drawn[idx] => {
                let n_messages = part.iter().map(|idx| self.n_messages[*idx]).sum();
                line.label = format!("{first}{}", more(part.len(), n_messages));
                line.detail.clear();
                &[]
            }
            _ if node.below.iter().all(|idx| self.is_left_out(*idx)) && !node.below.is_empty() => {
                let n_messages = self.n_messages[idx] - usize::from(node.told.is_message);
                let more = more(node.below.len(), n_messages);
                line.detail = format!("{}  .. {more}", line.detail);
                &[]
            }
            _ => &node.below,
        };
        lines.push(line);
        if self.is_drawn[idx] {
            let beam = if below.is_empty() { "  " } else { "│ " };
            self.draw_logs(lines, &node.told.logs, &format!("{rest}{beam}"));
        }
        self.draw(lines, below, Some(rest));
    }

    fn draw_logs(&self, lines: &mut Vec<Line>, logs: &[String], rest: &str) {
        let shown = logs.iter().take(self.n_logs).cloned();
        let n_more = logs.len().saturating_sub(self.n_logs);
        let more = (0 < n_more).then(|| format!("and {n_more} more"));
        for log in shown.chain(more) {
            lines.push(Line {
                label: format!("{rest}· {}", log.replace('\n', " ")),
                detail: String::new(),
                is_here: false,
                is_log: true,
            });
        }
    }

    /// The lines that are drawn, what stands behind the labels in a column.
    pub(super) fn on(&self, page: &Page) -> String {
        let mut lines = Vec::new();
        self.draw(&mut lines, &self.tree.roots, None);
        let labels = lines.iter().filter(|line| !line.is_log);
        let longest = labels.map(|line| line.label.chars().count()).max();
        let widest = COLUMN.1.min(page.width / 2).max(COLUMN.0);
        let column = (longest.unwrap_or(0) + 2).clamp(COLUMN.0, widest);
        let lines: Vec<String> = lines.iter().map(|line| line.show(column, page)).collect();
        lines.join("\n")
    }

    fn is_left_out(&self, idx: usize) -> bool {
        !self.is_drawn[idx] && self.gap.is_none_or(|(gap, _)| gap != idx)
    }
}

/// How many lines are left out, and how many messages are among them and below.
fn more(n: usize, n_messages: usize) -> String {
    match n_messages {
        0 => format!("{n} more"),
        n_messages => format!("{n} more, {}", counted(n_messages, "message", "messages")),
    }
}

impl Line {
    fn show(&self, column: usize, page: &Page) -> String {
        // A label that is wider than its column keeps its distance.
        let line = format!("{:<column$}{}", format!("{}  ", self.label), self.detail);
        let line = line.trim_end();
        if self.is_here {
            let line = page.indented(HERE.len()).shorten(line);
            return format!("{}{}", alarmed(&line, page), page.paint(Ink::Here, HERE));
        }
        alarmed(&page.shorten(line), page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tree::Told;

    fn told(label: String, is_message: bool) -> Told {
        Told {
            label,
            is_message,
            ..Told::default()
        }
    }

    /// A message that `n` handlers handle, each of which raises one event.
    fn wide(n: usize) -> Tree {
        let mut tree = Tree::default();
        let placed = tree.add(None, told("Placed".to_owned(), true));
        for nth in 1..=n {
            let handler = tree.add(Some(placed), told(format!("Handler{nth}"), false));
            tree.add(Some(handler), told(format!("Handled{nth}"), true));
        }
        tree
    }

    /// A message that causes the next, `n` of them.
    fn deep(n: usize) -> Tree {
        let mut tree = Tree::default();
        let mut above = None;
        for nth in 1..=n {
            above = Some(tree.add(above, told(format!("Counted{nth}"), true)));
        }
        tree
    }

    #[track_caller]
    fn drawn(tree: &Tree, here: &str, n_lines: usize) -> String {
        let here = tree.nodes.iter().position(|node| node.told.label == here);
        Drawing::new(tree, here, n_lines).on(&Page::PLAIN)
    }

    #[test]
    fn what_there_is_room_for_is_drawn_with_a_mark() {
        insta::assert_snapshot!(drawn(&wide(2), "Handled1", 60), @r"
        Placed
        ├ Handler1
        │ └ Handled1   <- here
        └ Handler2
          └ Handled2
        ");
    }

    #[test]
    fn of_a_wide_tree_the_way_is_drawn_and_what_is_beside_it() {
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
    fn of_a_way_that_is_too_long_the_ends_are_drawn() {
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
    fn without_a_mark_the_beginning_is_drawn() {
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
    fn a_tree_of_ten_thousand_levels_has_an_end() {
        let drawn = drawn(&deep(10_000), "nowhere", usize::MAX);

        assert_eq!(drawn.lines().count(), DEEPEST);
        assert!(drawn.ends_with("  .. 1 more, 9968 messages"), "{drawn}");
    }
}
