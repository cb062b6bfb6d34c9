//! Submitted commands: the engine handles them later.

use std::time::Duration;

use ::booking::{BookRoom, Booking, BookingError, BookingHandler, Room, RoomBooked, Status};
use flow_harness::prelude::*;
use rstest::rstest;

use crate::fixture::{book_room, mismatch, pay_room, report, rooms};

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
fn expired_command_that_no_then_covers_fails() {
    let expired = || {
        rooms()
            .paused()
            .when_submitted(book_room())
            .with_deadline(Duration::from_secs(60))
            .when_time_passes(Duration::from_secs(61))
            .when_engine_runs()
    };

    insta::assert_snapshot!(mismatch(expired().then_settled()), @"
    expected  the flow settles without problems
    found     `BookRoom` expired at 2026-01-01T00:01:00Z and was not handled: the time is 2026-01-01T00:01:01Z
    ");
    insta::assert_snapshot!(mismatch(expired().then_no_events()), @"
    expected  no problem, or a `then` that covers it
    found     `BookRoom` expired at 2026-01-01T00:01:00Z and was not handled: the time is 2026-01-01T00:01:01Z
              If the test expects this, add `.then(expect::expired::<BookRoom>())`
    ");
}

#[test]
fn report_of_an_expired_command_counts_it() {
    let flow = rooms()
        .paused()
        .when_submitted(book_room())
        .with_deadline(Duration::from_secs(60))
        .when_time_passes(Duration::from_secs(61))
        .when_engine_runs()
        .then(expect::no_event::<RoomBooked>());

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: when the engine runs      tests/it/engine/submitted_commands.rs:LINE

      expected  no problem, or a `then` that covers it
      found     `BookRoom` expired at 2026-01-01T00:01:00Z and was not handled: the time is 2026-01-01T00:01:01Z
                If the test expects this, add `.then(expect::expired::<BookRoom>())`

    story   1 when   BookRoom { booking_id: "b-1", guest: "ada" }  submitted
            2 when   time passes: 1m 1s                            now 2026-01-01T00:01:01Z
            3 when   the engine runs                               a command expired
            4 then   no event RoomBooked                           ok

    chain  BookRoom                            EXPIRED: arrived after its deadline

    end    nothing pending · no handlers failed · 1 command expired · no dead letters
    "#);
}

#[test]
fn command_that_expires_during_its_retries_fails() {
    let retried = || {
        let fails_twice = Fault::handler::<BookingHandler>()
            .panics("out of memory")
            .on_attempts(1..=2);
        rooms()
            .with_fault(fails_twice)
            .when_submitted(book_room())
            .with_deadline(Duration::from_secs(2))
    };

    insta::assert_snapshot!(mismatch(retried().then(expect::attempts::<BookingHandler>(2))), @"
    expected  no problem, or a `then` that covers it
    found     `BookRoom` expired at 2026-01-01T00:00:02Z and was not handled: the time is 2026-01-01T00:00:02.535600000Z
              If the test expects this, add `.then(expect::expired::<BookRoom>())`
    ");
    retried().then(expect::expired::<BookRoom>()).run();
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
