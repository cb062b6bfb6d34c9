//! The search for the parts of a stored message that its type does not read.

use flow_domain::json::Json;

/// A step from a JSON value to a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Field(String),
    Index(usize),
}

/// Returns the path of the first part of `before` that `after` does not have.
///
/// A value that serde may skip is not lost: `null`, an empty array, an empty object. A field that
/// `after` does not have is not lost if `is_read` returns true for its path: it may have another name
/// there. The elements of an array may have another order, because it may be a set.
pub(super) fn lost_part(
    before: &Json,
    after: &Json,
    is_read: &dyn Fn(&[Step]) -> bool,
) -> Option<Vec<Step>> {
    find(before, after, &mut Vec::new(), is_read)
}

/// Returns true if both have the same parts. The elements of arrays may have another order.
pub(super) fn has_same_parts(left: &Json, right: &Json) -> bool {
    let is_lost = |before, after| lost_part(before, after, &|_| false).is_some();
    !is_lost(left, right) && !is_lost(right, left)
}

/// Replaces the part at `path` by `value`.
pub(super) fn replace(json: &mut Json, path: &[Step], value: Json) {
    let Some((step, path)) = path.split_first() else {
        *json = value;
        return;
    };

    let part = match (json, step) {
        (Json::Object(fields), Step::Field(name)) => fields.get_mut(name),
        (Json::Array(elements), Step::Index(idx)) => elements.get_mut(*idx),
        _ => None,
    };
    if let Some(part) = part {
        replace(part, path, value);
    }
}

/// Returns the path as a text: `lines[0].sum`.
pub(super) fn path_text(path: &[Step]) -> String {
    let texts = path.iter().enumerate().map(|(idx, step)| match step {
        Step::Field(name) if idx == 0 => name.clone(),
        Step::Field(name) => format!(".{name}"),
        Step::Index(idx) => format!("[{idx}]"),
    });
    texts.collect()
}

/// Searches the part at `path`.
fn find(
    before: &Json,
    after: &Json,
    path: &mut Vec<Step>,
    is_read: &dyn Fn(&[Step]) -> bool,
) -> Option<Vec<Step>> {
    match (before, after) {
        (Json::Object(before), Json::Object(after)) => before.iter().find_map(|(name, value)| {
            path.push(Step::Field(name.clone()));
            let lost = match after.get(name) {
                Some(after) => find(value, after, path, is_read),
                None => (!may_be_skipped(value) && !is_read(path)).then(|| path.clone()),
            };
            path.pop();
            lost
        }),
        (Json::Array(before), Json::Array(after)) => find_element(before, after, path, is_read),
        _ => (before != after).then(|| path.clone()),
    }
}

/// Each element of `before` needs an element of `after` of its own.
fn find_element(
    before: &[Json],
    after: &[Json],
    path: &mut Vec<Step>,
    is_read: &dyn Fn(&[Step]) -> bool,
) -> Option<Vec<Step>> {
    let mut is_taken = vec![false; after.len()];
    before.iter().enumerate().find_map(|(idx, element)| {
        path.push(Step::Index(idx));
        // Most arrays keep their order, so the element at the same place comes first.
        let same_place = (idx < after.len()).then_some(idx);
        let kept = same_place.into_iter().chain(0..after.len()).find(|other| {
            !is_taken[*other] && find(element, &after[*other], path, is_read).is_none()
        });

        let lost = if let Some(kept) = kept {
            is_taken[kept] = true;
            None
        } else {
            let lost = after
                .get(idx)
                .and_then(|after| find(element, after, path, is_read));
            Some(lost.unwrap_or_else(|| path.clone()))
        };
        path.pop();
        lost
    })
}

fn may_be_skipped(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(elements) => elements.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the path of the lost part. Fields that are called `old` have another name today.
    fn lost(before: &str, after: &str) -> Option<String> {
        let json = |text: &str| -> Json { text.parse().expect("it is JSON") };
        let is_read = |path: &[Step]| path.last() == Some(&Step::Field("old".into()));

        lost_part(&json(before), &json(after), &is_read).map(|path| path_text(&path))
    }

    #[test]
    fn elements_may_have_another_order() {
        assert_eq!(lost("[[1,2],[3]]", "[[3],[2,1]]"), None);
        assert_eq!(lost("[1,1]", "[1]").as_deref(), Some("[1]"));
        assert_eq!(
            lost("[[1],[{\"a\":[2]}]]", "[[1],[{\"a\":[3]}]]").as_deref(),
            Some("[1][0].a[0]")
        );
    }

    #[test]
    fn path_of_a_field_is_right_after_other_elements_were_tried() {
        let before = r#"[{"n":[1],"old":1},{"n":[2],"gone":1}]"#;
        let after = r#"[{"n":[2],"new":1},{"n":[1],"new":1}]"#;

        assert_eq!(lost(before, after).as_deref(), Some("[1].gone"));
        assert_eq!(lost(r#"[{"old":1}]"#, r#"[{"new":1}]"#), None);
    }
}
