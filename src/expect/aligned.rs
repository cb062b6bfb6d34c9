use serde_json::Value;

use crate::{
    expect::Seen,
    report::{differences, told},
    why::Difference,
};

/// How one message of two lists stands to the other list, by their places.
#[derive(Clone, Copy)]
enum Place {
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
pub(super) struct Aligned {
    /// One line for each message, and one for each field that differs.
    pub(super) lines: Vec<String>,
    /// The names of what is missing, or has other fields: these.
    pub(super) missing: Vec<(String, Vec<Difference>)>,
    /// The names of what was not expected.
    pub(super) unexpected: Vec<String>,
}

/// Lays two lists side by side: what is in both, missing, unexpected, elsewhere, or has other fields.
pub(super) fn aligned(expected: &[Seen], found: &[Seen]) -> Aligned {
    let values = |list: &[Seen]| -> Vec<(String, Value)> {
        let of = |one: &Seen| (one.name.clone(), one.content());
        list.iter().map(of).collect()
    };
    let (left, right) = (values(expected), values(found));
    let mut aligned = Aligned::default();
    let Aligned {
        lines,
        missing,
        unexpected,
    } = &mut aligned;
    for place in places(&left, &right) {
        match place {
            Place::Same(idx) => lines.push(format!("as expected  {}", expected[idx].name)),
            Place::Differs(idx, found_idx) => {
                lines.push(format!("differs      {}", expected[idx].name));
                let fields = differences(&left[idx].1, &right[found_idx].1);
                let told = told(&fields);
                lines.extend(told.iter().map(|field| format!("             {field}")));
                missing.push((expected[idx].name.clone(), fields));
            }
            Place::Missing(idx) => {
                lines.push(format!("missing      {}", expected[idx].show()));
                missing.push((expected[idx].name.clone(), Vec::new()));
            }
            Place::Unexpected(idx) => {
                lines.push(format!("unexpected   {}", found[idx].show()));
                unexpected.push(found[idx].name.clone());
            }
            Place::Moved(idx, found_idx) => lines.push(format!(
                "moved        {}, expected as number {}, found as number {}",
                expected[idx].name,
                idx + 1,
                found_idx + 1
            )),
        }
    }
    aligned
}

fn places(expected: &[(String, Value)], found: &[(String, Value)]) -> Vec<Place> {
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
                pair(&mut places, &mut missing, &mut unexpected, expected, found);
                places.push(Place::Same(idx));
                idx += 1;
                found_idx += 1;
            }
        }
    }
    pair(&mut places, &mut missing, &mut unexpected, expected, found);
    moved(places, expected, found)
}

/// Pairs messages of the same name in the gap between two that are in both lists.
fn pair(
    places: &mut Vec<Place>,
    missing: &mut Vec<usize>,
    unexpected: &mut Vec<usize>,
    expected: &[(String, Value)],
    found: &[(String, Value)],
) {
    for idx in missing.drain(..) {
        let same_name = |found_idx: &usize| found[*found_idx].0 == expected[idx].0;
        match unexpected.iter().position(same_name) {
            Some(at) => {
                places.extend(unexpected.drain(..at).map(Place::Unexpected));
                places.push(Place::Differs(idx, unexpected.remove(0)));
            }
            None => places.push(Place::Missing(idx)),
        }
    }
    places.extend(unexpected.drain(..).map(Place::Unexpected));
}

/// Finds what is missing in one place and unexpected in another.
fn moved(
    mut places: Vec<Place>,
    expected: &[(String, Value)],
    found: &[(String, Value)],
) -> Vec<Place> {
    for at in 0..places.len() {
        let Place::Missing(idx) = places[at] else {
            continue;
        };
        let elsewhere = places
            .iter()
            .enumerate()
            .find_map(|(at, place)| match place {
                Place::Unexpected(found_idx) if found[*found_idx] == expected[idx] => {
                    Some((at, *found_idx))
                }
                _ => None,
            });
        if let Some((unexpected_at, found_idx)) = elsewhere {
            places[at] = Place::Moved(idx, found_idx);
            // It is told once, where it was expected.
            places[unexpected_at] = Place::Moved(idx, found_idx);
        }
    }
    let mut told = Vec::new();
    places.retain(|place| match place {
        Place::Moved(idx, _) if told.contains(idx) => false,
        Place::Moved(idx, _) => {
            told.push(*idx);
            true
        }
        _ => true,
    });
    places
}
