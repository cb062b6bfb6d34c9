//! The flows of the booking of rooms, as one writes them to be sure of it.

use std::sync::Arc;

use ::booking::{
    BookRoom, Booking, BookingError, InMemoryMailer, PAYMENT_TERM, PayRoom, PaymentDeadline,
    ReleaseRoom, Room, RoomBooked, RoomPaid, RoomReleased, Status,
};
use flow_domain::{Domain, WiringErrors};
use flow_harness::prelude::*;

use crate::flows::{FlowResult, NamedFlow};

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

fn book() -> BookRoom {
    BookRoom {
        booking_id: "b-1".into(),
        guest: "ada".into(),
    }
}

fn pay() -> PayRoom {
    PayRoom {
        booking_id: "b-1".into(),
    }
}

fn released() -> RoomReleased {
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
        .when(book())
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
        .then_scheduled::<ReleaseRoom>()
        .try_run()
}

fn pay_room(booking: &FlowHarness) -> FlowResult {
    booking
        .given_command(book())
        .when(pay())
        .then_events(RoomPaid {
            booking_id: "b-1".into(),
        })
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.status == Status::Paid)
        .then_projection::<Room>("b-1")
        .is(room(Status::Paid))
        .then_process_manager::<PaymentDeadline>("b-1")
        .has(|deadline| deadline.is_over)
        .then_not_scheduled::<ReleaseRoom>()
        .try_run()
}

fn release_unpaid_room(booking: &FlowHarness) -> FlowResult {
    booking
        .when(book())
        .then_accepted()
        .when_time_passes(PAYMENT_TERM)
        .then_event(released())
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
        .given_command(book())
        .when(ReleaseRoom {
            booking_id: "b-1".into(),
        })
        .then_events(released())
        .then_aggregate::<Booking>("b-1")
        .has(|booking| booking.status == Status::Released)
        .then_projections::<Room>()
        .all(|room| room.status == Status::Released)
        .try_run()
}

fn pay_room_too_late(booking: &FlowHarness) -> FlowResult {
    booking
        .given_command(book())
        .when_time_passes(PAYMENT_TERM)
        .when(pay())
        .then_rejected(BookingError::NotBooked(Status::Released))
        .then_no_events()
        .then_projection::<Room>("b-1")
        .is(room(Status::Released))
        .unchanged()
        .try_run()
}
