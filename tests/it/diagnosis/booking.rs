//! The booking system with one mistake, where two causes compete.

use std::sync::Arc;

use ::booking::{Booking, InMemoryMailer, PAYMENT_TERM, PaymentDeadline, RoomReleased, Status};
use flow_domain::testing::mutation::MutationKind;
use flow_harness::prelude::*;

use crate::{
    diagnosis::diagnosis_text::diagnosis_in_both_modes,
    fixture::{book_room, extend, mutation, pay_room, swap},
};

/// Returns the booking system in which `handler` has this mutation for `message`.
fn booking_with(mode: Mode, (handler, message): (&str, &str), kind: MutationKind) -> FlowHarness {
    let mutation = mutation(handler, message, kind);
    let domain = || ::booking::domain(Arc::<InMemoryMailer>::default());

    FlowHarness::new(move || domain().map(|domain| domain.mutated(&mutation))).mode(mode)
}

fn swapped_fields(first: &str, second: &str) -> MutationKind {
    MutationKind::Miswrites("Booking".into(), swap(first, second))
}

#[test]
fn wrong_key_ranks_before_a_scheduled_command() {
    let flow = |mode| {
        booking_with(
            mode,
            ("BookingHandler", "BookRoom"),
            swapped_fields("booking_id", "guest"),
        )
        .when(book_room())
        .then_aggregate::<Booking>("b-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 18 BookingHandler handled BookRoom and looked up Booking "ada" (the `guest` of BookRoom) instead of "b-1" (the `booking_id`)
    do let BookingHandler use the `booking_id` of BookRoom as the id of Booking
    "#);
}

#[test]
fn missing_route_ranks_first_without_state() {
    let flow = |mode| {
        booking_with(mode, ("BookingHandler", "BookRoom"), MutationKind::Unrouted)
            .when(book_room())
            .then_accepted()
            .then_aggregate::<Booking>("b-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    1 no handler for the command BookRoom
    do add a route for BookRoom to BookingHandler, which handles other commands of the same aggregate: `on.command(..)`
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
        .when(book_room())
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.guest == "ada")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"24 BookingHandler handled BookRoom and wrote Booking "b-1", which cannot be read: deserializing `Booking` failed: unknown variant `ada`, expected one of `Booked`, `Paid`, `Released` at line 1 column 51"#);
}

#[test]
fn stored_state_differs() {
    let flow = |mode| {
        booking_with(
            mode,
            ("BookingHandler", "BookRoom"),
            MutationKind::Miswrites("Booking".into(), extend("guest")),
        )
        .when(book_room())
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.guest == "ada")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 15 BookingHandler handled BookRoom and was the last to set `booking_id`, `status`
    BookingHandler handled BookRoom and was the last to set `guest`; the value comes from BookingHandler, but the `guest` of BookRoom is "ada"
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
        .when(book_room())
        .then_accepted()
        .when_time_passes(PAYMENT_TERM)
        .then_process_manager::<PaymentDeadline>("b-1")
        .has(|deadline| deadline.is_over)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    4 RoomReleased was raised, but PaymentDeadline does not handle it
    do add a route for RoomReleased to PaymentDeadline: `on.event(Self::the_method)`
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
        .when(book_room())
        .then_process_manager::<PaymentDeadline>("b-1")
        .has(|deadline| deadline.is_over)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"perhaps 15 PaymentDeadline handled RoomBooked and was the last to set `is_over`, `timeout`");
}

#[test]
fn scheduled_command_would_set_the_field() {
    let flow = |mode| {
        booking_with(
            mode,
            ("GuestMailer", "RoomReleased"),
            MutationKind::Unrouted,
        )
        .when(book_room())
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.status == Status::Released)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 6 ReleaseRoom is scheduled for 2026-01-04T00:00:00Z and is not due yet
    do let time pass before this step: `.when_time_passes(..)`
    ");
}

#[test]
fn cancelled_command_was_not_delivered() {
    let flow = |mode| {
        let domain = || ::booking::domain(Arc::<InMemoryMailer>::default());

        FlowHarness::new(domain)
            .mode(mode)
            .when(book_room())
            .when(pay_room())
            .when_time_passes(PAYMENT_TERM)
            .then(expect::event_matching(|_: &RoomReleased| true))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"28 ReleaseRoom was cancelled");
}
