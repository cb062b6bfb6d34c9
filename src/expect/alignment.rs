use std::{
    collections::{BTreeSet, VecDeque},
    ops::Range,
};

use crate::value::{Difference, MessageView, differences, render_differences, value_differences};

/// How a message of one list relates to the other list. Each number is an index into one of them.
#[derive(Clone, Copy)]
enum Pairing {
    /// Equal and in the same order: expected index.
    Same(usize),
    /// Two messages of the same kind whose fields differ: expected index, found index.
    Differs(usize, usize),
    /// In the expected list only: expected index.
    Missing(usize),
    /// In the found list only: found index.
    Unexpected(usize),
    /// In both lists, but at different positions: expected index, found index.
    Moved(usize, usize),
}

/// The result of comparing two lists of messages.
#[derive(Default)]
pub(super) struct Alignment {
    /// One line for each message, and one for each field that differs.
    pub(super) lines: Vec<String>,
    /// The names of the expected messages that were not found. If a message of the same kind was
    /// found, the second part lists the fields that differ.
    pub(super) missing: Vec<(String, Vec<Difference>)>,
    /// The names of the messages that were found and not expected.
    pub(super) unexpected: Vec<String>,
}

/// Compares two lists of messages, and reports each message on a line of its own.
///
/// A message is as expected, missing, unexpected, moved, or differs in some fields.
pub(super) fn align(expected: &[MessageView], found: &[MessageView]) -> Alignment {
    let mut alignment = Alignment::default();
    let Alignment {
        lines,
        missing,
        unexpected,
    } = &mut alignment;

    for pairing in pairings(expected, found) {
        match pairing {
            Pairing::Same(idx) => lines.push(format!("as expected  {}", expected[idx].label())),
            Pairing::Differs(idx, found_idx) => {
                lines.push(format!("differs      {}", expected[idx].label()));
                let (fields, mut rendered) = compare_fields(&expected[idx], &found[found_idx]);
                if rendered.is_empty() {
                    // The list has only the names so far.
                    rendered.push(format!("expected {}", expected[idx].show()));
                    rendered.push(format!("found    {}", found[found_idx].show()));
                }
                lines.extend(rendered.iter().map(|field| format!("             {field}")));
                missing.push((expected[idx].label(), fields));
            }
            Pairing::Missing(idx) => {
                lines.push(format!("missing      {}", expected[idx].show()));
                missing.push((expected[idx].label(), Vec::new()));
            }
            Pairing::Unexpected(idx) => {
                lines.push(format!("unexpected   {}", found[idx].show()));
                unexpected.push(found[idx].label());
            }
            Pairing::Moved(idx, found_idx) => lines.push(format!(
                "moved        {}, expected at position {}, found at position {}",
                expected[idx].label(),
                idx + 1,
                found_idx + 1
            )),
        }
    }

    alignment
}

/// Returns the fields in which two messages differ, as data and as text.
///
/// The text says why if no field can be shown.
pub(super) fn compare_fields(
    expected: &MessageView,
    found: &MessageView,
) -> (Vec<Difference>, Vec<String>) {
    if expected.payload.is_value() || found.payload.is_value() {
        return (
            Vec::new(),
            value_differences(&expected.payload, &found.payload),
        );
    }

    let fields = match (expected.content(), found.content()) {
        (Ok(expected), Ok(found)) => differences(&expected, &found),
        (Err(err), _) | (_, Err(err)) => return (Vec::new(), vec![err.to_string()]),
    };
    let rendered = match fields.as_slice() {
        [] => vec!["`PartialEq` says that they differ, but their JSON is equal".to_owned()],
        fields => render_differences(fields),
    };

    (fields, rendered)
}

/// The maximum number of pairs of messages that are compared to find the smallest difference.
const MAX_PAIRS: usize = 40_000;

/// Pairs the messages of two lists.
///
/// The messages between the common beginning and the common end are paired for the smallest
/// difference. If they are too many, they are paired in order. Each way costs less than `MAX_PAIRS`.
fn pairings(expected: &[MessageView], found: &[MessageView]) -> Vec<Pairing> {
    let n_shorter = expected.len().min(found.len());
    let both = || expected.iter().zip(found);
    let n_start = both().take_while(|(left, right)| left == right).count();
    let n_end = (expected.iter().rev().zip(found.iter().rev()))
        .take(n_shorter - n_start)
        .take_while(|(left, right)| left == right)
        .count();
    let middle = [
        n_start..expected.len() - n_end,
        n_start..found.len() - n_end,
    ];
    let [expected_middle, found_middle] = &middle;

    let mut pairings: Vec<Pairing> = (0..n_start).map(Pairing::Same).collect();
    if expected_middle.len() * found_middle.len() <= MAX_PAIRS {
        pairings.extend(smallest_difference(middle.clone(), expected, found));
    } else {
        pairings.extend(pairs_in_order(middle.clone(), expected, found));
    }
    pairings.extend((expected_middle.end..expected.len()).map(Pairing::Same));

    pairings
}

