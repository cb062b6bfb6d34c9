//! Typical test flows of the booking system.

use std::sync::Arc;

use ::booking::{
    BookRoom, Booking, BookingError, InMemoryMailer, PAYMENT_TERM, PayRoom, PaymentDeadline,
    ReleaseRoom, Room, RoomBooked, RoomPaid, RoomReleased, Status,
};
use flow_domain::{Domain, WiringErrors};
use flow_harness::prelude::*;

use crate::mutation::flows::{FlowResult, NamedFlow};

pub(crate) const FLOWS: &[NamedFlow] = &[
    ("a room is booked", book_room),
    ("a room is paid", pay_room),
    ("a room is not paid in time", release_unpaid_room),
    ("a room is given up", release_room),
    ("a room is paid too late", pay_room_too_late),
];

pub(crate) fn domain() -> Result<Domain, WiringErrors> {
    ::booking::domain(Arc::<InMemoryMailer>::default())
}

fn book_room_command() -> BookRoom {
    BookRoom {
        booking_id: "b-1".into(),
        guest: "ada".into(),
    }
}

fn pay_room_command() -> PayRoom {
    PayRoom {
        booking_id: "b-1".into(),
    }
}

fn room_released() -> RoomReleased {
    RoomReleased {
        booking_id: "b-1".into(),
        guest: "ada".into(),
    }
}

fn room(status: Status) -> Room {
    Room {
        booking_id: "b-1".into(),
        guest: "ada".into(),
        status,
    }
}

fn book_room(booking: &FlowHarness) -> FlowResult {
    booking
        .when(book_room_command())
        .then_events(RoomBooked {
            booking_id: "b-1".into(),
            guest: "ada".into(),
        })
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.guest == "ada" && booking.status == Status::Booked)
        .then_projection::<Room>("b-1")
        .is(room(Status::Booked))
        .then_process_manager::<PaymentDeadline>("b-1")
        .has(|deadline| deadline.timeout.is_some() && !deadline.is_over)
        .then(expect::scheduled::<ReleaseRoom>())
        .try_run()
}

fn pay_room(booking: &FlowHarness) -> FlowResult {
    booking
        .given_command(book_room_command())
        .when(pay_room_command())
        .then_events(RoomPaid {
            booking_id: "b-1".into(),
        })
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.status == Status::Paid)
        .then_projection::<Room>("b-1")
        .is(room(Status::Paid))
        .then_process_manager::<PaymentDeadline>("b-1")
        .has(|deadline| deadline.is_over)
        .then(expect::not_scheduled::<ReleaseRoom>())
        .try_run()
}

fn release_unpaid_room(booking: &FlowHarness) -> FlowResult {
    booking
        .when(book_room_command())
        .then_accepted()
        .when_time_passes(PAYMENT_TERM)
        .then_event(room_released())
        .then_projection::<Room>("b-1")
        .is(room(Status::Released))
        .then_process_manager::<PaymentDeadline>("b-1")
        .is(PaymentDeadline {
            timeout: None,
            is_over: true,
        })
        .try_run()
}

fn release_room(booking: &FlowHarness) -> FlowResult {
    booking
        .given_command(book_room_command())
        .when(ReleaseRoom {
            booking_id: "b-1".into(),
        })
        .then_events(room_released())
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.status == Status::Released)
        .then(expect::projections::<Room>().all(|room| room.status == Status::Released))
        .try_run()
}

fn pay_room_too_late(booking: &FlowHarness) -> FlowResult {
    booking
        .given_command(book_room_command())
        .when_time_passes(PAYMENT_TERM)
        .when(pay_room_command())
        .then_rejected(BookingError::NotBooked(Status::Released))
        .then_no_events()
        .then_projection::<Room>("b-1")
        .is(room(Status::Released))
        .unchanged()
        .try_run()
}
