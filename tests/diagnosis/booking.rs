//! The booking of rooms, where time passes, with one thing wrong: which of two causes it is.

use std::sync::Arc;

use ::booking::{BookRoom, Booking, InMemoryMailer, PAYMENT_TERM, PaymentDeadline, Status};
use flow_domain::mutation::{Edit, Mutation, MutationKind};
use flow_harness::prelude::*;

use crate::diagnosis_in_both_modes;

/// The booking of rooms in which `handler` makes this mistake with `message`.
fn booking_with(mode: Mode, (handler, message): (&str, &str), change: MutationKind) -> FlowHarness {
    let mutation = Mutation {
        handler: handler.into(),
        message: message.into(),
        kind: change,
    };
    let domain = || ::booking::domain(Arc::<InMemoryMailer>::default());
    FlowHarness::new(move || domain().map(|domain| domain.mutated(&mutation))).mode(mode)
}

fn book() -> BookRoom {
    BookRoom {
        booking_id: "b-1".into(),
        guest: "ada".into(),
    }
}

fn swapped_fields(one: &str, other: &str) -> MutationKind {
    MutationKind::Miswrites("Booking".into(), Edit::Swap(one.into(), other.into()))
}

#[test]
fn wrong_key_ranks_before_a_scheduled_command() {
    let flow = |mode| {
        booking_with(
            mode,
            ("BookingHandler", "BookRoom"),
            swapped_fields("booking_id", "guest"),
        )
        .when(book())
        .then_aggregate::<Booking>("b-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    18 BookingHandler handled BookRoom and looked for Booking "ada", its `guest`, and not for "b-1", its `booking_id`
    do look it up by `booking_id` in BookingHandler
    or 6 ReleaseRoom is scheduled for 2026-01-04T00:00:00Z, which has not come
    "#);
}

#[test]
fn missing_route_ranks_first_without_state() {
    let flow = |mode| {
        booking_with(mode, ("BookingHandler", "BookRoom"), MutationKind::Unrouted)
            .when(book())
            .then_accepted()
            .then_aggregate::<Booking>("b-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    1 nobody handles the command BookRoom
    do name BookRoom in the routes of BookingHandler, which handles others of the same aggregate: `on.command(..)`
    ");
}

#[test]
fn stored_state_cannot_be_read() {
    let flow = |mode| {
        booking_with(
            mode,
            ("BookingHandler", "BookRoom"),
            swapped_fields("guest", "status"),
        )
        .when(book())
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.guest == "ada")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"24 BookingHandler handled BookRoom and wrote Booking "b-1", which cannot be read: reading `Booking` failed: unknown variant `ada`, expected one of `Booked`, `Paid`, `Released` at line 1 column 51"#);
}

#[test]
fn stored_state_differs() {
    let flow = |mode| {
        booking_with(
            mode,
            ("BookingHandler", "BookRoom"),
            MutationKind::Miswrites("Booking".into(), Edit::Extend("guest".into())),
        )
        .when(book())
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.guest == "ada")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    15 booking_id, status were set last by BookingHandler on BookRoom
    guest was set last by BookingHandler on BookRoom; the value comes from BookingHandler: the `guest` of BookRoom is "ada"
    or 6 ReleaseRoom is scheduled for 2026-01-04T00:00:00Z, which has not come
    "#);
}

#[test]
fn process_manager_misses_the_event_of_its_command() {
    let flow = |mode| {
        booking_with(
            mode,
            ("PaymentDeadline", "RoomReleased"),
            MutationKind::Unrouted,
        )
        .when(book())
        .then_accepted()
        .when_time_passes(PAYMENT_TERM)
        .then_process_manager::<PaymentDeadline>("b-1")
        .has(|deadline| deadline.is_over)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    4 RoomReleased was raised, and PaymentDeadline does not handle it
    do add it to the routes of PaymentDeadline: `on.event(Self::on_..)`
    ");
}

#[test]
fn process_manager_waits_for_its_scheduled_command() {
    let flow = |mode| {
        booking_with(
            mode,
            ("GuestMailer", "RoomReleased"),
            MutationKind::Unrouted,
        )
        .when(book())
        .then_process_manager::<PaymentDeadline>("b-1")
        .has(|deadline| deadline.is_over)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    15 is_over, timeout were set last by PaymentDeadline on RoomBooked
    or 6 ReleaseRoom is scheduled for 2026-01-04T00:00:00Z, which has not come
    ");
}

#[test]
fn scheduled_command_would_set_the_field() {
    let flow = |mode| {
        booking_with(
            mode,
            ("GuestMailer", "RoomReleased"),
            MutationKind::Unrouted,
        )
        .when(book())
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.status == Status::Released)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    6 ReleaseRoom is scheduled for 2026-01-04T00:00:00Z, which has not come
    do let time pass before it is asked: `.when_time_passes(..)`
    ");
}
