//! `FLOW_BACKEND` in a process of its own.

use std::{env, process::Command};

use crate::fixture::{place_order, shop};

/// The variable that is set in a child process.
const CHILD: &str = "FLOW_BACKEND_CHILD";

/// Runs in a child process, and fails there.
#[test]
fn backend_of_the_environment_in_a_child() {
    if env::var(CHILD).is_ok() {
        shop().when(place_order()).then_no_events().run();
    }
}

/// Returns what the child prints with this backend.
fn output_with(backend: &str) -> String {
    output_with_variable("FLOW_BACKEND", backend)
}

/// Returns what the child prints with this setting.
fn output_with_variable(variable: &str, backend: &str) -> String {
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("backend::environment::backend_of_the_environment_in_a_child")
        .env_remove("FLOW_BACKEND")
        .env_remove("FLOW_COMPARE_BACKEND")
        .env_remove("FLOW_MODE")
        .env(variable, backend)
        .env(CHILD, "1")
        .output()
        .unwrap();

    assert!(!child.status.success());
    String::from_utf8_lossy(&child.stderr).into_owned()
}

#[test]
fn backend_that_is_unknown_ends_the_test() {
    let output = output_with("mysql://flow@localhost");

    let expected = "FLOW_BACKEND: `mysql://flow@localhost` is not a backend; expected `memory`";
    assert!(output.contains(expected), "{output}");
}

#[cfg(feature = "sqlite")]
#[test]
fn backend_of_the_environment_is_in_the_rerun_hint() {
    let output = output_with("sqlite::memory:");

    let hint = "\nrerun  FLOW_BACKEND=sqlite::memory: cargo test backend::environment::";
    assert!(output.contains(hint), "{output}");
    assert!(output.contains("found     OrderPlaced"), "{output}");
}

#[cfg(feature = "sqlite")]
#[test]
fn compared_backend_of_the_environment_is_in_the_rerun_hint() {
    let output = output_with_variable("FLOW_COMPARE_BACKEND", "sqlite::memory:");

    let hint = "\nrerun  FLOW_COMPARE_BACKEND=sqlite::memory: cargo test backend::environment::";
    assert!(output.contains(hint), "{output}");
}

#[test]
fn compared_backend_that_is_unknown_ends_the_test() {
    let output = output_with_variable("FLOW_COMPARE_BACKEND", "mysql://flow@localhost");

    let expected = "FLOW_COMPARE_BACKEND: `mysql://flow@localhost` is not a backend";
    assert!(output.contains(expected), "{output}");
}

#[cfg(not(feature = "sqlite"))]
#[test]
fn backend_without_its_feature_ends_the_test() {
    let output = output_with("sqlite::memory:");

    let expected = "FLOW_BACKEND: `sqlite::memory:` needs the feature `sqlite` of flow-harness";
    assert!(output.contains(expected), "{output}");
}
