//! A booking system for rooms. A guest books a room and must pay within three days. Otherwise the
//! room is free again, and the guest gets a mail.
//!
//! ```text
//! BookRoom -> BookingHandler -> RoomBooked
//!     -> PaymentDeadline   schedules ReleaseRoom in three days, and cancels it after the payment
//! ReleaseRoom -> BookingHandler -> RoomReleased
//!     -> GuestMailer       mails the guest; tries five times if the mail server is down
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

/// Builds the domain of the booking system.
///
/// # Errors
///
/// Returns all mistakes in the wiring.
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
