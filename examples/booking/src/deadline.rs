use std::time::Duration;

use flow_domain::{Error, ProcessManager, ProcessManagerRoutes, UnitOfWork, message::MessageId};
use serde::{Deserialize, Serialize};

use crate::{ReleaseRoom, RoomBooked, RoomPaid, RoomReleased};

/// The time that a guest has to pay.
pub const PAYMENT_TERM: Duration = Duration::from_secs(3 * 24 * 3_600);

/// Releases a room that is not paid in time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PaymentDeadline {
    /// The id of the scheduled [`ReleaseRoom`], while the payment is pending.
    pub timeout: Option<MessageId>,
    /// Whether the room was paid or released.
    pub is_over: bool,
}

impl ProcessManager for PaymentDeadline {
    const KEY: &'static str = "booking_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_room_booked).issues::<ReleaseRoom>();
        on.event(Self::on_room_paid);
        on.event(Self::on_room_released);
        // A redelivered booking would schedule a second command, and only the last one could be
        // cancelled.
        on.subscription().once();
    }

    fn is_complete(&self) -> bool {
        self.is_over
    }
}

impl PaymentDeadline {
    async fn on_room_booked(
        &mut self,
        event: RoomBooked,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let booking_id = event.booking_id;
        self.timeout = Some(work.process_after(PAYMENT_TERM, ReleaseRoom { booking_id })?);
        Ok(())
    }

    async fn on_room_paid(&mut self, _event: RoomPaid, work: &mut UnitOfWork) -> Result<(), Error> {
        if let Some(timeout) = self.timeout.take() {
            work.cancel(timeout);
        }
        self.is_over = true;
        Ok(())
    }

    async fn on_room_released(
        &mut self,
        _event: RoomReleased,
        _work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        self.timeout = None;
        self.is_over = true;
        Ok(())
    }
}
