//! Reports of stored state that differs from the expected one.

use ::shop::{Fulfilment, Inventory, OrderDashboard, OrderStatus};
use flow_harness::prelude::*;

use crate::fixture::{
    Tally, dashboard, instructed, lab, place_order, place_order_with_id, report, shop,
    stock_received,
};

#[test]
fn a_wrong_id() {
    let flow = shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-01")
        .is(dashboard(OrderStatus::Placed));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then OrderDashboard "ord-01" is      tests/it/failure_reports/state.rs:LINE

      expected  OrderDashboard "ord-01"
      found     nothing with this id; the flow stored only OrderDashboard "ord-1"

    why    perhaps: OrderDashboardProjector handled OrderPlaced and wrote OrderDashboard "ord-1" (1 edit away)
    fix    check OrderDashboard "ord-01" in the test, or correct the id that OrderDashboardProjector writes

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            3 then   OrderDashboard "ord-01" is                                   FAILED

    chain  PlaceOrder                          OrderCommandHandler  stored Order "ord-1"
           └ OrderPlaced                       order-ord-1 @1
             ├ InventoryEventHandler           handled
             │ └ StockReserved                 inventory-prod-1 @2
             │   ├ Fulfilment                  stored Fulfilment "ord-1"
             │   └ StockLevelProjector         wrote StockLevel "prod-1"
             ├ Fulfilment                      stored Fulfilment "ord-1"
             └ OrderDashboardProjector         wrote OrderDashboard "ord-1"   <- here

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn a_wrong_id_of_an_event_sourced_aggregate() {
    let flow = shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_aggregate::<Inventory>("cust-1")
        .has(|inventory| inventory.available == 98);

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then Inventory "cust-1" has      tests/it/failure_reports/state.rs:LINE

      expected  Inventory "cust-1"
      found     nothing with this id; the flow stored only Inventory "prod-1"

    why    perhaps: InventoryEventHandler handled OrderPlaced and wrote Inventory "prod-1"; "cust-1" is the `customer_id` of OrderPlaced
    fix    check Inventory "cust-1" in the test, or let InventoryEventHandler use the `customer_id` of OrderPlaced as the id

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            3 then   Inventory "cust-1" has                                       FAILED

    chain  PlaceOrder                          OrderCommandHandler  stored Order "ord-1"
           └ OrderPlaced                       order-ord-1 @1
             ├ InventoryEventHandler           handled   <- here
             │ └ StockReserved                 inventory-prod-1 @2
             │   ├ Fulfilment                  stored Fulfilment "ord-1"
             │   └ StockLevelProjector         wrote StockLevel "prod-1"
             ├ Fulfilment                      stored Fulfilment "ord-1"
             └ OrderDashboardProjector         wrote OrderDashboard "ord-1"

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn a_wrong_field() {
    let flow = shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .is(OrderDashboard {
            customer_id: "cust-2".into(),
            ..dashboard(OrderStatus::Confirmed)
        });

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then OrderDashboard "ord-1" is      tests/it/failure_reports/state.rs:LINE

      expected  OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-2", status: "Confirmed", total_cents: 9995 }
      found     OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
                customer_id  expected "cust-2", found "cust-1"
                status       expected "Confirmed", found "Placed"

    why    perhaps: OrderDashboardProjector handled OrderPlaced and was the last to set `customer_id`; the value is the `customer_id` of
             PlaceOrder in the test flow
           OrderDashboardProjector handled OrderPlaced and was the last to set `status`

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            3 then   OrderDashboard "ord-1" is                                    FAILED

    chain  PlaceOrder                          OrderCommandHandler  stored Order "ord-1"
           └ OrderPlaced                       order-ord-1 @1
             ├ InventoryEventHandler           handled
             │ └ StockReserved                 inventory-prod-1 @2
             │   ├ Fulfilment                  stored Fulfilment "ord-1"
             │   └ StockLevelProjector         wrote StockLevel "prod-1"
             ├ Fulfilment                      stored Fulfilment "ord-1"
             └ OrderDashboardProjector         wrote OrderDashboard "ord-1"   <- here

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn closure_that_returns_false() {
    let flow = shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_process_manager::<Fulfilment>("ord-1")
        .has(|fulfilment| fulfilment.paid);

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then Fulfilment "ord-1" has      tests/it/failure_reports/state.rs:LINE

      expected  Fulfilment "ord-1" for which the closure returns true
      found     Fulfilment "ord-1" { paid: false, reserved: true, cancelled: false }

    why    perhaps: Fulfilment handled OrderPlaced and was the last to set `cancelled`, `paid`
           Fulfilment handled StockReserved and was the last to set `reserved`

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            3 then   Fulfilment "ord-1" has                                       FAILED

    chain  PlaceOrder                          OrderCommandHandler  stored Order "ord-1"
           └ OrderPlaced                       order-ord-1 @1
             ├ InventoryEventHandler           handled
             │ └ StockReserved                 inventory-prod-1 @2
             │   ├ Fulfilment                  stored Fulfilment "ord-1"   <- here
             │   └ StockLevelProjector         wrote StockLevel "prod-1"
             ├ Fulfilment                      stored Fulfilment "ord-1"
             └ OrderDashboardProjector         wrote OrderDashboard "ord-1"

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn partial_value_that_differs() {
    let flow = shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_aggregate::<Inventory>("prod-1")
        .like(json!({ "available": 98, "reserved": { "ord-1": 1, "ord-2": 1 } }));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then Inventory "prod-1" like      tests/it/failure_reports/state.rs:LINE

      expected  Inventory "prod-1" like { available: 98, reserved: {"ord-1":1,"ord-2":1} }
      found     Inventory "prod-1" { product_id: "prod-1", available: 98, reserved: {"ord-1":2} }
                reserved.ord-1  expected 1, found 2
                reserved.ord-2  expected 1, found nothing

    why    perhaps: InventoryEventHandler handled OrderPlaced and raised StockReserved, the last event to set `reserved.ord-1`; the value comes
             from InventoryEventHandler: it is the `quantity` of OrderPlaced

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            3 then   Inventory "prod-1" like                                      FAILED

    chain  PlaceOrder                          OrderCommandHandler  stored Order "ord-1"
           └ OrderPlaced                       order-ord-1 @1
             ├ InventoryEventHandler           handled   <- here
             │ └ StockReserved                 inventory-prod-1 @2
             │   ├ Fulfilment                  stored Fulfilment "ord-1"
             │   └ StockLevelProjector         wrote StockLevel "prod-1"
             ├ Fulfilment                      stored Fulfilment "ord-1"
             └ OrderDashboardProjector         wrote OrderDashboard "ord-1"

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn state_that_should_be_absent() {
    let flow = shop()
        .given_events(stock_received(1))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .absent();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then OrderDashboard "ord-1" absent      tests/it/failure_reports/state.rs:LINE

      expected  no OrderDashboard "ord-1"
      found     OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-1", status: "Cancelled", total_cents: 9995 }

    why    OrderDashboardProjector handled OrderCancelled and wrote OrderDashboard "ord-1"

    story   1 given  StockReceived { product_id: "prod-1", quantity: 1 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            3 then   OrderDashboard "ord-1" absent                                FAILED

    chain  PlaceOrder                             OrderCommandHandler  stored Order "ord-1"
           └ OrderPlaced                          order-ord-1 @1
             ├ InventoryEventHandler              handled
             │ └ StockRefused                     inventory-prod-1 @2
             │   └ Fulfilment                     stored Fulfilment "ord-1"
             │     └ CancelOrder                  OrderCommandHandler  stored Order "ord-1"
             │       └ OrderCancelled             order-ord-1 @2
             │         ├ InventoryEventHandler    handled, stored nothing
             │         └ OrderDashboardProjector  wrote OrderDashboard "ord-1"   <- here
             ├ Fulfilment                         stored Fulfilment "ord-1"
             └ OrderDashboardProjector            wrote OrderDashboard "ord-1"

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn rows_are_too_many() {
    let flow = shop()
        .given_events(stock_received(100))
        .given_command(place_order())
        .when(place_order_with_id("ord-2"))
        .then(expect::projections::<OrderDashboard>().count(1));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 4: then rows of OrderDashboard count      tests/it/failure_reports/state.rs:LINE

      expected  1 row of OrderDashboard
      found     2 rows of OrderDashboard
                { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }
                { order_id: "ord-2", customer_id: "cust-1", status: "Placed", total_cents: 9995 }

    why    perhaps: OrderDashboardProjector handled OrderPlaced and wrote OrderDashboard "ord-2"

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 given  PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }
            3 when   PlaceOrder { order_id: "ord-2", customer_id: "cust-1", .. }  accepted
            4 then   rows of OrderDashboard count                                 FAILED

    chain  PlaceOrder                          OrderCommandHandler  stored Order "ord-2"
           └ OrderPlaced                       order-ord-2 @1
             ├ InventoryEventHandler           handled
             │ └ StockReserved                 inventory-prod-1 @3
             │   ├ Fulfilment                  stored Fulfilment "ord-2"
             │   └ StockLevelProjector         wrote StockLevel "prod-1"
             ├ Fulfilment                      stored Fulfilment "ord-2"
             └ OrderDashboardProjector         wrote OrderDashboard "ord-2"   <- here

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn a_row_that_was_deleted() {
    let flow = lab()
        .given_events(instructed("x"))
        .when_event(instructed("forget"))
        .then_projection::<Tally>("inst-1");

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then Tally "inst-1"      tests/it/failure_reports/state.rs:LINE

      expected  Tally "inst-1"
      found     nothing with this id; the flow deleted it

    why    TallyKeeper handled Instructed and deleted Tally "inst-1", which TallyKeeper wrote when it handled Instructed
    fix    check what TallyKeeper does with an existing Tally "inst-1"

    story   1 given  Instructed { instruction_id: "inst-1", what: "x" }
            2 when   Instructed { instruction_id: "inst-1", what: "forget" }  accepted
            3 then   Tally "inst-1"                                           FAILED

    chain  Instructed                          talk-inst-1 @2
           ├ Brittle                           handled, stored nothing
           ├ Bystander                         handled, stored nothing
           └ TallyKeeper                       deleted Tally "inst-1"   <- here

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn a_long_value_is_cut() {
    let flow = lab()
        .when_event(instructed(&"very ".repeat(100)))
        .then_projection::<Tally>("inst-1")
        .has(|row| row.what.is_empty());

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then Tally "inst-1" has      tests/it/failure_reports/state.rs:LINE

      expected  Tally "inst-1" for which the closure returns true
      found     Tally "inst-1" {
                    instruction_id: "inst-1",
                    what: "very very very very very very very .. 423 more characters .. ry very very very very very very very very ",
                }

    why    perhaps: TallyKeeper handled Instructed and was the last to set `instruction_id`, `what`

    story   1 when   Instructed { instruction_id: "inst-1", .. }  accepted
            2 then   Tally "inst-1" has                           FAILED

    chain  Instructed                          talk-inst-1 @1
           ├ Brittle                           handled, stored nothing
           ├ Bystander                         handled, stored nothing
           └ TallyKeeper                       wrote Tally "inst-1"   <- here

    end    nothing pending · no handlers failed
    "#);
}
