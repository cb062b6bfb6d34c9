//! The booking of rooms, where time passes, with one thing wrong: which of two causes it is.

use std::sync::Arc;

use ::booking::{BookRoom, Booking, KeptMails, PAYMENT_TERM, PaymentDeadline, Status};
use flow_domain::mutation::{Change, Edit, Mutation};
use flow_harness::prelude::*;

use crate::why_in_both;

/// The booking of rooms in which `handler` makes this mistake with `message`.
fn booking_with(mode: Mode, (handler, message): (&str, &str), change: Change) -> FlowHarness {
    let mutation = Mutation {
        handler: handler.into(),
        message: message.into(),
        change,
    };
    let domain = || ::booking::domain(Arc::<KeptMails>::default());
    FlowHarness::new(move || domain().map(|domain| domain.mutated(&mutation))).mode(mode)
}

fn book() -> BookRoom {
    BookRoom {
        booking_id: "b-1".into(),
        guest: "ada".into(),
    }
}

fn swapped(one: &str, other: &str) -> Change {
    Change::Miswrites("Booking".into(), Edit::Swap(one.into(), other.into()))
}

#[test]
fn it_is_kept_under_another_id_and_a_command_that_writes_it_is_scheduled() {
    let flow = |mode| {
        booking_with(
            mode,
            ("BookingHandler", "BookRoom"),
            swapped("booking_id", "guest"),
        )
        .when(book())
        .then_aggregate::<Booking>("b-1")
    };

    insta::assert_snapshot!(why_in_both(flow), @r#"
    18 BookingHandler handled BookRoom and looked for Booking "ada", its `guest`, and not for "b-1", its `booking_id`
    do look it up by `booking_id` in BookingHandler
    or 6 ReleaseRoom is scheduled for 2026-01-04T00:00:00Z, which has not come
    "#);
}

#[test]
fn nothing_is_kept_and_nothing_is_scheduled() {
    let flow = |mode| {
        booking_with(mode, ("BookingHandler", "BookRoom"), Change::Unrouted)
            .when(book())
            .then_accepted()
            .then_aggregate::<Booking>("b-1")
    };

    insta::assert_snapshot!(why_in_both(flow), @r"
    1 nobody handles the command BookRoom
    do name BookRoom in the routes of BookingHandler, which handles others of the same aggregate: `on.command(..)`
    ");
}

#[test]
fn what_is_kept_cannot_be_read() {
    let flow = |mode| {
        booking_with(
            mode,
            ("BookingHandler", "BookRoom"),
            swapped("guest", "status"),
        )
        .when(book())
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.guest == "ada")
    };

    insta::assert_snapshot!(why_in_both(flow), @r#"24 BookingHandler handled BookRoom and wrote Booking "b-1", which cannot be read: reading `Booking` failed: unknown variant `ada`, expected one of `Booked`, `Paid`, `Released` at line 1 column 51"#);
}

#[test]
fn what_is_kept_is_read_and_is_something_else() {
    let flow = |mode| {
        booking_with(
            mode,
            ("BookingHandler", "BookRoom"),
            Change::Miswrites("Booking".into(), Edit::Extend("guest".into())),
        )
        .when(book())
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.guest == "ada")
    };

    insta::assert_snapshot!(why_in_both(flow), @r#"
    15 booking_id, status were set last by BookingHandler on BookRoom
    guest was set last by BookingHandler on BookRoom; the value comes from BookingHandler: the `guest` of BookRoom is "ada"
    or 6 ReleaseRoom is scheduled for 2026-01-04T00:00:00Z, which has not come
    "#);
}

#[test]
fn a_process_is_not_told_what_came_of_its_command() {
    let flow = |mode| {
        booking_with(mode, ("PaymentDeadline", "RoomReleased"), Change::Unrouted)
            .when(book())
            .then_accepted()
            .when_time_passes(PAYMENT_TERM)
            .then_process_manager::<PaymentDeadline>("b-1")
            .has(|deadline| deadline.is_over)
    };

    insta::assert_snapshot!(why_in_both(flow), @r"
    4 RoomReleased was raised, and PaymentDeadline does not handle it
    do add it to the routes of PaymentDeadline: `on.event(Self::on_..)`
    ");
}

#[test]
fn a_process_is_told_and_its_command_is_still_scheduled() {
    let flow = |mode| {
        booking_with(mode, ("GuestMailer", "RoomReleased"), Change::Unrouted)
            .when(book())
            .then_process_manager::<PaymentDeadline>("b-1")
            .has(|deadline| deadline.is_over)
    };

    insta::assert_snapshot!(why_in_both(flow), @r"
    15 is_over, timeout were set last by PaymentDeadline on RoomBooked
    or 6 ReleaseRoom is scheduled for 2026-01-04T00:00:00Z, which has not come
    ");
}

#[test]
fn a_field_is_as_it_will_be_when_the_scheduled_command_has_come() {
    let flow = |mode| {
        booking_with(mode, ("GuestMailer", "RoomReleased"), Change::Unrouted)
            .when(book())
            .then_aggregate::<Booking>("b-1")
            .has(|booking| booking.status == Status::Released)
    };

    insta::assert_snapshot!(why_in_both(flow), @r"
    6 ReleaseRoom is scheduled for 2026-01-04T00:00:00Z, which has not come
    do let time pass before it is asked: `.when_time_passes(..)`
    ");
}
