use flow_domain::{Error, Projection, Projector, ProjectorRoutes, Rows};
use serde::{Deserialize, Serialize};

use crate::{StockReceived, StockReleased, StockReserved};

/// How much of a product there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = product_id)]
pub struct StockLevel {
    /// Which product.
    pub product_id: String,
    /// How many can be sold.
    pub available: u32,
    /// How many are set aside for orders.
    pub reserved: u32,
}

impl StockLevel {
    fn none(product_id: &str) -> Self {
        Self {
            product_id: product_id.to_owned(),
            available: 0,
            reserved: 0,
        }
    }
}

/// Keeps [`StockLevel`].
#[derive(Debug)]
pub struct StockLevelProjector;

impl Projector for StockLevelProjector {
    type Projection = StockLevel;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_stock_received);
        on.event(Self::on_stock_reserved);
        on.event(Self::on_stock_released);
        // It counts, so what comes again must not count again.
        on.subscription().once();
    }
}

impl StockLevelProjector {
    async fn on_stock_received(
        &self,
        event: StockReceived,
        rows: &mut Rows<'_, StockLevel>,
    ) -> Result<(), Error> {
        let StockReceived {
            product_id,
            quantity,
        } = event;
        let none = || StockLevel::none(&product_id);
        rows.change_or_insert(&product_id, none, |row| row.available += quantity)
            .await
    }

    async fn on_stock_reserved(
        &self,
        event: StockReserved,
        rows: &mut Rows<'_, StockLevel>,
    ) -> Result<(), Error> {
        rows.change(event.product_id, |row| {
            row.available -= event.quantity;
            row.reserved += event.quantity;
        })
        .await
    }

    async fn on_stock_released(
        &self,
        event: StockReleased,
        rows: &mut Rows<'_, StockLevel>,
    ) -> Result<(), Error> {
        rows.change(event.product_id, |row| {
            row.available += event.quantity;
            row.reserved -= event.quantity;
        })
        .await
    }
}
