use flow_domain::{Error, Projection, Projector, ProjectorRoutes, Rows};
use serde::{Deserialize, Serialize};

use crate::{StockReceived, StockReleased, StockReserved};

/// The stock of a product as the shop shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = product_id)]
pub struct StockLevel {
    /// The id of the product.
    pub product_id: String,
    /// The number of pieces that can be sold.
    pub available: u32,
    /// The number of pieces reserved for orders.
    pub reserved: u32,
}

impl StockLevel {
    fn empty(product_id: &str) -> Self {
        Self {
            product_id: product_id.to_owned(),
            available: 0,
            reserved: 0,
        }
    }
}

/// Maintains [`StockLevel`].
#[derive(Debug)]
pub struct StockLevelProjector;

impl Projector for StockLevelProjector {
    type Projection = StockLevel;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_stock_received);
        on.event(Self::on_stock_reserved);
        on.event(Self::on_stock_released);
        // The projector adds quantities up, so a redelivered event must not count twice.
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
        let empty = || StockLevel::empty(&product_id);

        rows.change_or_insert(&product_id, empty, |row| row.available += quantity)
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
