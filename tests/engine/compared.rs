//! One sentence in two modes, and where they end differently.

use ::booking::{PAYMENT_TERM, Room, Status};
use ::shop::{Inventory, OrderDashboard};
use flow_harness::prelude::*;

use crate::fixture::{
    book, odd, paid, place, received, rooms, rooms_with_mail_down, shop, told, without_lines,
};

#[test]
fn a_flow_that_ends_alike_passes_in_both_modes_at_once() {
    shop()
        .mode(Mode::Compared)
        .given_events(received(100))
        .when(place())
        .when_event(paid())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .then_projection::<OrderDashboard>("ord-1")
        .run();
}

#[test]
fn what_is_scheduled_ends_alike() {
    rooms()
        .mode(Mode::Compared)
        .given_command(book())
        .when_time_passes(PAYMENT_TERM)
        .then_projection::<Room>("b-1")
        .has(|room| room.status == Status::Released)
        .run();
}

#[test]
fn a_handler_that_knows_how_it_is_called_is_found_out() {
    let failure = odd()
        .mode(Mode::Compared)
        .when_event(told("which mode"))
        .then_settled()
        .try_run()
        .expect_err("they differ");

    insta::assert_snapshot!(failure.mismatch(), @r#"
    expected  both modes end alike
    found     one difference; if it is legal, say so: `.may_differ(..)`
              Tally "told-1"
                inline  {"told_id":"told-1","what":"inline"}
                engine  {"told_id":"told-1","what":"engine"}
    "#);
}

#[test]
fn a_legal_difference_is_said_in_the_sentence() {
    odd()
        .mode(Mode::Compared)
        .when_event(told("which mode"))
        .then_settled()
        .may_differ("Tally.what")
        .run();
}

#[test]
fn a_sentence_that_passes_in_one_mode_only_says_in_which_it_fails() {
    let failure = rooms_with_mail_down(1)
        .mode(Mode::Compared)
        .given_command(book())
        .when_time_passes(PAYMENT_TERM)
        .then_projection::<Room>("b-1")
        .try_run()
        .expect_err("inline it is not tried again");

    insta::assert_snapshot!(without_lines(&failure.to_string()), @r#"
    flow failed at step 2: when 3days pass      tests/engine/compared.rs:LINE

      expected  nothing goes wrong that no `then` speaks of
      found     GuestMailer on RoomReleased: sending the mail failed: the mail server is down
                If that is the point, say so: `.then_handler_failed::<GuestMailer>(..)`

    run    in Mode::Sync

    story   1 given  BookRoom { booking_id: "b-1", guest: "ada" }
            2 when   3days pass                                    a handler failed
            3 then   Room "b-1"                                    ok

    chain  ReleaseRoom                         BookingHandler  stored Booking "b-1"
           └ RoomReleased                      booking-b-1 @2
             ├ PaymentDeadline                 stored PaymentDeadline "b-1"
             ├ GuestMailer                     FAILED: sending the mail failed: the mail server is down   <- here
             └ RoomListProjector               wrote Room "b-1"

    left   nothing waiting · 1 handler failed
    again  cargo test compared::a_sentence_that_passes_in_one_mode_only_says_in_which_it_fails
    "#);
}

#[test]
fn a_fault_that_only_an_engine_can_have_fails_inline() {
    let failure = rooms()
        .mode(Mode::Compared)
        .with_fault(Fault::publish().fails())
        .when(book())
        .then_projection::<Room>("b-1")
        .try_run()
        .expect_err("inline nothing is published");

    assert!(
        failure.to_string().contains("run    in Mode::Sync"),
        "{failure}"
    );
}
