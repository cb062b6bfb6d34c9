//! The list of traps in `traps.rs` names existing tests.

use std::{fs, path::Path};

const TRAPS: &str = include_str!("traps.rs");

fn rows() -> impl Iterator<Item = &'static str> {
    TRAPS.lines().filter_map(|line| line.strip_prefix("//! | "))
}

/// Returns the tests that a row names, each as a file path and a function name.
fn tests_of_row(row: &str) -> Vec<(String, String)> {
    let mut folder = "tests/it/guards";
    let mut tests = Vec::new();

    for name in row.split('`').skip(1).step_by(2) {
        if name.starts_with("tests/") {
            folder = name;
        } else if let Some((module, test)) = name.split_once("::") {
            tests.push((format!("{folder}/{module}.rs"), test.to_owned()));
        } else if name.contains('_') {
            tests.push(("tests/it/guards/traps.rs".to_owned(), name.to_owned()));
        }
    }
    tests
}

#[test]
fn trap_list_names_existing_tests() {
    let mut missing = Vec::new();

    for (file, test) in rows().flat_map(tests_of_row) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
        let source = fs::read_to_string(path).unwrap_or_default();
        if !source.contains(&format!("fn {test}(")) {
            missing.push(format!("{test} in {file}"));
        }
    }

    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn trap_list_has_a_test_for_every_trap() {
    let traps: Vec<&str> = rows()
        .filter(|row| row.starts_with(|char: char| char.is_ascii_digit()))
        .collect();

    let untested: Vec<&&str> = traps
        .iter()
        .filter(|row| tests_of_row(row).is_empty())
        .collect();
    assert_eq!(traps.len(), 18);
    assert!(untested.is_empty(), "{untested:?}");
}
