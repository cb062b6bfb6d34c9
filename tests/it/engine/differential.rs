//! Differential mode: one flow in both modes, and where their results differ.

use ::booking::{PAYMENT_TERM, Room, Status};
use ::shop::{Inventory, OrderDashboard};
use flow_harness::prelude::*;

use crate::fixture::{
    book_room, instructed, mask_line_numbers, payment_received, place_order, rooms,
    rooms_with_mail_down, shop, stock_received, unstable,
};

#[test]
fn differential_mode_passes_if_both_modes_end_equal() {
    shop()
        .mode(Mode::Differential)
        .given_events(stock_received(100))
        .when(place_order())
        .when_event(payment_received())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .then_projection::<OrderDashboard>("ord-1")
        .run();
}

#[test]
fn differential_mode_passes_with_a_scheduled_command() {
    rooms()
        .mode(Mode::Differential)
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .then_projection::<Room>("b-1")
        .has(|room| room.status == Status::Released)
        .run();
}

#[test]
fn differential_mode_finds_a_mode_dependent_handler() {
    let failure = unstable()
        .mode(Mode::Differential)
        .when_event(instructed("which mode"))
        .then_settled()
        .try_run()
        .expect_err("they differ");

    insta::assert_snapshot!(failure.mismatch(), @r#"
    expected  both modes end with the same state
    found     1 difference; if the test expects it, add `.allow_difference(..)`
              Reading "inst-1"
                Mode::Sync    {"instruction_id":"inst-1","values":["inline"]}
                Mode::Engine  {"instruction_id":"inst-1","values":["engine"]}
    "#);
}

#[test]
fn differential_mode_ignores_an_allowed_difference() {
    for difference in ["Reading", "Reading.values", "Reading \"inst-1\""] {
        unstable()
            .mode(Mode::Differential)
            .when_event(instructed("which mode"))
            .then_settled()
            .allow_difference(difference)
            .run();
    }
}

#[test]
fn differential_mode_reports_which_mode_failed() {
    let failure = rooms_with_mail_down(1)
        .mode(Mode::Differential)
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .then_projection::<Room>("b-1")
        .try_run()
        .expect_err("inline it is not tried again");

    insta::assert_snapshot!(mask_line_numbers(&failure.to_string()), @r#"
    flow failed at step 2: when time passes: 3days      tests/it/engine/differential.rs:LINE

      expected  no problem, or a `then` that covers it
      found     GuestMailer failed on RoomReleased: sending the mail failed: the mail server is down
                If the test expects this, add `.then(expect::handler_failed::<GuestMailer>(..))`

    run    in Mode::Sync

    story   1 given  BookRoom { booking_id: "b-1", guest: "ada" }
            2 when   time passes: 3days                            now 2026-01-04T00:00:00Z, a handler failed
            3 then   Room "b-1"                                    ok

    chain  ReleaseRoom                         BookingHandler  stored Booking "b-1"
           └ RoomReleased                      booking-b-1 @2
             ├ PaymentDeadline                 stored PaymentDeadline "b-1"
             ├ GuestMailer                     FAILED: sending the mail failed: the mail server is down   <- here
             └ RoomListProjector               wrote Room "b-1"

    end    nothing pending · 1 handler failed
    rerun  cargo test engine::differential::differential_mode_reports_which_mode_failed
    "#);
}

#[test]
fn differential_mode_fails_inline_on_an_engine_fault() {
    let failure = rooms()
        .mode(Mode::Differential)
        .with_fault(Fault::publish().fails())
        .when(book_room())
        .then_projection::<Room>("b-1")
        .try_run()
        .expect_err("inline nothing is published");

    assert!(
        failure.to_string().contains("run    in Mode::Sync"),
        "{failure}"
    );
}
