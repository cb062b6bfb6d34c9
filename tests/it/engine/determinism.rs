//! Equal flows write equal records, and non-deterministic handlers are found.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use ::booking::PAYMENT_TERM;
use flow_domain::Domain;
use flow_harness::prelude::*;

use crate::fixture::{
    Brittle, Bystander, Instructed, Reading, book_room, counted, instructed, lab_domain,
    mask_line_numbers, mismatch, rooms_with_mail_down, unstable,
};

/// Returns the record of one run as text.
fn record() -> String {
    let outcome = rooms_with_mail_down(2)
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .when_redelivered(1)
        .then_settled()
        .run();

    outcome.record().to_string()
}

#[test]
fn concurrent_runs_write_equal_records() {
    let expected = record();

    let records: Vec<String> = thread::scope(|scope| {
        let runs: Vec<_> = (0..100).map(|_| scope.spawn(record)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });

    assert!(expected.contains("attempt 3"), "{expected}");
    assert!(records.iter().all(|record| *record == expected));
}

#[test]
fn determinism_check_passes_if_two_runs_are_equal() {
    rooms_with_mail_down(2)
        .check_determinism()
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .then_settled()
        .run();
}

/// Whether the modes differ by chance or not, the reason is in the report.
#[test]
fn determinism_check_speaks_when_the_modes_differ() {
    for _ in 0..10 {
        let failure = unstable()
            .mode(Mode::Differential)
            .check_determinism()
            .when_event(instructed("hash map"))
            .then_settled()
            .try_run()
            .expect_err("two runs differ");

        let last = failure.failed_steps().last().expect("a failed step");
        let found = &last.mismatch.found;
        assert!(found.starts_with("UnstableProjector gave two"), "{failure}");
        assert!(found.contains("BTreeMap"), "{failure}");
    }
}

#[track_caller]
fn check(instruction: &str, hint: &str) {
    for mode in [Mode::Sync, Mode::Engine] {
        let failure = unstable()
            .mode(mode)
            .check_determinism()
            .when_event(instructed(instruction))
            .then_settled()
            .try_run()
            .expect_err("two runs differ");

        let found = &failure.mismatch().found;
        assert!(
            found.starts_with("UnstableProjector gave two results"),
            "{failure}"
        );
        assert!(found.contains(hint), "{failure}");
    }
}

#[test]
fn determinism_check_finds_the_wall_clock() {
    check("wall clock", "work.now()");
}

#[test]
fn determinism_check_finds_a_random_id() {
    check("random id", "work.new_id()");
}

#[test]
fn determinism_check_finds_the_order_of_a_map_of_two_entries() {
    for _ in 0..20 {
        check("hash map", "BTreeMap");
    }
}

#[test]
fn determinism_check_shows_the_first_different_write() {
    let failure = unstable()
        .check_determinism()
        .when_event(instructed("counter"))
        .then_settled()
        .try_run()
        .expect_err("two runs differ");

    let text = mask_line_numbers(&failure.to_string());
    let head = text.split("\n\nstory").next().unwrap();
    // The counter is global, so its values depend on the other tests.
    let masked: Vec<&str> = head
        .split("\"values\":[\"")
        .map(|part| part.trim_start_matches(|char: char| char.is_ascii_digit()))
        .collect();
    insta::assert_snapshot!(masked.join("\"values\":[\"N"), @r#"
    flow failed at step 2: then settled      tests/it/engine/determinism.rs:LINE

      expected  two runs have the same record
      found     UnstableProjector gave two results for the same message
                the result depends on something outside the run: the clock, a random value, a static, or the order of a hash map
                first   wrote projection Reading `inst-1` {"instruction_id":"inst-1","values":["N"]}
                second  wrote projection Reading `inst-1` {"instruction_id":"inst-1","values":["N"]}

    run    in a repeated run that differs from the first; the record is from the repeated run
    "#);
}

#[test]
fn handler_without_another_result_is_a_guess() {
    // The two handlers are registered in another order in every run.
    let n_runs = AtomicU32::new(0);
    let domain = move || {
        let builder = Domain::builder("lab").event_from_outside::<Instructed>();
        match n_runs.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => builder.event_handler(Brittle).event_handler(Bystander),
            _ => builder.event_handler(Bystander).event_handler(Brittle),
        }
        .build()
    };

    let flow = FlowHarness::new(domain)
        .check_determinism()
        .when_event(instructed("rest"))
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  two runs have the same record
    found     perhaps Brittle gave two results for the same message
              the result depends on something outside the run: the clock, a random value, a static, or the order of a hash map
              first   event handler Brittle started, attempt 1
              second  event handler Bystander started, attempt 1
    ");
}

#[test]
fn failing_flow_is_checked_for_determinism_too() {
    let failure = unstable()
        .check_determinism()
        .when_event(instructed("hash map"))
        .then_projection::<Reading>("inst-9")
        .try_run()
        .expect_err("there is no such row, and two runs differ");

    let text = mask_line_numbers(&failure.to_string());
    let head = text.split("\n\nwhy").next().unwrap();
    let (first, second) = (r#"["word0","word1"]"#, r#"["word1","word0"]"#);
    insta::assert_snapshot!(head.replace(second, first), @r#"
    flow failed at step 2: then Reading "inst-9"      tests/it/engine/determinism.rs:LINE

      expected  Reading "inst-9"
      found     nothing with this id; the flow stored only Reading "inst-1"

    and at step 2: then Reading "inst-9"      tests/it/engine/determinism.rs:LINE

      expected  two runs have the same record
      found     UnstableProjector gave two results for the same message
                the order probably comes from a hash map: use a `BTreeMap` or a `Vec`
                first   wrote projection Reading `inst-1` {"instruction_id":"inst-1","values":["word0","word1"]}
                second  wrote projection Reading `inst-1` {"instruction_id":"inst-1","values":["word0","word1"]}
    "#);
}

/// The first run has failed already, and 30 more of its length would take long.
#[test]
fn long_run_that_fails_is_repeated_once() {
    let n_runs = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&n_runs);
    let domain = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        lab_domain()
    };

    let flow = FlowHarness::new(domain)
        .mode(Mode::Engine)
        .check_determinism();
    let text = mismatch(flow.when_event(counted(20_000)).then_settled());

    assert!(
        text.contains("did not settle within 10000 deliveries"),
        "{text}"
    );
    assert_eq!(n_runs.load(Ordering::Relaxed), 2);
}
