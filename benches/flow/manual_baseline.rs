//! The measured flow without any framework: plain structs and direct calls.
//!
//! Events and rows are still written as JSON and read back by every handler that needs them.

use std::collections::BTreeMap;

use flow_domain::Apply;
use serde::{Serialize, de::DeserializeOwned};
use shop::{
    Inventory, Order, OrderDashboard, OrderPlaced, OrderStatus, PlaceOrder, StockLevel,
    StockReceived, StockReserved,
};

use crate::place_order;

#[derive(Default)]
struct ManualStore {
    streams: BTreeMap<String, Vec<(&'static str, Vec<u8>)>>,
    rows: BTreeMap<(&'static str, String), Vec<u8>>,
}

impl ManualStore {
    fn append<E: Serialize>(&mut self, stream: String, name: &'static str, event: &E) -> Vec<u8> {
        let json = serde_json::to_vec(event).expect("has a JSON form");
        self.streams
            .entry(stream)
            .or_default()
            .push((name, json.clone()));
        json
    }

    fn put<R: Serialize>(&mut self, table: &'static str, id: String, row: &R) {
        let json = serde_json::to_vec(row).expect("has a JSON form");
        self.rows.insert((table, id), json);
    }

    fn get<R: DeserializeOwned>(&self, table: &'static str, id: &str) -> Option<R> {
        let row = self.rows.get(&(table, id.to_owned()))?;
        Some(read(row))
    }
}

fn read<T: DeserializeOwned>(json: &[u8]) -> T {
    serde_json::from_slice(json).expect("was written by us")
}

pub(crate) fn flow() {
    let mut store = ManualStore::default();
    let stock = place_order::stock();
    let received = store.append("inventory-prod-1".to_owned(), "StockReceived", &stock);
    project_received(&mut store, &read(&received));

    place(&mut store, place_order::place_order());

    let dashboard: OrderDashboard = store.get("dashboard", "ord-001").expect("is there");
    assert_eq!(dashboard, place_order::expected());
}

fn place(store: &mut ManualStore, command: PlaceOrder) {
    assert!(store.get::<Order>("order", &command.order_id).is_none());
    let event = OrderPlaced {
        order_id: command.order_id.clone(),
        customer_id: command.customer_id.clone(),
        product_id: command.product_id.clone(),
        quantity: command.quantity,
        total_cents: command.total_cents,
    };

    let mut order = Order::draft(
        command.order_id,
        command.customer_id,
        command.product_id,
        command.quantity,
        command.total_cents,
    );
    order.status = OrderStatus::Placed;
    store.put("order", order.order_id.clone(), &order);

    let placed = store.append(format!("order-{}", event.order_id), "OrderPlaced", &event);
    reserve(store, &read(&placed));
    project_placed(store, read(&placed));
}

fn reserve(store: &mut ManualStore, event: &OrderPlaced) {
    let stream = format!("inventory-{}", event.product_id);
    let mut inventory = Inventory::default();
    for (name, json) in store.streams.get(&stream).into_iter().flatten() {
        match *name {
            "StockReceived" => inventory.apply(&read::<StockReceived>(json)),
            "StockReserved" => inventory.apply(&read::<StockReserved>(json)),
            _ => {}
        }
    }

    assert!(event.quantity <= inventory.available);

    let reserved = StockReserved {
        product_id: event.product_id.clone(),
        order_id: event.order_id.clone(),
        quantity: event.quantity,
    };
    let reserved = store.append(stream, "StockReserved", &reserved);
    project_reserved(store, &read(&reserved));
}

fn project_placed(store: &mut ManualStore, event: OrderPlaced) {
    let row = OrderDashboard {
        order_id: event.order_id.clone(),
        customer_id: event.customer_id,
        status: OrderStatus::Placed,
        total_cents: event.total_cents,
    };
    store.put("dashboard", event.order_id, &row);
}

fn project_received(store: &mut ManualStore, event: &StockReceived) {
    let mut row = store.get("stock", &event.product_id).unwrap_or(StockLevel {
        product_id: event.product_id.clone(),
        available: 0,
        reserved: 0,
    });
    row.available += event.quantity;
    store.put("stock", event.product_id.clone(), &row);
}

fn project_reserved(store: &mut ManualStore, event: &StockReserved) {
    let mut row: StockLevel = store.get("stock", &event.product_id).expect("was received");
    row.available -= event.quantity;
    row.reserved += event.quantity;
    store.put("stock", event.product_id.clone(), &row);
}
