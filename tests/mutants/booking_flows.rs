//! The flows of the booking of rooms, as one writes them to be sure of it.

use std::sync::Arc;

use ::booking::{
    BookRoom, Booking, BookingError, KeptMails, PAYMENT_TERM, PayRoom, PaymentDeadline,
    ReleaseRoom, Room, RoomBooked, RoomPaid, RoomReleased, Status,
};
use flow_domain::{Domain, WiringErrors};
use flow_harness::prelude::*;

use crate::flows::{Named, Ran};

pub(crate) const FLOWS: &[Named] = &[
    ("a room is booked", a_room_is_booked),
    ("a room is paid", a_room_is_paid),
    ("a room is not paid in time", a_room_is_not_paid_in_time),
    ("a room is given up", a_room_is_given_up),
    ("a room is paid too late", a_room_is_paid_too_late),
];

pub(crate) fn domain() -> Result<Domain, WiringErrors> {
    ::booking::domain(Arc::<KeptMails>::default())
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

fn a_room_is_booked(booking: &FlowHarness) -> Ran {
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

fn a_room_is_paid(booking: &FlowHarness) -> Ran {
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

fn a_room_is_not_paid_in_time(booking: &FlowHarness) -> Ran {
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

fn a_room_is_given_up(booking: &FlowHarness) -> Ran {
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

fn a_room_is_paid_too_late(booking: &FlowHarness) -> Ran {
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
