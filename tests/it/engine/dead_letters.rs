//! Dead letters: messages whose retries are exhausted.

use ::booking::{GuestMailer, PAYMENT_TERM, Room, Status};
use flow_harness::expect;

use crate::fixture::{book_room, rooms_with_mail_down};

#[test]
fn dead_letter_does_not_stop_other_handlers() {
    rooms_with_mail_down(5)
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .then(
            expect::dead_letters()
                .one()
                .because("the mail server is down"),
        )
        .then(expect::attempts::<GuestMailer>(5))
        .then_projection::<Room>("b-1")
        .has(|room| room.status == Status::Released)
        .run();
}

#[test]
fn unasserted_dead_letter_fails_the_flow() {
    let failure = rooms_with_mail_down(5)
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .then_projection::<Room>("b-1")
        .try_run()
        .expect_err("a dead letter");

    insta::assert_snapshot!(crate::fixture::mask_line_numbers(&failure.to_string()), @r#"
    flow failed at step 2: when time passes: 3days      tests/it/engine/dead_letters.rs:LINE

      expected  no problem, or a `then` that covers it
      found     GuestMailer failed on RoomReleased: sending the mail failed: the mail server is down
                If the test expects this, add `.then(expect::handler_failed::<GuestMailer>(..))`, or `.then(expect::dead_letters())`

    story   1 given  BookRoom { booking_id: "b-1", guest: "ada" }
            2 when   time passes: 3days                            now 2026-01-04T00:00:00Z, a handler failed
                     clock +12m to 2026-01-04T00:12:00Z: only waiting attempts were left
            3 then   Room "b-1"                                    ok

    chain  ReleaseRoom                         BookingHandler  stored Booking "b-1"
           └ RoomReleased                      booking-b-1 @2
             ├ PaymentDeadline                 stored PaymentDeadline "b-1"
             ├ GuestMailer                     FAILED: sending the mail failed: the mail server is down (attempt 5); retries exhaus ..   <- here
             └ RoomListProjector               wrote Room "b-1"

    end    nothing pending · 1 handler failed · 1 dead letter
    rerun  cargo test engine::dead_letters::unasserted_dead_letter_fails_the_flow
    "#);
}

#[test]
fn dead_letter_with_another_reason_fails() {
    let failure = rooms_with_mail_down(5)
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .then(expect::dead_letters().because("disk full"))
        .try_run()
        .expect_err("another reason");

    insta::assert_snapshot!(failure.mismatch(), @r#"
    expected  dead letters because of "disk full"
    found     1 dead letter
              GuestMailer failed on RoomReleased after 5 attempts: sending the mail failed: the mail server is down
    "#);
}

#[test]
fn attempts_are_reported_with_their_outcomes() {
    let failure = rooms_with_mail_down(1)
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .then(expect::attempts::<GuestMailer>(3))
        .try_run()
        .expect_err("two attempts");

    insta::assert_snapshot!(failure.mismatch(), @r"
    expected  GuestMailer tries 3 times
    found     it tried 2 times
              attempt 1 at 2026-01-04T00:00:00Z: sending the mail failed: the mail server is down
              attempt 2 at 2026-01-04T00:01:00Z: handled
    ");
}
