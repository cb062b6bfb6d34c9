//! A paused engine, and state that is read too early.

use ::booking::{
    PAYMENT_TERM, PaymentDeadline, ReleaseRoom, Room, RoomBooked, RoomListProjector, RoomReleased,
};
use flow_harness::{Mode, expect};

use crate::fixture::{book_room, mask_line_numbers, mismatch, rooms};

#[test]
fn paused_engine_keeps_messages_pending() {
    rooms()
        .paused()
        .when(book_room())
        .then_accepted()
        .then(expect::pending(1).in_outbox())
        .when_engine_runs()
        .then(expect::pending(0))
        .then_projection::<Room>("b-1")
        .run();
}

#[test]
fn engine_cycles_advance_step_by_step() {
    rooms()
        .paused()
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .then(expect::pending(1).in_outbox())
        .when_engine_cycles(1)
        .then(expect::pending(1).in_outbox())
        .then(expect::event_matching(|event: &RoomReleased| {
            event.guest == "ada"
        }))
        .when_engine_cycles(1)
        .then(expect::pending(0))
        .run();
}

#[test]
fn not_scheduled_is_not_checked_while_messages_are_pending() {
    let flow = rooms()
        .mode(Mode::Engine)
        .paused()
        .when(book_room())
        .then(expect::not_scheduled::<ReleaseRoom>());

    insta::assert_snapshot!(mismatch(flow), @"
    expected  nothing pending when the test checks ReleaseRoom is not scheduled
    found     the outbox has 1 message to publish
              Add `.when_engine_runs()` before this step. If the test expects pending messages, use `.then(expect::pending(..))` instead
    ");
}

#[test]
fn early_projection_read_reports_pending_messages() {
    let failure = rooms()
        .paused()
        .when(book_room())
        .then_projection::<Room>("b-1")
        .try_run()
        .expect_err("the engine did not run");

    insta::assert_snapshot!(mask_line_numbers(&failure.to_string()), @r#"
    flow failed at step 2: then Room "b-1"      tests/it/engine/pending_messages.rs:LINE

      expected  nothing pending when the test checks Room "b-1"
      found     the outbox has 1 message to publish
                Add `.when_engine_runs()` before this step. If the test expects pending messages, use `.then(expect::pending(..))` instead

    why    RoomBooked is pending in the outbox and not published yet
    fix    let the engine run before this step: `.when_engine_runs()`

    story   1 when   BookRoom { booking_id: "b-1", guest: "ada" }  accepted
            2 then   Room "b-1"                                    FAILED

    chain  BookRoom                            BookingHandler  stored Booking "b-1"   <- here
           └ RoomBooked                        booking-b-1 @1

    end    1 pending · no handlers failed · no dead letters
    rerun  cargo test engine::pending_messages::early_projection_read_reports_pending_messages
    "#);
}

#[test]
fn pending_message_is_reported_with_its_handler() {
    let failure = rooms()
        .paused()
        .when(book_room())
        .then(expect::pending(3).for_handler::<PaymentDeadline>())
        .try_run()
        .expect_err("it is in the outbox");

    insta::assert_snapshot!(failure.mismatch(), @"
    expected  3 messages pending for PaymentDeadline
    found     the outbox has 1 message to publish
    ");
}

#[test]
fn pending_messages_at_the_end_fail_the_flow() {
    let failure = rooms()
        .paused()
        .when(book_room())
        .then(expect::event_matching(|event: &RoomBooked| {
            event.guest == "ada"
        }))
        .try_run()
        .expect_err("a message waits");

    insta::assert_snapshot!(failure.mismatch(), @"
    expected  nothing pending at the end of the flow
    found     the outbox has 1 message to publish
              End the flow with `.when_engine_runs()` and an expectation. If the test expects pending messages, add `.then(expect::pending(..))`
    ");
}

#[test]
fn unpaused_engine_leaves_no_pending_message() {
    let failure = rooms()
        .when(book_room())
        .then(expect::pending(1).for_handler::<RoomListProjector>())
        .try_run()
        .expect_err("nothing waits");

    insta::assert_snapshot!(failure.mismatch(), @"
    expected  1 message pending for RoomListProjector
    found     nothing pending
              the engine runs after every act; to prevent that, call `.paused()` on the harness
    ");
}
