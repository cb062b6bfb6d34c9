//! Concurrent commands.

use ::booking::{Booking, BookingHandler, PaymentDeadline, RoomBooked, Status};
use flow_harness::prelude::*;
use rstest::rstest;

use crate::fixture::{
    book_room, pay_room, place_order, place_order_with_id, rooms, shop, stock_received,
};

#[rstest]
fn concurrent_commands_on_one_aggregate_conflict(
    #[values(Mode::Sync, Mode::Engine, Mode::Differential)] mode: Mode,
) {
    let outcome = rooms()
        .mode(mode)
        .given_nothing()
        .when_all((book_room(), book_room()))
        .then(expect::accepted_count(1))
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.status == Status::Booked)
        .then_process_manager::<PaymentDeadline>("b-1")
        .run();

    assert_eq!(outcome.events_of::<RoomBooked>().len(), 1);
    assert!(
        outcome.acts()[1]
            .error()
            .is_some_and(flow_domain::Error::is_conflict)
    );
}

#[rstest]
fn concurrent_commands_on_two_aggregates_succeed(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    shop()
        .mode(mode)
        .given_events(stock_received(100))
        .when_all([place_order(), place_order_with_id("ord-2")])
        .then(expect::accepted_count(2))
        .run();
}

/// The second payment loses a race. It decides again, on a room that is paid.
#[rstest]
fn command_that_loses_a_race_decides_again(
    #[values(Mode::Sync, Mode::Engine, Mode::Differential)] mode: Mode,
) {
    let outcome = rooms()
        .mode(mode)
        .given_command(book_room())
        .when_all((pay_room(), pay_room()))
        .then(expect::accepted_count(1))
        .then(expect::attempts::<BookingHandler>(2))
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.status == Status::Paid)
        .run();

    let err = outcome.acts()[1].error().expect("it is too late");
    assert!(err.is_rejection(), "{err}");
}

#[test]
fn unasserted_conflict_fails_the_flow() {
    let failure = rooms()
        .given_nothing()
        .when_all((book_room(), book_room()))
        .then_aggregate::<Booking>("b-1")
        .try_run()
        .expect_err("one conflicts");

    insta::assert_snapshot!(failure.mismatch(), @r#"
    expected  no problem, or a `then` that covers it
    found     BookRoom failed: BookingHandler could not write aggregate Booking `b-1`: expected nothing there, found version 1
              If the test expects this, add `.then(expect::handler_failed_with_message::<BookingHandler>(".."))`
    "#);
}

#[test]
fn wrong_accepted_count_reports_each_command() {
    let failure = rooms()
        .given_nothing()
        .when_all((book_room(), book_room()))
        .then(expect::accepted_count(2))
        .try_run()
        .expect_err("one conflicts");

    insta::assert_snapshot!(failure.mismatch(), @r"
    expected  2 commands are accepted
    found     1 of 2
              BookRoom was accepted
              BookRoom failed: BookingHandler could not write aggregate Booking `b-1`: expected nothing there, found version 1
    ");
}
