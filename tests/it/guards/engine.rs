//! Traps of an engine: results that look like a success and are none.

use std::time::Duration;

use ::booking::{
    BookingError, BookingHandler, GuestMailer, PAYMENT_TERM, RoomBooked, RoomReleased, ServerDown,
    Status,
};
use ::shop::{InventoryEventHandler, OrderDashboard, StockLevel};
use flow_domain::{
    message::Priority,
    port::Lane,
    record::{EntryKind, Record},
};
use flow_harness::{fault::StepFault, prelude::*};

use crate::fixture::{
    book_room, counted, instructed, lab, mismatch, pay_room, place_order, rooms, shop,
    stock_received,
};

#[test]
fn submitted_command_is_not_an_accepted_one() {
    let flow = rooms()
        .given_command(book_room())
        .given_command(pay_room())
        .when_submitted(pay_room())
        .then(expect::handler_failed::<BookingHandler>(
            BookingError::NotBooked(Status::Paid),
        ))
        .then_accepted();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  PayRoom is accepted
    found     PayRoom was submitted, so the test does not see its result
              To expect that it was handled, add `.then_handled_by::<..>()`
              To expect that it was rejected, add `.then(expect::handler_failed::<..>(..))`
    ");
}

#[test]
fn passed_time_is_not_an_accepted_command() {
    let flow = rooms()
        .given_command(book_room())
        .when_time_passes(Duration::from_secs(1))
        .then_accepted();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the last act is accepted
    found     the last act was not a command
    ");
}

/// Returns the record indices of the messages that each call of `GuestMailer` handled.
fn handled_message_ids(record: &Record) -> Vec<String> {
    record
        .entries()
        .iter()
        .filter_map(|entry| match entry.kind {
            EntryKind::HandlerStarted {
                handler: "GuestMailer",
                ..
            } => entry.cause,
            _ => None,
        })
        .map(|cause| cause.index().to_string())
        .collect()
}

