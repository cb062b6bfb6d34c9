//! Checks of stored state: an aggregate, a row, a process manager.

use ::shop::{Fulfilment, Inventory, Order, OrderDashboard, OrderStatus, StockLevel};
use flow_harness::prelude::*;

use crate::{
    assertions::order_flows::ordered,
    fixture::{Tally, dashboard, instructed, lab, mismatch, shop, stock_received},
};

fn level(available: u32) -> StockLevel {
    StockLevel {
        product_id: "prod-1".into(),
        available,
        reserved: 2,
    }
}

#[test]
fn then_aggregate_is_there() {
    ordered().then_aggregate::<Order>("ord-1").run();
    ordered().then_aggregate::<Inventory>("prod-1").run();

    insta::assert_snapshot!(mismatch(ordered().then_aggregate::<Order>("ord-01")), @r#"
    expected  Order "ord-01"
    found     nothing with this id; the flow stored only Order "ord-1"
    "#);
    insta::assert_snapshot!(mismatch(ordered().then_aggregate::<Inventory>("prod-2")), @r#"
    expected  Inventory "prod-2"
    found     nothing with this id; the flow stored only Inventory "prod-1"
    "#);
    insta::assert_snapshot!(mismatch(shop().when_event(stock_received(1)).then_aggregate::<Order>("ord-1")), @r#"
    expected  Order "ord-1"
    found     nothing with this id; the flow stored no Order
    "#);
}

#[test]
fn then_aggregate_is() {
    let order = |status| {
        let mut order = Order::draft("ord-1", "cust-1", "prod-1", 2, 9_995);
        order.status = status;
        order
    };

    ordered()
        .then_aggregate::<Order>("ord-1")
        .is(order(OrderStatus::Placed))
        .run();

    let flow = ordered()
        .then_aggregate::<Order>("ord-1")
        .is(order(OrderStatus::Confirmed));
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Order "ord-1" { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995, status: "Confirmed" }
    found     Order "ord-1" { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995, status: "Placed" }
              status  expected "Confirmed", found "Placed"
    "#);
}

#[test]
fn then_aggregate_has() {
    let inventory = || ordered().then_aggregate::<Inventory>("prod-1");

    inventory().has(|inventory| inventory.available == 98).run();

    let text = mismatch(inventory().has(|inventory| inventory.available == 99));
    insta::assert_snapshot!(text, @r#"
    expected  Inventory "prod-1" for which the closure returns true
    found     Inventory "prod-1" { product_id: "prod-1", available: 98, reserved: {"ord-1":2} }
    "#);
}

#[test]
fn then_aggregate_like() {
    let inventory = || ordered().then_aggregate::<Inventory>("prod-1");

    inventory()
        .like(json!({ "reserved": { "ord-1": 2 } }))
        .run();

    let flow = inventory().like(json!({ "reserved": { "ord-1": 3 } }));
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Inventory "prod-1" like { reserved: {"ord-1":3} }
    found     Inventory "prod-1" { product_id: "prod-1", available: 98, reserved: {"ord-1":2} }
              reserved.ord-1  expected 3, found 2
    "#);
}

#[test]
fn then_aggregate_absent() {
    ordered().then_aggregate::<Order>("ord-2").absent().run();
    ordered()
        .then_aggregate::<Inventory>("prod-2")
        .absent()
        .run();

    insta::assert_snapshot!(mismatch(ordered().then_aggregate::<Order>("ord-1").absent()), @r#"
    expected  no Order "ord-1"
    found     Order "ord-1" { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995, status: "Placed" }
    "#);
    insta::assert_snapshot!(mismatch(ordered().then_aggregate::<Inventory>("prod-1").absent()), @r#"
    expected  no Inventory "prod-1"
    found     Inventory "prod-1" { product_id: "prod-1", available: 98, reserved: {"ord-1":2} }
    "#);
}

#[test]
fn then_projection_is_there() {
    ordered().then_projection::<OrderDashboard>("ord-1").run();

    insta::assert_snapshot!(mismatch(ordered().then_projection::<OrderDashboard>("ord-01")), @r#"
    expected  OrderDashboard "ord-01"
    found     nothing with this id; the flow stored only OrderDashboard "ord-1"
    "#);
    insta::assert_snapshot!(mismatch(shop().when_event(stock_received(1)).then_projection::<OrderDashboard>("ord-1")), @r#"
    expected  OrderDashboard "ord-1"
    found     nothing with this id; the flow stored no OrderDashboard
    "#);
}

#[test]
fn then_projection_is() {
    let level_of = || ordered().then_projection::<StockLevel>("prod-1");

    level_of().is(level(98)).run();

    insta::assert_snapshot!(mismatch(level_of().is(level(99))), @r#"
    expected  StockLevel "prod-1" { product_id: "prod-1", available: 99, reserved: 2 }
    found     StockLevel "prod-1" { product_id: "prod-1", available: 98, reserved: 2 }
              available  expected 99, found 98
    "#);
}

#[test]
fn then_projection_has() {
    let row = || ordered().then_projection::<OrderDashboard>("ord-1");

    row().has(|row| row.status == OrderStatus::Placed).run();

    let text = mismatch(row().has(|row| row.status == OrderStatus::Draft));
    insta::assert_snapshot!(text, @r#"
    expected  OrderDashboard "ord-1" for which the closure returns true
    found     OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn then_projection_like() {
    let row = || ordered().then_projection::<OrderDashboard>("ord-1");

    row().like(json!({ "status": "Placed" })).run();

    let flow = row().like(json!({ "status": "Placd", "statu": "Placed" }));
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-1" like { statu: "Placed", status: "Placd" }
    found     OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
              statu   expected "Placed", found nothing
              status  expected "Placd", found "Placed"
              OrderDashboard "ord-1" has no field `statu`; did you mean `status`?
    "#);
}

#[test]
fn then_projection_absent() {
    ordered()
        .then_projection::<OrderDashboard>("ord-2")
        .absent()
        .run();

    let flow = ordered()
        .then_projection::<OrderDashboard>("ord-1")
        .absent();
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no OrderDashboard "ord-1"
    found     OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
    "#);
}

#[test]
fn then_projection_absent_after_delete() {
    let forgotten = || {
        lab()
            .given_events(instructed("x"))
            .when_event(instructed("forget"))
    };

    forgotten()
        .then_projection::<Tally>("inst-1")
        .absent()
        .run();

    insta::assert_snapshot!(mismatch(forgotten().then_projection::<Tally>("inst-1")), @r#"
    expected  Tally "inst-1"
    found     nothing with this id; the flow deleted it
    "#);
}

#[test]
fn then_process_manager_is_there() {
    ordered().then_process_manager::<Fulfilment>("ord-1").run();

    insta::assert_snapshot!(mismatch(ordered().then_process_manager::<Fulfilment>("prod-1")), @r#"
    expected  Fulfilment "prod-1"
    found     nothing with this id; the flow stored only Fulfilment "ord-1"
    "#);
}

#[test]
fn then_process_manager_is_has_and_like() {
    let fulfilment = || ordered().then_process_manager::<Fulfilment>("ord-1");

    fulfilment()
        .is(Fulfilment {
            reserved: true,
            ..Fulfilment::default()
        })
        .has(|fulfilment| !fulfilment.paid)
        .like(json!({ "cancelled": false }))
        .run();

    insta::assert_snapshot!(mismatch(fulfilment().is(Fulfilment::default())), @r#"
    expected  Fulfilment "ord-1" { paid: false, reserved: false, cancelled: false }
    found     Fulfilment "ord-1" { paid: false, reserved: true, cancelled: false }
              reserved  expected false, found true
    "#);
    insta::assert_snapshot!(mismatch(fulfilment().like(json!({ "paid": true }))), @r#"
    expected  Fulfilment "ord-1" like { paid: true }
    found     Fulfilment "ord-1" { paid: false, reserved: true, cancelled: false }
              paid  expected true, found false
    "#);
    let text = mismatch(fulfilment().has(|fulfilment| fulfilment.paid));
    insta::assert_snapshot!(text, @r#"
    expected  Fulfilment "ord-1" for which the closure returns true
    found     Fulfilment "ord-1" { paid: false, reserved: true, cancelled: false }
    "#);
}

#[test]
fn then_process_manager_absent() {
    ordered()
        .then_process_manager::<Fulfilment>("ord-2")
        .absent()
        .run();

    let flow = ordered()
        .then_process_manager::<Fulfilment>("ord-1")
        .absent();
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no Fulfilment "ord-1"
    found     Fulfilment "ord-1" { paid: false, reserved: true, cancelled: false }
    "#);
}

#[test]
fn unregistered_state_cannot_be_read() {
    insta::assert_snapshot!(mismatch(ordered().then_projection::<Tally>("x").absent()), @r#"
    expected  Tally "x"
    found     the projection `Tally` is not registered: add `.projection::<Tally>()` to the domain
    "#);
    insta::assert_snapshot!(mismatch(ordered().then_aggregate::<::bank::Account>("x").absent()), @r#"
    expected  Account "x"
    found     the aggregate `Account` is not registered: add `.aggregate::<Account>()` to the domain
    "#);
    insta::assert_snapshot!(mismatch(ordered().then_process_manager::<::bank::TransferProcess>("x").absent()), @r#"
    expected  TransferProcess "x"
    found     the process manager `TransferProcess` is not registered: add `.process_manager::<TransferProcess>()` to the domain
    "#);
}

#[test]
fn state_id_can_be_any_display_value() {
    let id = format!("ord-{}", 1);

    ordered()
        .then_projection::<OrderDashboard>(&id)
        .is(dashboard(OrderStatus::Placed))
        .then_projection::<OrderDashboard>(7)
        .absent()
        .run();
}
