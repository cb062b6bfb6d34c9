use serde_json::Value;

use crate::{
    diagnosis::Difference,
    expect::MessageView,
    report::{differences, render_differences},
};

/// How one message of two lists stands to the other list, by their places.
#[derive(Clone, Copy)]
enum Pairing {
    Same(usize),
    /// The same message with other fields.
    Differs(usize, usize),
    Missing(usize),
    Unexpected(usize),
    /// In both lists, but not in the same order.
    Moved(usize, usize),
}

/// Two lists side by side.
#[derive(Debug, Default)]
pub(super) struct Alignment {
    /// One line for each message, and one for each field that differs.
    pub(super) lines: Vec<String>,
    /// The names of what is missing, or has other fields: these.
    pub(super) missing: Vec<(String, Vec<Difference>)>,
    /// The names of what was not expected.
    pub(super) unexpected: Vec<String>,
}

/// Lays two lists side by side: what is in both, missing, unexpected, elsewhere, or has other fields.
pub(super) fn align(expected: &[MessageView], found: &[MessageView]) -> Alignment {
    let values = |list: &[MessageView]| -> Vec<(String, Value)> {
        let of = |one: &MessageView| (one.name.clone(), one.content());
        list.iter().map(of).collect()
    };
    let (left, right) = (values(expected), values(found));
    let mut aligned = Alignment::default();
    let Alignment {
        lines,
        missing,
        unexpected,
    } = &mut aligned;

    for place in pairings(&left, &right) {
        match place {
            Pairing::Same(idx) => lines.push(format!("as expected  {}", expected[idx].name)),
            Pairing::Differs(idx, found_idx) => {
                lines.push(format!("differs      {}", expected[idx].name));
                let fields = differences(&left[idx].1, &right[found_idx].1);
                let told = render_differences(&fields);
                lines.extend(told.iter().map(|field| format!("             {field}")));
                missing.push((expected[idx].name.clone(), fields));
            }
            Pairing::Missing(idx) => {
                lines.push(format!("missing      {}", expected[idx].show()));
                missing.push((expected[idx].name.clone(), Vec::new()));
            }
            Pairing::Unexpected(idx) => {
                lines.push(format!("unexpected   {}", found[idx].show()));
                unexpected.push(found[idx].name.clone());
            }
            Pairing::Moved(idx, found_idx) => lines.push(format!(
                "moved        {}, expected as number {}, found as number {}",
                expected[idx].name,
                idx + 1,
                found_idx + 1
            )),
        }
    }

    aligned
}

fn pairings(expected: &[(String, Value)], found: &[(String, Value)]) -> Vec<Pairing> {
    let mut places = Vec::new();
    // What stands between two messages that are in both lists.
    let (mut missing, mut unexpected) = (Vec::new(), Vec::new());
    let (mut idx, mut found_idx) = (0, 0);

    for step in diff::slice(expected, found) {
        match step {
            diff::Result::Left(_) => {
                missing.push(idx);
                idx += 1;
            }
            diff::Result::Right(_) => {
                unexpected.push(found_idx);
                found_idx += 1;
            }
            diff::Result::Both(..) => {
                pair_by_name(&mut places, &mut missing, &mut unexpected, expected, found);
                places.push(Pairing::Same(idx));
                idx += 1;
                found_idx += 1;
            }
        }
    }

    pair_by_name(&mut places, &mut missing, &mut unexpected, expected, found);
    find_moved(places, expected, found)
}

/// Pairs messages of the same name in the gap between two that are in both lists.
fn pair_by_name(
    places: &mut Vec<Pairing>,
    missing: &mut Vec<usize>,
    unexpected: &mut Vec<usize>,
    expected: &[(String, Value)],
    found: &[(String, Value)],
) {
    for idx in missing.drain(..) {
        let same_name = |found_idx: &usize| found[*found_idx].0 == expected[idx].0;
        match unexpected.iter().position(same_name) {
            Some(at) => {
                places.extend(unexpected.drain(..at).map(Pairing::Unexpected));
                places.push(Pairing::Differs(idx, unexpected.remove(0)));
            }
            None => places.push(Pairing::Missing(idx)),
        }
    }

    places.extend(unexpected.drain(..).map(Pairing::Unexpected));
}

/// Finds what is missing in one place and unexpected in another.
fn find_moved(
    mut places: Vec<Pairing>,
    expected: &[(String, Value)],
    found: &[(String, Value)],
) -> Vec<Pairing> {
    for at in 0..places.len() {
        let Pairing::Missing(idx) = places[at] else {
            continue;
        };

        let elsewhere = places
            .iter()
            .enumerate()
            .find_map(|(at, place)| match place {
                Pairing::Unexpected(found_idx) if found[*found_idx] == expected[idx] => {
                    Some((at, *found_idx))
                }
                _ => None,
            });

        if let Some((unexpected_at, found_idx)) = elsewhere {
            places[at] = Pairing::Moved(idx, found_idx);
            // It is told once, where it was expected.
            places[unexpected_at] = Pairing::Moved(idx, found_idx);
        }
    }

    let mut told = Vec::new();
    places.retain(|place| match place {
        Pairing::Moved(idx, _) if told.contains(idx) => false,
        Pairing::Moved(idx, _) => {
            told.push(*idx);
            true
        }
        _ => true,
    });

    places
}
