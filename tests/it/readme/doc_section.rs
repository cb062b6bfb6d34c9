//! Sections of the documentation that contain printed reports.

use std::{env, fs, path::Path};

/// Asserts that a file contains `printed` between the lines `begin` and `end`, or the end of the
/// file.
///
/// Writes it there instead if `UPDATE_DOCS` is set.
#[track_caller]
pub(crate) fn check(file: &str, (begin, end): (&str, Option<&str>), printed: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(&path).unwrap();
    let begin = text.find(begin).expect("the file has the line") + begin.len();
    let length = end.and_then(|end| text[begin..].find(end));
    let end = length.map_or(text.len(), |length| begin + length);

    if env::var_os("UPDATE_DOCS").is_some() {
        let updated = [&text[..begin], printed, &text[end..]].concat();
        fs::write(&path, updated).unwrap();
        return;
    }

    pretty_assertions::assert_eq!(
        &text[begin..end],
        printed,
        "{file} shows something else; `UPDATE_DOCS=1 cargo test --test it readme::` writes what is printed"
    );
}
