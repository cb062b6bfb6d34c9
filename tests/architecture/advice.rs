//! Texts of the harness name only methods that exist.

use std::{collections::BTreeSet, fs, path::Path};

use crate::source::{rust_files_in, string_literals_in};

const WORKSPACE: &str = env!("CARGO_MANIFEST_DIR");

/// The folders of the public methods.
const SOURCES: [&str; 2] = ["src", "crates/flow-domain/src"];

fn sources(folder: &str) -> impl Iterator<Item = (String, String)> {
    let files = rust_files_in(&Path::new(WORKSPACE).join(folder));

    files.into_iter().map(|path| {
        let source = fs::read_to_string(&path).unwrap();
        let path = path.strip_prefix(WORKSPACE).unwrap();
        (path.display().to_string(), source)
    })
}

fn is_name_part(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Returns the names of the public functions and methods.
fn public_functions() -> BTreeSet<String> {
    let mut names = BTreeSet::new();

    for (_, source) in SOURCES.into_iter().flat_map(sources) {
        for keyword in ["pub fn ", "pub const fn ", "pub async fn "] {
            let declarations = source.split(keyword).skip(1);
            names.extend(declarations.filter_map(|rest| {
                let name = rest.split(|letter| !is_name_part(letter)).next();
                name.map(str::to_owned)
            }));
        }
    }

    names
}

/// Returns the methods that a text names: `.when(..)`, `expect::event` or `.raises::<E>()`.
fn methods_in(text: &str) -> Vec<String> {
    let code = text.split('`').skip(1).step_by(2);
    let mut methods = Vec::new();

    for span in code {
        let starts = span.match_indices(['.', ':']).map(|(idx, _)| idx + 1);
        for rest in starts.map(|start| &span[start..]) {
            let end = rest.find(|letter| !is_name_part(letter));
            let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
            let is_called = after.starts_with('(') || after.starts_with("::<");

            if is_called && !name.is_empty() {
                methods.push(name.to_owned());
            }
        }
    }

    let expectations = text.split("expect::").skip(1);
    methods.extend(expectations.filter_map(|rest| {
        let name = rest.split(|letter| !is_name_part(letter)).next();
        name.filter(|name| !name.is_empty()).map(str::to_owned)
    }));

    methods
}

#[test]
fn methods_in_texts_exist() {
    let functions = public_functions();

    let mut missing = Vec::new();
    for (path, source) in sources("src") {
        for (line, literal) in string_literals_in(&source) {
            let methods = methods_in(&literal);
            for method in methods.iter().filter(|method| !functions.contains(*method)) {
                missing.push(format!("{path}:{line}: there is no method `{method}`"));
            }
        }
    }

    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

#[test]
fn methods_in_a_text_are_found() {
    let text = "use `.then(expect::event::<{name}>(..))` or `work.add(..)`; see expect::events";

    assert_eq!(
        methods_in(text),
        ["then", "event", "add", "event", "events"]
    );
}
