//! A method that is given nothing fails the flow: an empty list, no time, the number 0.

use std::{collections::BTreeSet, fmt::Write, fs, path::Path, time::Duration};

use ::booking::{BookRoom, BookingHandler, GuestMailer, PayRoom, Room};
use flow_domain::clock::VirtualClock;
use flow_harness::{Flow, Invariant, flow::Given, prelude::*, schema::SchemaCheck};

use crate::fixture::{book_room, masked_panic_text, mismatch, rooms};

/// A public method, and the text with which it fails in this mode if it is given nothing.
type Case = (&'static str, fn(Mode) -> String);

/// All methods that can be given nothing. A path begins with the part of the API.
#[rustfmt::skip]
const CASES: &[Case] = &[
    ("flow.given_events", |mode| mismatch(begin(mode).given_events(()).when(book_room()).then_accepted())),
    ("flow.given_stored", |mode| mismatch(begin(mode).given_stored("room-1", [("", ""); 0]).when(book_room()).then_accepted())),
    ("flow.when_all", |mode| mismatch(begin(mode).when_all(Vec::<BookRoom>::new()).then_no_events())),
    ("flow.when_all", |mode| mismatch(begin(mode).when_all(book_room()).then_no_events())),
    ("flow.when_time_passes", |mode| mismatch(begin(mode).when_time_passes(Duration::ZERO).then_no_events())),
    ("flow.when_time_reaches", |mode| mismatch(begin(mode).when_time_reaches(VirtualClock::START).then_no_events())),
    ("flow.when_engine_cycles", |mode| mismatch(begin(mode).when_engine_cycles(0).then_no_events())),
    ("flow.when_redelivered", |mode| mismatch(booked(mode).when_redelivered(0).then_no_events())),
    ("flow.with_deadline", |mode| mismatch(booked(mode).with_deadline(Duration::ZERO).then_accepted())),
    ("flow.disable_invariant", |mode| mismatch(booked(mode).then_accepted().disable_invariant(Invariant::Fold, ""))),
    ("flow.allow_difference", |mode| mismatch(booked(mode).then_accepted().allow_difference(" "))),
    ("flow.then_events", |mode| mismatch(booked(mode).then_events(()))),
    ("flow.like", |mode| mismatch(booked(mode).then_projection::<Room>("b-1").like(json!({})))),

    ("fault.times", |mode| fault(mode, Fault::handler::<BookingHandler>().panics("fire").times(0))),
    ("fault.nth", |mode| fault(mode, Fault::handler::<BookingHandler>().panics("fire").nth(0))),
    ("fault.on_attempts", |mode| fault(mode, Fault::handler::<BookingHandler>().panics("fire").on_attempts(0..=0))),
    ("fault.fails_at_call", |mode| fault(mode, Fault::resource::<NeverCalled>().fails_at_call(0))),
    ("fault.restart_after", |mode| fault(mode, Fault::restart_after(0))),
    ("fault.append", |mode| fault(mode, Fault::append("").conflicts())),

    ("expect.events", |mode| mismatch(booked(mode).then(expect::events(())))),
    ("expect.commands", |mode| mismatch(booked(mode).then(expect::commands(Vec::<PayRoom>::new())))),
    ("expect.scheduled_times", |mode| mismatch(booked(mode).then(expect::scheduled_times::<::booking::ReleaseRoom>(0)))),
    ("expect.chain", |mode| mismatch(booked(mode).then(expect::chain([])))),
    ("expect.rejected_with_message", |mode| mismatch(booked(mode).then(expect::rejected_with_message("")))),
    ("expect.component_failed", |mode| mismatch(booked(mode).then(expect::component_failed("mailer", "")))),
    ("expect.handler_failed_with_message", |mode| mismatch(booked(mode).then(expect::handler_failed_with_message::<GuestMailer>("")))),
    ("expect.because", |mode| mismatch(booked(mode).then(expect::dead_letters().because("")))),
    ("expect.like", |mode| mismatch(booked(mode).then(expect::projection::<Room>("b-1").like(json!({}))))),

    ("unit.given_events", |_| masked_panic_text(|| drop(unit::<::shop::Inventory>().given_events(())))),
    ("unit.disable_invariant", |_| masked_panic_text(|| drop(unit::<::shop::Inventory>().given_nothing().disable_invariant(Invariant::Fold, "")))),
    ("unit.then_events", |_| masked_panic_text(|| drop(unit_order().then_events(())))),
    ("unit.like", |_| masked_panic_text(|| drop(unit_order().like(json!({}))))),

    ("schema.sample", |_| schema(|check| check.sample(Vec::<::booking::RoomBooked>::new()))),
    ("schema.stored_sample", |_| schema(|check| check.stored_sample("order", "", "{}"))),
    ("schema.samples_from", |mode| {
        let outcome = begin(mode).when_time_passes(Duration::from_secs(1)).then_no_events().run();
        schema(|check| check.samples_from(&outcome))
    }),
];

/// Methods that take one value, a type or a closure. None of these can be empty by itself.
#[rustfmt::skip]
const TAKES_ONE_VALUE: &[&str] = &[
    "flow.new", "flow.mode", "flow.backend", "flow.compare_backend", "flow.resource", "flow.given_aggregate", "flow.given_command", "flow.with_fault",
    "flow.when", "flow.when_submitted", "flow.when_event", "flow.when_with", "flow.with_priority",
    "flow.fault_at_every_step", "flow.then", "flow.then_event", "flow.then_rejected", "flow.then_reply",
    "flow.then_event_matching", "flow.then_rejected_matching", "flow.then_system", "flow.shuffle_workers",
    "flow.then_aggregate", "flow.then_projection", "flow.then_process_manager", "flow.is", "flow.has",
    "fault.fails", "fault.panics",
    "expect.event", "expect.event_matching", "expect.rejected", "expect.rejected_matching", "expect.reply",
    "expect.handler_failed", "expect.published_on", "expect.resource", "expect.aggregate", "expect.projection",
    "expect.process_manager", "expect.is", "expect.has", "expect.all", "expect.any", "expect.none",
    "expect.new", "expect.with_differences",
    "unit.given_aggregate", "unit.when", "unit.then", "unit.then_event", "unit.then_rejected", "unit.then_reply",
    "unit.is", "unit.has",
    "schema.new", "schema.update",
];

/// Methods whose number may be 0: it counts what was found, or it is a limit.
const COUNTS: &[&str] = &[
    "flow.budget",
    "flow.times",
    "expect.accepted_count",
    "expect.attempts",
    "expect.count",
    "expect.pending",
    "expect.times",
];

/// The parts of the API, each with its files or folders.
const SOURCES: [(&str, &str); 5] = [
    ("flow", "src/flow"),
    ("fault", "src/system/fault/script.rs"),
    ("expect", "src/expect"),
    ("unit", "src/unit"),
    ("schema", "src/schema/check.rs"),
];

/// A fake for a fault that is refused before it is looked up.
#[derive(Debug, Default)]
struct NeverCalled(flow_harness::fault::CallScript);

impl flow_harness::fault::Failable for NeverCalled {
    fn call_script(&self) -> &flow_harness::fault::CallScript {
        &self.0
    }
}

fn begin(mode: Mode) -> Flow<'static, Given> {
    rooms().mode(mode).given_nothing()
}

