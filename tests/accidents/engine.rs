//! Traps of an engine: what looks like a success and is none.

use std::time::Duration;

use ::booking::{
    BookingError, BookingHandler, GuestMailer, PAYMENT_TERM, RoomBooked, RoomReleased, ServerDown,
    Status,
};
use ::shop::{InventoryEventHandler, OrderDashboard, StockLevel};
use flow_domain::{
    message::Priority,
    port::Lane,
    record::{Happening, Record},
};
use flow_harness::prelude::*;

use crate::{
    fixture::{book, counted, lab, pay, place, received, rooms, shop, told},
    mismatch,
};

#[test]
fn that_it_was_submitted_does_not_mean_that_it_was_accepted() {
    let flow = rooms()
        .given_command(book())
        .given_command(pay())
        .when_submitted(pay())
        .then_handler_failed::<BookingHandler>(BookingError::NotBooked(Status::Paid))
        .then_accepted();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  PayRoom is accepted
    found     PayRoom was submitted, and its answer reaches nobody: `.then_handled_by::<..>()` says that it was handled, `.then_handler_failed::<..>(..)` that it was refused
    ");
}

#[test]
fn that_time_passed_does_not_mean_that_a_command_was_accepted() {
    let flow = rooms()
        .given_command(book())
        .when_time_passes(Duration::from_secs(1))
        .then_accepted();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  time is accepted
    found     the last act was no command
    ");
}

/// The ids of the messages that each start of a handler is about.
fn handled_ids(record: &Record) -> Vec<String> {
    let starts = record
        .entries()
        .iter()
        .filter_map(|entry| match entry.what {
            Happening::HandlerStarted {
                handler: "GuestMailer",
                ..
            } => entry.cause,
            _ => None,
        });
    starts.map(|cause| cause.index().to_string()).collect()
}

