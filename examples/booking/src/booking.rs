use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Error, Event, PendingEvents, Rejection,
    UnitOfWork,
};
use serde::{Deserialize, Serialize};

/// A room that a guest wants. Kept as state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    id = booking_id,
    commands(BookRoom, PayRoom, ReleaseRoom),
    events(RoomBooked, RoomPaid, RoomReleased)
)]
pub struct Booking {
    /// Identifies the booking.
    pub booking_id: String,
    /// Who booked.
    pub guest: String,
    /// How far it has come.
    pub status: Status,
    #[serde(skip)]
    raised: PendingEvents,
}

/// How far a booking has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Payment is awaited.
    Booked,
    /// Paid.
    Paid,
    /// Given up.
    Released,
}

/// Why a booking refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookingError {
    /// It is not waiting for its payment.
    #[error("the room is {0:?}, not Booked")]
    NotBooked(Status),
}

impl Rejection for BookingError {}

impl Booking {
    /// Books a room.
    pub fn book(booking_id: impl Into<String>, guest: impl Into<String>) -> Self {
        let mut booking = Self {
            booking_id: booking_id.into(),
            guest: guest.into(),
            status: Status::Booked,
            raised: PendingEvents::default(),
        };

        booking.raise(RoomBooked {
            booking_id: booking.booking_id.clone(),
            guest: booking.guest.clone(),
        });
        booking
    }

    /// Pays it.
    ///
    /// # Errors
    ///
    /// Refuses unless the payment is awaited.
    pub fn pay(&mut self) -> Result<(), BookingError> {
        self.set_final_status(Status::Paid)?;
        self.raise(RoomPaid {
            booking_id: self.booking_id.clone(),
        });
        Ok(())
    }

    /// Gives it up.
    ///
    /// # Errors
    ///
    /// Refuses unless the payment is awaited.
    pub fn release(&mut self) -> Result<(), BookingError> {
        self.set_final_status(Status::Released)?;
        self.raise(RoomReleased {
            booking_id: self.booking_id.clone(),
            guest: self.guest.clone(),
        });
        Ok(())
    }

    fn set_final_status(&mut self, status: Status) -> Result<(), BookingError> {
        if self.status != Status::Booked {
            return Err(BookingError::NotBooked(self.status));
        }
        self.status = status;
        Ok(())
    }
}

/// Asks for a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Booking, id = booking_id)]
pub struct BookRoom {
    /// The id that the booking is to have.
    pub booking_id: String,
    /// Who books.
    pub guest: String,
}

/// Pays for a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Booking, id = booking_id)]
pub struct PayRoom {
    /// Which booking.
    pub booking_id: String,
}

/// Asks for a room to be given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Booking, id = booking_id)]
pub struct ReleaseRoom {
    /// Which booking.
    pub booking_id: String,
}

/// A room was booked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Booking, id = booking_id)]
pub struct RoomBooked {
    /// Which booking.
    pub booking_id: String,
    /// Who booked.
    pub guest: String,
}

/// A room was paid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Booking, id = booking_id)]
pub struct RoomPaid {
    /// Which booking.
    pub booking_id: String,
}

/// A room is free again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Booking, id = booking_id)]
pub struct RoomReleased {
    /// Which booking.
    pub booking_id: String,
    /// Who had booked.
    pub guest: String,
}

/// Decides on bookings.
#[derive(Debug)]
pub struct BookingHandler;

impl CommandHandler for BookingHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::book_room).raises::<RoomBooked>();
        on.command(Self::pay_room).raises::<RoomPaid>();
        on.command(Self::release_room).raises::<RoomReleased>();
        // What was scheduled may come twice.
        on.subscription().once();
    }
}

impl BookingHandler {
    async fn book_room(&self, command: BookRoom, work: &mut UnitOfWork) -> Result<(), Error> {
        work.add(Booking::book(command.booking_id, command.guest))
    }

    async fn pay_room(&self, command: PayRoom, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut booking = work.load::<Booking>(&command.booking_id).await?;
        booking.pay()?;
        work.add(booking)
    }

    async fn release_room(&self, command: ReleaseRoom, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut booking = work.load::<Booking>(&command.booking_id).await?;
        booking.release()?;
        work.add(booking)
    }
}
