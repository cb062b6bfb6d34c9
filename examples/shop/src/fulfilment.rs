use flow_domain::{Error, ProcessManager, ProcessManagerRoutes, UnitOfWork};
use serde::{Deserialize, Serialize};

use crate::{
    CancelOrder, ConfirmOrder, OrderPlaced, PaymentDeclined, PaymentReceived, StockRefused,
    StockReserved,
};

/// Confirms an order after it is paid and its stock is reserved, in either order.
///
/// Cancels the order as soon as the payment or the reservation fails.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Fulfilment {
    /// Whether the order is paid.
    pub paid: bool,
    /// Whether its stock is reserved.
    pub reserved: bool,
    /// Whether the order was cancelled.
    pub cancelled: bool,
}

impl ProcessManager for Fulfilment {
    const KEY: &'static str = "order_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        // Any of these events may arrive first: only events of one stream are ordered.
        on.start(Self::on_order_placed);
        on.start(Self::on_stock_reserved).issues::<ConfirmOrder>();
        on.start(Self::on_stock_refused).issues::<CancelOrder>();
        on.event(Self::on_payment_received).issues::<ConfirmOrder>();
        on.event(Self::on_payment_declined).issues::<CancelOrder>();
    }

    fn is_complete(&self) -> bool {
        self.cancelled || self.paid && self.reserved
    }
}

impl Fulfilment {
    async fn on_order_placed(
        &mut self,
        _event: OrderPlaced,
        _work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        Ok(())
    }

    async fn on_stock_reserved(
        &mut self,
        event: StockReserved,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        self.reserved = true;
        self.confirm_if_complete(event.order_id, work).await
    }

    async fn on_payment_received(
        &mut self,
        event: PaymentReceived,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        self.paid = true;
        self.confirm_if_complete(event.order_id, work).await
    }

    async fn on_stock_refused(
        &mut self,
        event: StockRefused,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        self.cancel(event.order_id, "out of stock", work).await
    }

    async fn on_payment_declined(
        &mut self,
        event: PaymentDeclined,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        self.cancel(event.order_id, "payment declined", work).await
    }

    async fn confirm_if_complete(
        &self,
        order_id: String,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        if self.is_complete() {
            work.process(ConfirmOrder { order_id }).await?;
        }
        Ok(())
    }

    async fn cancel(
        &mut self,
        order_id: String,
        reason: &str,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        self.cancelled = true;
        let reason = reason.to_owned();
        work.process(CancelOrder { order_id, reason }).await
    }
}