#[test]
fn redelivered_message_keeps_its_id() {
    let outcome = rooms()
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .when_redelivered(1)
        .then_settled()
        .run();

    let ids = handled_message_ids(outcome.record());
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn event_refused_by_the_store_is_not_recorded() {
    let outcome = shop()
        .mode(Mode::Engine)
        .given_events(stock_received(100))
        .with_fault(Fault::append("inventory-prod-1").conflicts())
        .when(place_order())
        .then(expect::attempts::<InventoryEventHandler>(1))
        .run();

    let events = outcome.events();
    let names: Vec<&str> = events
        .iter()
        .map(|event| event.metadata().message_type.name())
        .collect();
    assert_eq!(names, ["OrderPlaced", "StockReserved"]);
}

#[test]
fn failed_handler_is_reported_before_missing_state() {
    let flow = shop()
        .mode(Mode::Engine)
        .given_events(stock_received(100))
        .with_fault(
            Fault::handler::<InventoryEventHandler>()
                .panics("out of memory")
                .on_attempts(1..=4),
        )
        .when(place_order())
        .then_projection::<StockLevel>("prod-1")
        .has(|level| level.reserved == 2);

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no problem, or a `then` that covers it
    found     InventoryEventHandler failed on OrderPlaced: panicked: out of memory
              If the test expects this, add `.then(expect::handler_failed_with_message::<InventoryEventHandler>(".."))`, or `.then(expect::dead_letters())`
    "#);
}

#[test]
fn assertion_in_a_handler_fails_the_flow() {
    let flow = lab()
        .mode(Mode::Engine)
        .when_event(instructed("panic"))
        .then_projection::<crate::fixture::Tally>("inst-1");

    let text = mismatch(flow);
    assert!(
        text.contains("Brittle failed on Instructed: panicked at"),
        "{text}"
    );
    assert!(text.contains("the beaker broke"), "{text}");
}

#[test]
fn report_of_a_long_chain_is_short() {
    let failure = lab()
        .mode(Mode::Engine)
        .when_event(counted(2_000))
        .then_projection::<crate::fixture::Tally>("none")
        .try_run()
        .expect_err("it is not there");

    let text = failure.to_string();
    assert!(text.lines().count() < 100, "{text}");
    assert!(text.len() < 10_000, "{text}");
}

#[test]
fn time_belongs_to_one_run() {
    let rooms = rooms();
    let run = || {
        rooms
            .given_command(book_room())
            .when_time_passes(PAYMENT_TERM)
            .then(expect::event_matching(|event: &RoomReleased| {
                event.guest == "ada"
            }))
            .run()
    };

    let (first, second) = (run(), run());

    assert_eq!(first.record().to_string(), second.record().to_string());
}

#[test]
fn handlers_run_in_the_same_order_in_both_modes() {
    let called_handlers = |mode: Mode| {
        let outcome = shop()
            .mode(mode)
            .given_events(stock_received(100))
            .when(place_order())
            .then_projection::<OrderDashboard>("ord-1")
            .run();

        outcome
            .record()
            .entries()
            .iter()
            .filter_map(|entry| match entry.kind {
                EntryKind::HandlerStarted { handler, .. } => Some(handler),
                _ => None,
            })
            .collect::<Vec<&str>>()
    };

    assert_eq!(called_handlers(Mode::Sync), called_handlers(Mode::Engine));
}

#[test]
fn fault_at_every_step_needs_a_delivery() {
    let inline = rooms()
        .mode(Mode::Sync)
        .when(book_room())
        .then_settled()
        .fault_at_every_step(StepFault::Fails);
    let idle = rooms()
        .given_command(book_room())
        .when_time_passes(Duration::from_secs(1))
        .then_settled()
        .fault_at_every_step(StepFault::Fails);

    insta::assert_snapshot!(mismatch(inline), @"
    expected  deliveries at which a fault can happen
    found     `Mode::Sync` has no engine, so it delivers nothing; use `.mode(Mode::Engine)`
    ");
    insta::assert_snapshot!(mismatch(idle), @r"
    expected  deliveries at which a fault can happen
    found     the engine delivered nothing after the first act
    ");
}

#[test]
fn fault_at_every_step_can_be_set_several_times() {
    let flow = lab()
        .mode(Mode::Engine)
        .when_event(counted(1))
        .then(|outcome: &Outcome| match outcome.events().len() {
            1 => Ok(()),
            n => Err(Mismatch::new("one event", format!("{n} events"))),
        })
        .fault_at_every_step(StepFault::Crashes)
        .fault_at_every_step(StepFault::Fails);

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  one event
    found     2 events
    ");
}

#[test]
fn priority_needs_an_act_that_can_have_one() {
    let flow = rooms()
        .given_command(book_room())
        .when_time_passes(Duration::from_secs(1))
        .with_priority(Priority::HIGH)
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  an act that can have a priority, just before
    found     the last step is not a `when`, `when_event` or `when_submitted`
    ");
}

#[test]
fn priority_must_follow_its_act() {
    let flow = rooms()
        .when(book_room())
        .then_accepted()
        .with_priority(Priority::BACKFILL)
        .then(expect::published_on::<RoomBooked>(Lane::Backfill));

    insta::assert_snapshot!(mismatch(flow), @"
    expected  an act that can have a priority, just before
    found     the last step is not a `when`, `when_event` or `when_submitted`
    ");
}

#[test]
fn failed_handler_is_not_covered_by_accepted_count() {
    let flow = rooms()
        .given_command(book_room())
        .with_fault(Fault::handler::<BookingHandler>().panics("out of memory"))
        .when_all((pay_room(), pay_room()))
        .then(expect::accepted_count(1));

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no problem, or a `then` that covers it
    found     PayRoom failed: panicked: out of memory
              If the test expects this, add `.then(expect::handler_failed_with_message::<BookingHandler>(".."))`
    "#);
}

#[test]
fn fault_that_happens_too_rarely_fails() {
    let times = rooms()
        .with_fault(Fault::publish().fails().times(20))
        .when(book_room())
        .then(expect::publish_failed::<RoomBooked>());
    let attempts = rooms()
        .given_command(book_room())
        .with_fault(
            Fault::handler::<GuestMailer>()
                .fails(ServerDown)
                .on_attempts(1..=9),
        )
        .when_time_passes(PAYMENT_TERM)
        .then(expect::dead_letters().one());

    insta::assert_snapshot!(mismatch(times), @"
    expected  the fault happens: publishing fails, 20 times
    found     the fault happened only 10 times
    ");
    insta::assert_snapshot!(mismatch(attempts), @"
    expected  the fault happens: GuestMailer fails: the mail server is down, on attempts 1 to 9
    found     attempt 5 was the last attempt
    ");
}

#[test]
fn fault_needs_a_valid_stream_name() {
    let flow = shop()
        .mode(Mode::Engine)
        .with_fault(Fault::append("inventory").conflicts())
        .when(place_order())
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  a fault that can happen: an append conflicts
    found     `inventory` is not the name of a stream: it should look like `order-ord-001`
    ");
}

#[test]
fn allowed_difference_must_exist() {
    let flow = rooms()
        .mode(Mode::Differential)
        .when(book_room())
        .then_settled()
        .allow_difference("Roooom");

    insta::assert_snapshot!(mismatch(flow), @"
    expected  each allowed difference names a type, a `Type.field` or the title of a difference
    found     no match for `Roooom`
    ");
}
