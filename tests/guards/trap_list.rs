//! The list of traps names tests that there are.

use std::{fs, path::Path};

const TRAPS: &str = include_str!("traps.rs");

fn rows() -> impl Iterator<Item = &'static str> {
    TRAPS.lines().filter_map(|line| line.strip_prefix("//! | "))
}

/// The tests that a row names, as the path of a file and a function.
fn tests_of_row(row: &str) -> Vec<(String, String)> {
    let mut folder = "tests/accidents";
    let mut named = Vec::new();
    for name in row.split('`').skip(1).step_by(2) {
        if name.starts_with("tests/") {
            folder = name;
        } else if let Some((module, test)) = name.split_once("::") {
            named.push((format!("{folder}/{module}.rs"), test.to_owned()));
        } else if name.contains('_') {
            named.push(("tests/accidents/traps.rs".to_owned(), name.to_owned()));
        }
    }
    named
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
    let numbered = rows().filter(|row| row.starts_with(|first: char| first.is_ascii_digit()));
    let numbered: Vec<&str> = numbered.collect();

    assert_eq!(numbered.len(), 18);
    let without: Vec<&&str> = numbered
        .iter()
        .filter(|row| tests_of_row(row).is_empty())
        .collect();
    assert!(without.is_empty(), "{without:?}");
}