fn booked(mode: Mode) -> Flow<'static, flow_harness::flow::Acted> {
    begin(mode).when(book_room())
}

fn fault(mode: Mode, fault: Fault) -> String {
    mismatch(
        begin(mode)
            .with_fault(fault)
            .when(book_room())
            .then_accepted(),
    )
}

fn unit_order() -> flow_harness::unit::UnitOutcome<::shop::Order, Result<(), ::shop::OrderError>> {
    unit::<::shop::Order>()
        .given_aggregate(crate::fixture::draft())
        .when(::shop::Order::place)
}

/// Returns the first problem of a check of the samples.
fn schema(add: impl FnOnce(SchemaCheck) -> SchemaCheck) -> String {
    let domain = ::shop::domain().expect("the domain can work");
    let report = add(SchemaCheck::new(domain, "target/no-such-folder")).try_check();

    let report = report.expect_err("a sample is missing");
    let problem = report.lines().find(|line| line.starts_with("- "));
    problem.expect("there is a problem").to_owned()
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "the snapshot has a text for each method"
)]
fn method_that_is_given_nothing_fails() {
    let texts = |mode| {
        CASES
            .iter()
            .fold(String::new(), |mut texts, (method, text)| {
                writeln!(texts, "{method}\n{}\n", text(mode)).expect("a string takes any text");
                texts
            })
    };
    let in_sync = texts(Mode::Sync);

    pretty_assertions::assert_eq!(texts(Mode::Engine), in_sync);
    pretty_assertions::assert_eq!(texts(Mode::Differential), in_sync);
    insta::assert_snapshot!(in_sync, @r#"
    flow.given_events
      expected  at least one event
      found     none
                If nothing happened before, write `.given_nothing()`

    flow.given_stored
      expected  at least one stored event
      found     none
                If nothing happened before, write `.given_nothing()`

    flow.when_all
      expected  at least one command
      found     none
                Pass the commands, or remove the step

    flow.when_all
      expected  at least two commands, which may get in each other's way
      found     one
                Pass more commands, or use `.when(..)`

    flow.when_time_passes
      expected  at least one microsecond
      found     no time
                What is due now happened in the step before. Pass a longer duration, or remove the step

    flow.when_time_reaches
      expected  a time after 2026-01-01T00:00:00Z, the time of the flow
      found     2026-01-01T00:00:00Z, so no time passes
                Pass a later time, or remove the step

    flow.when_engine_cycles
      expected  at least one cycle
      found     0 cycles
                To leave messages pending, remove the step

    flow.when_redelivered
      expected  at least one redelivery
      found     0 times
                Pass 1 or more, or remove the step

    flow.with_deadline
      expected  a deadline after the act
      found     a deadline at the time of the act
                Pass a longer duration

    flow.disable_invariant
      expected  a reason why the invariant is disabled
      found     no reason; a later reader cannot tell whether the invariant must stay disabled

    flow.allow_difference
      expected  the name of a difference: a type, a field or a title
      found     an empty text
                Copy the title from the report, or remove the call

    flow.then_events
      expected  at least one event
      found     none
                To expect no events, write `expect::no_events()`

    flow.like
      expected  at least one field to compare
      found     an empty object, which every state is like

    fault.times
      expected  a fault that happens at least once
      found     0 times
                Pass 1 or more to `.times(..)`, or remove the fault

    fault.nth
      expected  the number of an occurrence, counted from 1
      found     0
                The first occurrence has the number 1

    fault.on_attempts
      expected  at least one attempt, counted from 1
      found     no attempt
                The first attempt has the number 1: `.on_attempts(1..=1)`

    fault.fails_at_call
      expected  the number of an occurrence, counted from 1
      found     0
                The first occurrence has the number 1

    fault.restart_after
      expected  at least one delivery before the restart
      found     0 deliveries
                Pass 1 to restart the engine after its first delivery

    fault.append
      expected  a fault that can happen: an append conflicts
      found     `` is not the name of a stream: it should look like `order-ord-001`

    expect.events
      expected  at least one event
      found     none
                To expect no events, write `expect::no_events()`

    expect.commands
      expected  at least one command
      found     none
                To expect no commands, write `expect::no_commands()`

    expect.scheduled_times
      expected  at least one scheduled command
      found     0
                To expect none, write `expect::not_scheduled::<..>()`

    expect.chain
      expected  the names of at least two messages, beginning with the last act
      found     fewer than two, so nothing is expected of what the act causes

    expect.rejected_with_message
      expected  a text that is not empty
      found     an empty text, which every message contains

    expect.component_failed
      expected  a text that is not empty
      found     an empty text, which every message contains

    expect.handler_failed_with_message
      expected  a text that is not empty
      found     an empty text, which every message contains

    expect.because
      expected  a text that is not empty
      found     an empty text, which every message contains

    expect.like
      expected  at least one field to compare
      found     an empty object, which every state is like

    unit.given_events
    the test of Inventory is given no events

      expected  at least one event
      found     none
                If nothing happened before, write `.given_nothing()`

    unit.disable_invariant
    the test of Inventory cannot disable an invariant

      expected  a reason why the invariant is disabled
      found     no reason; a later reader cannot tell whether the invariant must stay disabled

    unit.then_events
    unit test of Order failed: then no events      tests/it/guards/empty_input.rs:LINE

      expected  at least one event
      found     none
                To expect no events, write `expect::no_events()`

    unit.like
    unit test of Order failed: then Order "ord-1" like      tests/it/guards/empty_input.rs:LINE

      expected  at least one field to compare
      found     an empty object, which every state is like

    schema.sample
    - the samples of the test: expected at least one message as a sample, found none

    schema.stored_sample
    - a sample of the test: `` is not the type of a message: it should look like `Shop.OrderPlaced.v1`

    schema.samples_from
    - the samples of the test: expected a flow that raised an event, found no event
    "#);
}

#[test]
fn time_in_the_past_fails() {
    let flow = begin(Mode::Sync)
        .when_time_passes(Duration::from_secs(60))
        .when_time_reaches(VirtualClock::START + Duration::from_secs(30))
        .then_no_events();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  a time after 2026-01-01T00:01:00Z, the time of the flow
    found     2026-01-01T00:00:30Z, so no time passes
              Pass a later time, or remove the step
    ");
}

#[test]
fn time_after_the_end_of_time_fails() {
    let flow = begin(Mode::Sync)
        .when_time_passes(Duration::MAX)
        .when_time_passes(Duration::from_secs(1))
        .then_no_events();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  a time after 9999-12-31T23:59:59.999999000Z, the time of the flow
    found     9999-12-31T23:59:59.999999000Z, so no time passes
              Pass a later time, or remove the step
    ");
}

#[test]
fn first_empty_input_is_reported() {
    let flow = begin(Mode::Sync)
        .given_events(())
        .when_all(Vec::<BookRoom>::new())
        .then_no_events();

    assert_eq!(
        crate::fixture::failure(flow).mismatch().expected,
        "at least one event"
    );
}

/// Returns the public functions of a source file that take something.
fn functions_with_input(source: &str) -> Vec<String> {
    let mut names = Vec::new();

    for declaration in source.split("pub fn ").skip(1) {
        let head = declaration.split('{').next().unwrap_or_default();
        let name_end = head.find(['<', '(']).expect("a function has parameters");
        let parameters = parameters(head).unwrap_or_default();
        let mut inputs = parameters
            .split(',')
            .map(str::trim)
            .filter(|input| !input.is_empty() && !["self", "mut self", "&self"].contains(input));
        if inputs.next().is_some() {
            names.push(head[..name_end].to_owned());
        }
    }

    names
}

/// Returns the text between the parentheses of the parameters, which follow the generics.
fn parameters(head: &str) -> Option<&str> {
    let mut depth = 0_i32;
    let mut previous = ' ';
    let open = head.char_indices().find_map(|(idx, letter)| {
        match letter {
            '<' => depth += 1,
            '>' if previous != '-' => depth -= 1,
            _ => {}
        }
        previous = letter;
        (letter == '(' && depth == 0).then_some(idx + 1)
    })?;
    let close = head[open..]
        .find(") ->")
        .or_else(|| head[open..].rfind(')'))?;

    Some(&head[open..open + close])
}

fn rust_files(path: &Path) -> Vec<std::path::PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }

    let entries = fs::read_dir(path).expect("the folder exists");
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths.flat_map(|path| rust_files(&path)).collect()
}

#[test]
fn every_method_with_input_is_in_a_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    for (part, path) in SOURCES {
        for file in rust_files(&root.join(path)) {
            let source = fs::read_to_string(file).expect("a source file");
            let names = functions_with_input(&source).into_iter();
            found.extend(names.map(|name| format!("{part}.{name}")));
        }
    }

    let listed: BTreeSet<String> = CASES
        .iter()
        .map(|(method, _)| method)
        .chain(TAKES_ONE_VALUE)
        .chain(COUNTS)
        .map(|method| (*method).to_owned())
        .collect();
    let unlisted: Vec<&String> = found.difference(&listed).collect();
    let unknown: Vec<&String> = listed.difference(&found).collect();

    assert!(
        unlisted.is_empty(),
        "add each to `CASES` if its input can be empty, or to another list: {unlisted:?}"
    );
    assert!(unknown.is_empty(), "there is no such method: {unknown:?}");
}
