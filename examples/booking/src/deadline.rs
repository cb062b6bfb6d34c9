use std::time::Duration;

use flow_domain::{Error, ProcessManager, ProcessManagerRoutes, UnitOfWork, message::MessageId};
use serde::{Deserialize, Serialize};

use crate::{ReleaseRoom, RoomBooked, RoomPaid, RoomReleased};

/// How long a guest has to pay.
pub const PAYMENT_TERM: Duration = Duration::from_secs(3 * 24 * 3_600);

/// Gives a room up that is not paid in time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PaymentDeadline {
    /// The command that will give the room up, while the payment is awaited.
    pub timeout: Option<MessageId>,
    /// Whether it is paid, or given up.
    pub is_over: bool,
}

impl ProcessManager for PaymentDeadline {
    const KEY: &'static str = "booking_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_room_booked).issues::<ReleaseRoom>();
        on.event(Self::on_room_paid);
        on.event(Self::on_room_released);
        // A booking that came twice would schedule twice, and only the last could be taken back.
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
