use flow_domain::{Error, Projection, Projector, ProjectorRoutes, Rows};
use serde::{Deserialize, Serialize};

use crate::{RoomBooked, RoomPaid, RoomReleased, Status};

/// A row of the list of rooms at the reception.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = booking_id)]
pub struct Room {
    /// The id of the booking.
    pub booking_id: String,
    /// The name of the guest.
    pub guest: String,
    /// The status of the booking.
    pub status: Status,
}

/// Maintains [`Room`].
#[derive(Debug)]
pub struct RoomListProjector;

impl Projector for RoomListProjector {
    type Projection = Room;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_room_booked);
        on.event(Self::on_room_paid);
        on.event(Self::on_room_released);
    }
}

impl RoomListProjector {
    async fn on_room_booked(
        &self,
        event: RoomBooked,
        rows: &mut Rows<'_, Room>,
    ) -> Result<(), Error> {
        rows.put(Room {
            booking_id: event.booking_id,
            guest: event.guest,
            status: Status::Booked,
        })
        .await
    }

    async fn on_room_paid(&self, event: RoomPaid, rows: &mut Rows<'_, Room>) -> Result<(), Error> {
        rows.change(event.booking_id, |room| room.status = Status::Paid)
            .await
    }

    async fn on_room_released(
        &self,
        event: RoomReleased,
        rows: &mut Rows<'_, Room>,
    ) -> Result<(), Error> {
        rows.change(event.booking_id, |room| room.status = Status::Released)
            .await
    }
}
