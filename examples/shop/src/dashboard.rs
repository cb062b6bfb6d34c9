use flow_domain::{Error, Projection, Projector, ProjectorRoutes, Rows};
use serde::{Deserialize, Serialize};

use crate::{OrderCancelled, OrderConfirmed, OrderPlaced, OrderStatus};

/// An order as the customer service sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = order_id)]
pub struct OrderDashboard {
    /// The id of the order.
    pub order_id: String,
    /// The id of the customer.
    pub customer_id: String,
    /// The status of the order.
    pub status: OrderStatus,
    /// The total price.
    pub total_cents: u64,
}

/// Maintains [`OrderDashboard`].
#[derive(Debug)]
pub struct OrderDashboardProjector;

impl Projector for OrderDashboardProjector {
    type Projection = OrderDashboard;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_order_placed);
        on.event(Self::on_order_confirmed);
        on.event(Self::on_order_cancelled);
    }
}

impl OrderDashboardProjector {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        rows.put(OrderDashboard {
            order_id: event.order_id,
            customer_id: event.customer_id,
            status: OrderStatus::Placed,
            total_cents: event.total_cents,
        })
        .await
    }

    async fn on_order_confirmed(
        &self,
        event: OrderConfirmed,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        rows.change(event.order_id, |row| row.status = OrderStatus::Confirmed)
            .await
    }

    async fn on_order_cancelled(
        &self,
        event: OrderCancelled,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        rows.change(event.order_id, |row| row.status = OrderStatus::Cancelled)
            .await
    }
}