#[test]
fn what_comes_again_is_the_same_message_and_not_a_copy() {
    let outcome = rooms()
        .given_command(book())
        .when_time_passes(PAYMENT_TERM)
        .when_redelivered(1)
        .then_settled()
        .run();

    let ids = handled_ids(outcome.record());
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn an_event_that_the_store_refused_was_not_raised() {
    let outcome = shop()
        .mode(Mode::Engine)
        .given_events(received(100))
        .with_fault(Fault::append("inventory-prod-1").conflicts())
        .when(place())
        .then_attempts::<InventoryEventHandler>(2)
        .run();

    let names = outcome.events();
    let names: Vec<&str> = names
        .iter()
        .map(|one| one.metadata().message_type.name())
        .collect();
    assert_eq!(names, ["OrderPlaced", "StockReserved"]);
}

#[test]
fn a_handler_that_fails_is_told_before_what_is_missing_because_of_it() {
    let flow = shop()
        .mode(Mode::Engine)
        .given_events(received(100))
        .with_fault(
            Fault::handler::<InventoryEventHandler>()
                .panics("out of memory")
                .on_attempts(1..=4),
        )
        .when(place())
        .then_projection::<StockLevel>("prod-1")
        .has(|level| level.reserved == 2);

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  nothing goes wrong that no `then` speaks of
    found     InventoryEventHandler on OrderPlaced: panicked at an unknown place: out of memory
              If that is the point, say so: `.then_handler_failed_saying::<InventoryEventHandler>("..")`, or `.then_dead_letters()`
    "#);
}

#[test]
fn an_assertion_in_a_handler_fails_the_sentence() {
    let flow = lab()
        .mode(Mode::Engine)
        .when_event(told("panic"))
        .then_projection::<crate::fixture::Tally>("told-1");

    let text = mismatch(flow);
    assert!(text.contains("Brittle on Told: panicked at"), "{text}");
    assert!(text.contains("the beaker broke"), "{text}");
}

#[test]
fn a_report_of_a_long_chain_is_short() {
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
    let waits = || {
        rooms
            .given_command(book())
            .when_time_passes(PAYMENT_TERM)
            .then_event_like(|event: &RoomReleased| event.guest == "ada")
            .run()
    };

    let (first, second) = (waits(), waits());

    assert_eq!(first.record().to_string(), second.record().to_string());
}

#[test]
fn what_is_handled_inline_comes_in_the_same_order_as_through_the_engine() {
    let order = |mode: Mode| {
        let outcome = shop()
            .mode(mode)
            .given_events(received(100))
            .when(place())
            .then_projection::<OrderDashboard>("ord-1")
            .run();
        let entries = outcome.record().entries().iter();
        let starts = entries.filter_map(|entry| match entry.what {
            Happening::HandlerStarted { handler, .. } => Some(handler),
            _ => None,
        });
        starts.collect::<Vec<&str>>()
    };

    assert_eq!(order(Mode::Sync), order(Mode::Engine));
}

#[test]
fn a_fault_at_every_step_of_nothing_fails() {
    let inline = rooms()
        .mode(Mode::Sync)
        .when(book())
        .then_settled()
        .fault_at_every_step(StepFault::Fails);
    let nothing = rooms()
        .given_command(book())
        .when_time_passes(Duration::from_secs(1))
        .then_settled()
        .fault_at_every_step(StepFault::Fails);

    insta::assert_snapshot!(mismatch(inline), @r"
    expected  deliveries at which a fault can happen
    found     `Mode::Sync` has no engine that delivers anything: `.mode(Mode::Engine)`
    ");
    insta::assert_snapshot!(mismatch(nothing), @r"
    expected  deliveries at which a fault can happen
    found     the engine delivered nothing after the first act
    ");
}

#[test]
fn each_of_several_faults_at_every_step_counts() {
    let flow = lab()
        .mode(Mode::Engine)
        .when_event(counted(1))
        .then(|outcome: &Outcome| match outcome.events().len() {
            1 => Ok(()),
            n => Err(Mismatch::new("one event", format!("{n} events"))),
        })
        .fault_at_every_step(StepFault::Dies)
        .fault_at_every_step(StepFault::Fails);

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  one event
    found     2 events
    ");
}

#[test]
fn a_priority_that_nothing_has_fails() {
    let flow = rooms()
        .given_command(book())
        .when_time_passes(Duration::from_secs(1))
        .with_priority(Priority::HIGH)
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  an act that can have a priority
    found     the last act is no `when`, `when_event` or `when_submitted`
    ");
}

#[test]
fn a_priority_is_that_of_the_last_act_wherever_it_is_said() {
    rooms()
        .when(book())
        .then_accepted()
        .with_priority(Priority::BACKFILL)
        .then_lane::<RoomBooked>(Lane::Backfill)
        .run();
}

#[test]
fn a_redelivery_of_no_times_fails() {
    let flow = rooms().when(book()).when_redelivered(0).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  a redelivery
    found     0 times is none
    ");
}

#[test]
fn a_handler_that_broke_is_not_excused_by_those_that_were_second() {
    let flow = rooms()
        .given_command(book())
        .with_fault(Fault::handler::<BookingHandler>().panics("out of memory"))
        .when_all((pay(), pay()))
        .then_accepted_of(1);

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  nothing goes wrong that no `then` speaks of
    found     PayRoom failed: panicked at an unknown place: out of memory
    ");
}

#[test]
fn a_fault_that_happens_less_often_than_said_fails() {
    let times = rooms()
        .with_fault(Fault::publish().fails().times(20))
        .when(book())
        .then_dead_letters()
        .none();
    let attempts = rooms()
        .given_command(book())
        .with_fault(
            Fault::handler::<GuestMailer>()
                .fails(ServerDown)
                .on_attempts(1..=9),
        )
        .when_time_passes(PAYMENT_TERM)
        .then_dead_letters()
        .one();

    insta::assert_snapshot!(mismatch(times), @r"
    expected  the fault happens: publishing fails, 20 times
    found     it happened 10 times only
    ");
    insta::assert_snapshot!(mismatch(attempts), @r"
    expected  the fault happens: GuestMailer fails: the mail server is down, on attempts 1 to 9
    found     there was no attempt after number 5
    ");
}

#[test]
fn what_may_differ_must_be_there() {
    let flow = rooms()
        .mode(Mode::Compared)
        .when(book())
        .then_settled()
        .may_differ("Roooom");

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  something that may differ, by its type, `Type.field` or title
    found     nothing is called `Roooom`
    ");
}
