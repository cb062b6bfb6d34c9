//! Rooms are booked, and must be paid within three days, or they are free again and the guest is told
//! by mail.
//!
//! ```text
//! BookRoom -> BookingHandler -> RoomBooked
//!     -> PaymentDeadline   schedules ReleaseRoom for three days later, and takes it back once it is paid
//! ReleaseRoom -> BookingHandler -> RoomReleased
//!     -> GuestMailer       tells the guest; a mail server that is down is tried five times
//!     -> RoomListProjector
//! ```

mod booking;
mod deadline;
mod mail;
mod room_list;

use std::sync::Arc;

use flow_domain::{Domain, WiringErrors, message::Priority};

pub use booking::{
    BookRoom, Booking, BookingError, BookingHandler, PayRoom, ReleaseRoom, RoomBooked, RoomPaid,
    RoomReleased, Status,
};
pub use deadline::{PAYMENT_TERM, PaymentDeadline};
pub use mail::{GuestMailer, InMemoryMailer, Mailer, ServerDown};
pub use room_list::{Room, RoomListProjector};

/// The rooms.
///
/// # Errors
///
/// Returns what is wrong with its wiring.
pub fn domain(mailer: Arc<dyn Mailer>) -> Result<Domain, WiringErrors> {
    Domain::builder("booking")
        .aggregate::<Booking>()
        .projection::<Room>()
        .command_handler(BookingHandler)
        .process_manager::<PaymentDeadline>()
        .event_handler(GuestMailer::new(mailer))
        .projector(RoomListProjector)
        .lanes_below(Priority::NORMAL)
        .build()
}