/// Pairs the messages of two ranges in order: the first with the first, and so on.
fn pairs_in_order(
    [expected_range, found_range]: [Range<usize>; 2],
    expected: &[MessageView],
    found: &[MessageView],
) -> Vec<Pairing> {
    let n_pairs = expected_range.len().min(found_range.len());
    let mut pairings = Vec::new();
    for (idx, found_idx) in expected_range.clone().zip(found_range.clone()) {
        let (left, right) = (&expected[idx], &found[found_idx]);
        if left == right {
            pairings.push(Pairing::Same(idx));
        } else if right.is_same_kind(left) {
            pairings.push(Pairing::Differs(idx, found_idx));
        } else {
            pairings.extend([Pairing::Missing(idx), Pairing::Unexpected(found_idx)]);
        }
    }

    pairings.extend(expected_range.skip(n_pairs).map(Pairing::Missing));
    pairings.extend(found_range.skip(n_pairs).map(Pairing::Unexpected));
    pairings
}

/// Pairs the messages of two ranges so that as few as possible differ.
fn smallest_difference(
    [expected_range, found_range]: [Range<usize>; 2],
    expected: &[MessageView],
    found: &[MessageView],
) -> Vec<Pairing> {
    let mut pairings = Vec::new();
    // The indexes of the unmatched messages since the last message that is in both lists.
    let (mut missing, mut unexpected) = (Vec::new(), VecDeque::new());
    let (mut idx, mut found_idx) = (expected_range.start, found_range.start);

    for step in diff::slice(&expected[expected_range], &found[found_range]) {
        match step {
            diff::Result::Left(_) => {
                missing.push(idx);
                idx += 1;
            }
            diff::Result::Right(_) => {
                unexpected.push_back(found_idx);
                found_idx += 1;
            }
            diff::Result::Both(..) => {
                pair_by_kind(
                    &mut pairings,
                    &mut missing,
                    &mut unexpected,
                    expected,
                    found,
                );
                pairings.push(Pairing::Same(idx));
                idx += 1;
                found_idx += 1;
            }
        }
    }

    pair_by_kind(
        &mut pairings,
        &mut missing,
        &mut unexpected,
        expected,
        found,
    );
    find_moved(pairings, expected, found)
}

/// Pairs unmatched messages of the same kind.
///
/// `missing` and `unexpected` have the indexes of the messages between two [`Pairing::Same`]. The
/// unexpected messages before a pair come first, which keeps the order of the found list.
fn pair_by_kind(
    pairings: &mut Vec<Pairing>,
    missing: &mut Vec<usize>,
    unexpected: &mut VecDeque<usize>,
    expected: &[MessageView],
    found: &[MessageView],
) {
    for idx in missing.drain(..) {
        let is_same_kind = |found_idx: &usize| found[*found_idx].is_same_kind(&expected[idx]);
        let Some(position) = unexpected.iter().position(is_same_kind) else {
            pairings.push(Pairing::Missing(idx));
            continue;
        };

        pairings.extend(unexpected.drain(..position).map(Pairing::Unexpected));
        let found_idx = unexpected.pop_front();
        pairings.extend(found_idx.map(|found_idx| Pairing::Differs(idx, found_idx)));
    }

    pairings.extend(unexpected.drain(..).map(Pairing::Unexpected));
}

/// Turns a missing message and an unexpected message that is equal to it into one moved message.
fn find_moved(
    mut pairings: Vec<Pairing>,
    expected: &[MessageView],
    found: &[MessageView],
) -> Vec<Pairing> {
    for position in 0..pairings.len() {
        let Pairing::Missing(idx) = pairings[position] else {
            continue;
        };

        let equal_unexpected = pairings
            .iter()
            .enumerate()
            .find_map(|(other_position, pairing)| match pairing {
                Pairing::Unexpected(found_idx) if found[*found_idx] == expected[idx] => {
                    Some((other_position, *found_idx))
                }
                _ => None,
            });

        if let Some((other_position, found_idx)) = equal_unexpected {
            pairings[position] = Pairing::Moved(idx, found_idx);
            // This second pairing is a duplicate. It is removed after the loop, because the loop
            // counts positions.
            pairings[other_position] = Pairing::Moved(idx, found_idx);
        }
    }

    // A moved message is reported once, at whichever of its two positions comes first.
    let mut reported = BTreeSet::new();
    pairings.retain(|pairing| match pairing {
        Pairing::Moved(idx, _) => reported.insert(*idx),
        _ => true,
    });

    pairings
}
