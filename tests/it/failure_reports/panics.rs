//! The output and the record file of a test that panics.

use std::{
    env, fs,
    panic::{self, AssertUnwindSafe},
    process::Command,
};

use crate::fixture::{order_confirmed, place_order, shop};

/// The variable that marks a process as started by one of these tests.
const CHILD: &str = "FLOW_HARNESS_TEST_CHILD";

fn passes() {
    shop().when(place_order()).then_accepted().run();
}

fn fails() {
    shop()
        .when(place_order())
        .then_event(order_confirmed())
        .run();
}

/// Returns the content of the file that the last line of a report names.
#[track_caller]
fn record_file(report: &str) -> String {
    let path = report.lines().last().unwrap().split(' ').next_back();

    fs::read_to_string(path.unwrap()).unwrap()
}

fn panic_report() -> String {
    let panic = panic::catch_unwind(AssertUnwindSafe(fails)).unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn record_file_has_the_test_name() {
    let report = panic_report();

    let file = "flow-harness/failure_reports--panics--record_file_has_the_test_name.txt";
    assert!(report.ends_with(file), "{report}");
    let record = record_file(&report);
    assert!(record.starts_with("flow failed at step 2: then event OrderConfirmed"));
    assert!(record.contains("\n\nrecord\n#0 "), "{record}");
    assert!(record.contains("projector OrderDashboardProjector started"));
}

#[test]
fn second_failure_has_its_own_file() {
    let first = panic_report();
    let second = panic_report();

    assert!(
        first.ends_with("second_failure_has_its_own_file.txt"),
        "{first}"
    );
    assert!(
        second.ends_with("second_failure_has_its_own_file-2.txt"),
        "{second}"
    );
}

/// The test runs in a thread without a name, as on a multi-threaded runtime.
#[test]
fn record_file_of_an_unnamed_thread_has_the_step_name() {
    let report = std::thread::spawn(panic_report).join().unwrap();

    let last = report.lines().last().unwrap();
    assert!(last.contains("flow-harness/panics-"), "{last}");
}

#[test]
fn try_run_writes_no_record_file() {
    let result = shop()
        .when(place_order())
        .then_event(order_confirmed())
        .try_run();

    let report = result.unwrap_err().to_string();
    assert!(!report.contains("\nrecord "), "{report}");
}

/// Runs in a child process and does what its parent test asks for.
#[test]
fn in_a_process_of_its_own() {
    match env::var(CHILD).as_deref() {
        Ok("fails") => fails(),
        Ok("passes") => passes(),
        _ => {}
    }
}

fn output_of_child(action: &str, vars: &[(&str, &str)]) -> String {
    let mut test = Command::new(env::current_exe().unwrap());
    test.args([
        "--exact",
        "failure_reports::panics::in_a_process_of_its_own",
    ])
    .arg("--nocapture")
    .env_remove("FLOW_MODE")
    .env_remove("FLOW_BACKEND")
    .env_remove("NO_COLOR")
    .env(CHILD, action)
    .envs(vars.iter().copied());

    let output = test.output().unwrap();

    assert_eq!(output.status.success(), action == "passes");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn rerun_hint_shows_the_mode_of_the_environment() {
    let output = output_of_child("fails", &[("FLOW_MODE", "engine")]);

    let rerun_hint =
        "\nrerun  FLOW_MODE=engine cargo test failure_reports::panics::in_a_process_of_its_own\n";
    assert!(output.contains(rerun_hint), "{output}");
}

#[test]
fn empty_variable_of_the_environment_counts_as_unset() {
    let output = output_of_child("passes", &[("FLOW_MODE", ""), ("FLOW_HANG_SECONDS", "")]);

    assert!(output.contains("1 passed"), "{output}");
}

#[test]
fn colors_are_printed_only_if_forced() {
    let plain = output_of_child("fails", &[]);
    let colored = output_of_child("fails", &[("CLICOLOR_FORCE", "1")]);

    assert!(plain.contains("\nrerun  cargo test"), "{plain}");
    assert!(!plain.contains('\x1b'), "{plain}");
    assert!(colored.contains("\x1b[1;31mFAILED\x1b[0m"), "{colored}");
}

#[test]
fn passing_flow_is_printed_on_request() {
    let silent = output_of_child("passes", &[]);
    let traced = output_of_child("passes", &[("FLOW_HARNESS_TRACE", "1")]);

    assert!(!silent.contains("story"), "{silent}");
    let head =
        "failure_reports::panics::in_a_process_of_its_own passed\n\nstory   1 when   PlaceOrder";
    assert!(traced.contains(head), "{traced}");
    assert!(traced.contains("\n\nchain  PlaceOrder"), "{traced}");
}

#[test]
fn failure_parts_are_data() {
    let flow = shop()
        .when(place_order())
        .then_event(order_confirmed())
        .then_no_events();

    let failure = flow.try_run().unwrap_err();

    let steps: Vec<(usize, &str)> = failure
        .failed_steps()
        .iter()
        .map(|step| (step.step, step.described.as_str()))
        .collect();
    assert_eq!(
        steps,
        [(2, "then event OrderConfirmed"), (3, "then no events")]
    );
    assert_eq!(failure.failed_steps()[1].mismatch.expected, "nothing");
    assert!(failure.failed_steps()[1].location.contains("panics.rs:"));
    assert!(!failure.record().unwrap().entries().is_empty());
}
