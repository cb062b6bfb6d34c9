//! An engine that waits to be told, and what is read too early.

use ::booking::{PAYMENT_TERM, PaymentDeadline, Room, RoomBooked, RoomListProjector, RoomReleased};

use crate::fixture::{book, mask_line_numbers, rooms};

#[test]
fn paused_engine_keeps_messages_pending() {
    rooms()
        .paused()
        .when(book())
        .then_accepted()
        .then_pending_in_outbox(1)
        .when_engine_runs()
        .then_pending(0)
        .then_projection::<Room>("b-1")
        .run();
}

#[test]
fn engine_cycles_advance_step_by_step() {
    rooms()
        .paused()
        .given_command(book())
        .when_time_passes(PAYMENT_TERM)
        .then_pending_in_outbox(1)
        .when_engine_cycles(1)
        .then_pending_in_outbox(1)
        .when_engine_cycles(1)
        .then_pending(0)
        .then_event_like(|event: &RoomReleased| event.guest == "ada")
        .run();
}

#[test]
fn early_projection_read_reports_pending_messages() {
    let failure = rooms()
        .paused()
        .when(book())
        .then_projection::<Room>("b-1")
        .try_run()
        .expect_err("the engine did not run");

    insta::assert_snapshot!(mask_line_numbers(&failure.to_string()), @r#"
    flow failed at step 2: then Room "b-1"      tests/engine/pending_messages.rs:LINE

      expected  nothing waits when it is asked for Room "b-1"
      found     the outbox has 1 to publish
                Add `.when_engine_runs()` before it, or say `.then_pending(..)` if that is the point

    why    RoomBooked waits in the outbox, to be published: the engine has not run since
    do     let the engine run first: `.when_engine_runs()`

    story   1 when   BookRoom { booking_id: "b-1", guest: "ada" }  accepted
            2 then   Room "b-1"                                    FAILED

    chain  BookRoom                            BookingHandler  stored Booking "b-1"   <- here
           └ RoomBooked                        booking-b-1 @1

    left   1 waiting · no handlers failed · no dead letters
    again  cargo test pending_messages::early_projection_read_reports_pending_messages
    "#);
}

#[test]
fn pending_message_is_reported_with_its_handler() {
    let failure = rooms()
        .paused()
        .when(book())
        .when_engine_cycles(0)
        .then_pending_for::<PaymentDeadline>(3)
        .try_run()
        .expect_err("it is in the outbox");

    insta::assert_snapshot!(failure.mismatch(), @r"
    expected  3 messages wait for PaymentDeadline
    found     the outbox has 1 to publish
    ");
}

#[test]
fn pending_messages_at_the_end_fail_the_flow() {
    let failure = rooms()
        .paused()
        .when(book())
        .then_event_like(|event: &RoomBooked| event.guest == "ada")
        .try_run()
        .expect_err("a message waits");

    insta::assert_snapshot!(failure.mismatch(), @r"
    expected  nothing waits at the end
    found     the outbox has 1 to publish
              End with `.when_engine_runs()` and what is expected then, or say `.then_pending(..)`
    ");
}

#[test]
fn unpaused_engine_leaves_no_pending_message() {
    let failure = rooms()
        .when(book())
        .then_pending_for::<RoomListProjector>(1)
        .try_run()
        .expect_err("nothing waits");

    insta::assert_snapshot!(failure.mismatch(), @r"
    expected  1 message waits for RoomListProjector
    found     nothing waits
              the engine runs after every act: `.paused()` on the harness keeps it from that
    ");
}
