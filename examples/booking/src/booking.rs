use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Error, Event, PendingEvents, Rejection,
    UnitOfWork,
};
use serde::{Deserialize, Serialize};

/// The booking of a room by a guest. Stored as state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    id = booking_id,
    commands(BookRoom, PayRoom, ReleaseRoom),
    events(RoomBooked, RoomPaid, RoomReleased)
)]
pub struct Booking {
    /// The id of the booking.
    pub booking_id: String,
    /// The name of the guest.
    pub guest: String,
    /// The status of the booking.
    pub status: Status,
    #[serde(skip)]
    raised: PendingEvents,
}

/// The status of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// The room is booked and not paid yet.
    Booked,
    /// The room is paid.
    Paid,
    /// The room is free again.
    Released,
}

/// The reason why a booking rejects a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookingError {
    /// The room is already paid or released.
    #[error("the room is {0:?}, not Booked")]
    NotBooked(Status),
}

impl Rejection for BookingError {}

impl Booking {
    /// Creates a booking.
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

    /// Marks the room as paid.
    ///
    /// # Errors
    ///
    /// Rejects the command unless the room is booked and not paid yet.
    pub fn pay(&mut self) -> Result<(), BookingError> {
        self.set_final_status(Status::Paid)?;
        self.raise(RoomPaid {
            booking_id: self.booking_id.clone(),
        });
        Ok(())
    }

    /// Releases the room.
    ///
    /// # Errors
    ///
    /// Rejects the command unless the room is booked and not paid yet.
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

/// Books a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Booking, id = booking_id)]
pub struct BookRoom {
    /// The id of the new booking.
    pub booking_id: String,
    /// The name of the guest.
    pub guest: String,
}

/// Pays for a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Booking, id = booking_id)]
pub struct PayRoom {
    /// The id of the booking.
    pub booking_id: String,
}

/// Releases a room that was not paid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Booking, id = booking_id)]
pub struct ReleaseRoom {
    /// The id of the booking.
    pub booking_id: String,
}

/// A room was booked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Booking, id = booking_id)]
pub struct RoomBooked {
    /// The id of the booking.
    pub booking_id: String,
    /// The name of the guest.
    pub guest: String,
}

/// A room was paid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Booking, id = booking_id)]
pub struct RoomPaid {
    /// The id of the booking.
    pub booking_id: String,
}

/// A room was released and is free again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Booking, id = booking_id)]
pub struct RoomReleased {
    /// The id of the booking.
    pub booking_id: String,
    /// The name of the guest.
    pub guest: String,
}

/// Handles the commands of bookings.
#[derive(Debug)]
pub struct BookingHandler;

impl CommandHandler for BookingHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::book_room).raises::<RoomBooked>();
        on.command(Self::pay_room).raises::<RoomPaid>();
        on.command(Self::release_room).raises::<RoomReleased>();
        // A scheduled command may be delivered twice.
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
