//! Scheduled commands, before and after their time.

use std::time::Duration;

use ::booking::{
    Booking, GuestMailer, PAYMENT_TERM, PaymentDeadline, ReleaseRoom, Room, RoomReleased, Status,
};
use flow_domain::clock::VirtualClock;
use flow_harness::prelude::*;
use rstest::rstest;

use crate::fixture::{FlakyMailer, book_room, pay_room, rooms, rooms_with_mail_down};

#[rstest]
fn a_room_that_is_not_paid_in_time_is_free_again(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    rooms()
        .mode(mode)
        .when(book_room())
        .then(expect::scheduled::<ReleaseRoom>())
        .when_time_passes(PAYMENT_TERM)
        .then_event(RoomReleased {
            booking_id: "b-1".into(),
            guest: "ada".into(),
        })
        .then(expect::not_scheduled::<ReleaseRoom>())
        .then_projection::<Room>("b-1")
        .has(|room| room.status == Status::Released)
        .then(expect::resource(|mailer: &FlakyMailer| {
            mailer.state().sent == ["ada"]
        }))
        .run();
}

#[rstest]
fn a_room_that_is_paid_keeps_its_guest(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    rooms()
        .mode(mode)
        .given_command(book_room())
        .when(pay_room())
        .then(expect::not_scheduled::<ReleaseRoom>())
        .when_time_passes(PAYMENT_TERM * 2)
        .then(expect::no_event::<RoomReleased>())
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.status == Status::Paid)
        .unchanged()
        .then_process_manager::<PaymentDeadline>("b-1")
        .has(|deadline| deadline.is_over)
        .unchanged()
        .run();
}

#[rstest]
fn scheduled_command_does_not_run_before_its_time(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let almost = VirtualClock::START + PAYMENT_TERM - Duration::from_micros(1);

    rooms()
        .mode(mode)
        .given_command(book_room())
        .when_time_reaches(almost)
        .then(expect::no_event::<RoomReleased>())
        .then(expect::scheduled::<ReleaseRoom>())
        .when_time_passes(Duration::from_micros(1))
        .then(expect::event_matching(|event: &RoomReleased| {
            event.booking_id == "b-1"
        }))
        .run();
}

#[test]
fn a_mail_server_that_is_down_is_tried_again_after_the_timeout() {
    let outcome = rooms_with_mail_down(4)
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .then(expect::attempts::<GuestMailer>(5))
        .then(expect::dead_letters().none())
        .then(expect::resource(|mailer: &FlakyMailer| {
            mailer.state().sent == ["ada"]
        }))
        .run();

    assert_eq!(
        outcome.resource::<FlakyMailer>().state().failed,
        [
            "attempt 1: sending the mail failed: the mail server is down",
            "attempt 2: sending the mail failed: the mail server is down",
            "attempt 3: sending the mail failed: the mail server is down",
            "attempt 4: sending the mail failed: the mail server is down",
        ]
    );
}
