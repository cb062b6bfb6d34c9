//! Changes of stored messages, and what a `SchemaCheck` says about them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use flow_domain::{Domain, Event};
use flow_harness::schema::SchemaCheck;
use pretty_assertions::assert_eq;

mod changes;
mod files;
mod shared_name;
mod versions;

/// Returns an empty folder for the files of one test.
fn empty_folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("schema")
        .join(test);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder belongs to this test");
    }
    folder
}

/// Returns a domain with one event from outside.
fn domain_of<E: Event>() -> Domain {
    Domain::builder("shop")
        .event_from_outside::<E>()
        .build()
        .expect("the domain can work")
}

/// Writes the files for `event`, as an earlier version of the program did.
fn store<E: Event>(folder: &PathBuf, event: E) {
    let result = SchemaCheck::new(domain_of::<E>(), folder)
        .sample(event)
        .update(true)
        .try_check();
    assert_eq!(result, Ok(()));
}

/// Returns the problems of a check, with `folder` in place of the folder of the test.
fn problems(folder: &Path, check: SchemaCheck) -> String {
    let report = check.try_check().expect_err("there are problems");
    report.replace(&folder.display().to_string(), "folder")
}
