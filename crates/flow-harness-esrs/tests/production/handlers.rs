use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use esrs::{
    handler::EventHandler,
    manager::AggregateManager,
    store::{EventStore, StoreEvent},
};
use uuid::Uuid;

use super::aggregates::{Order, OrderEvent, Parcel, ParcelCommand, ParcelEvent};

/// Rows of a read model, by the id of their order.
#[derive(Debug)]
pub(crate) struct Rows<R>(Mutex<BTreeMap<Uuid, R>>);

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<R: Clone> Rows<R> {
    pub(crate) fn of(&self, order: Uuid) -> Option<R> {
        self.with(|rows| rows.get(&order).cloned())
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<Uuid, R>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OrderRow {
    pub(crate) cents: u64,
    /// When it was paid, in seconds since 1970.
    pub(crate) paid_at: Option<i64>,
}

/// A read model that is updated inline.
pub(crate) type OrderRows = Rows<OrderRow>;

#[async_trait]
impl EventHandler<Order> for OrderRows {
    async fn handle(&self, event: &StoreEvent<OrderEvent>) {
        let order = event.aggregate_id;
        let now = event.occurred_on.timestamp();

        self.with(|rows| match event.payload {
            OrderEvent::Placed { cents } => {
                let paid_at = None;
                rows.insert(order, OrderRow { cents, paid_at });
            }
            OrderEvent::Paid => {
                if let Some(row) = rows.get_mut(&order) {
                    row.paid_at = Some(now);
                }
            }
            OrderEvent::Overpaid { .. } => {}
        });
    }

    async fn delete(&self, order: Uuid) {
        self.with(|rows| rows.remove(&order));
    }
}

/// The labels are numbered in the order in which they are printed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Label {
    pub(crate) number: usize,
}

/// A read model that a consumer of the bus updates.
pub(crate) type Labels = Rows<Label>;

#[async_trait]
impl EventHandler<Parcel> for Labels {
    async fn handle(&self, event: &StoreEvent<ParcelEvent>) {
        self.with(|rows| {
            let number = rows.len() + 1;
            rows.insert(event.aggregate_id, Label { number });
        });
    }
}

/// A process manager: a paid order is packed.
pub(crate) struct PackPaidOrders<S: EventStore>(pub(crate) AggregateManager<S>);

#[async_trait]
impl<S> EventHandler<Order> for PackPaidOrders<S>
where
    S: EventStore<Aggregate = Parcel> + Send + Sync,
    S::Error: Send,
{
    async fn handle(&self, event: &StoreEvent<OrderEvent>) {
        if event.payload != OrderEvent::Paid {
            return;
        }

        let loaded = self.0.lock_and_load(event.aggregate_id).await;
        let parcel = loaded.expect("the store works").unwrap_or_default();
        let packed = self.0.handle_command(parcel, ParcelCommand).await;
        // esrs wants event handlers to handle their errors. An order that is packed needs nothing.
        let _ = packed.expect("the store works");
    }
}
