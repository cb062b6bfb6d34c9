//! Submitted commands: the engine handles them later.

use std::time::Duration;

use ::booking::{BookRoom, Booking, BookingError, BookingHandler, Room, Status};
use flow_harness::prelude::*;
use rstest::rstest;

use crate::fixture::{book_room, pay_room, rooms};

#[rstest]
fn submitted_command_is_processed(
    #[values(Mode::Sync, Mode::Engine, Mode::Differential)] mode: Mode,
) {
    rooms()
        .mode(mode)
        .when_submitted(book_room())
        .then_handled_by::<BookingHandler>()
        .times(1)
        .then_projection::<Room>("b-1")
        .run();
}

#[rstest]
fn submitted_command_rejection_is_reported(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    rooms()
        .mode(mode)
        .given_command(book_room())
        .given_command(pay_room())
        .when_submitted(pay_room())
        .then(expect::handler_failed::<BookingHandler>(
            BookingError::NotBooked(Status::Paid),
        ))
        .then(expect::dead_letters().none())
        .run();
}

#[test]
fn expired_command_is_skipped_and_reported() {
    rooms()
        .paused()
        .when_submitted(book_room())
        .with_deadline(Duration::from_secs(60))
        .then(expect::pending(1).in_outbox())
        .when_time_passes(Duration::from_secs(61))
        .when_engine_runs()
        .then(expect::expired::<BookRoom>())
        .then(expect::attempts::<BookingHandler>(0))
        .then_aggregate::<Booking>("b-1")
        .absent()
        .run();
}

#[test]
fn command_before_its_deadline_does_not_expire() {
    let failure = rooms()
        .when_submitted(book_room())
        .with_deadline(Duration::from_secs(60))
        .then(expect::expired::<BookRoom>())
        .try_run()
        .expect_err("it came in time");

    insta::assert_snapshot!(failure.mismatch(), @"
    expected  BookRoom expires
    found     BookRoom has the deadline 2026-01-01T00:01:00Z and was handled at 2026-01-01T00:00:00Z
    ");
}
