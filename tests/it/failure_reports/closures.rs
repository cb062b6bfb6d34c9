//! Reports of a closure in the test that panics.

use ::shop::{OrderDashboard, OrderPlaced};
use flow_harness::prelude::*;

use crate::fixture::{place_order, place_order_with_id, report, shop, stock_received};

#[test]
fn closure_that_panics_on_a_row() {
    let flow = shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| {
            assert_eq!(row.total_cents, 9_990);
            true
        });

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then OrderDashboard "ord-1" has      tests/it/failure_reports/closures.rs:LINE

      expected  the closure returns without a panic
      found     the closure panicked at tests/it/failure_reports/closures.rs:LINE: assertion `left == right` failed
                  left: 9995
                 right: 9990
                { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }

    why    perhaps: OrderDashboardProjector handled OrderPlaced and was the last to set `customer_id`, `order_id`, `status`, `total_cents`

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            3 then   OrderDashboard "ord-1" has                                   FAILED

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
fn closure_that_panics_while_making_a_command() {
    let flow = shop()
        .when(place_order())
        .when_with(|outcome: &Outcome| {
            place_order_with_id(&outcome.events_of::<OrderPlaced>()[7].order_id)
        })
        .then_accepted();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: when a command that a closure builds      tests/it/failure_reports/closures.rs:LINE

      expected  the closure returns without a panic
      found     the closure panicked at tests/it/failure_reports/closures.rs:LINE: index out of bounds: the len is 1 but the index is 7

      1 later step was skipped

    story   1 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            2 when   a command that a closure builds                              FAILED
            3 then   accepted                                                     skipped

    chain  PlaceOrder                             OrderCommandHandler  stored Order "ord-1"
           └ OrderPlaced                          order-ord-1 @1
             ├ InventoryEventHandler              handled
             │ └ StockRefused                     inventory-prod-1 @1
             │   └ Fulfilment                     stored Fulfilment "ord-1"
             │     └ CancelOrder                  OrderCommandHandler  stored Order "ord-1"
             │       └ OrderCancelled             order-ord-1 @2
             │         ├ InventoryEventHandler    handled, stored nothing
             │         └ OrderDashboardProjector  wrote OrderDashboard "ord-1"
             ├ Fulfilment                         stored Fulfilment "ord-1"
             └ OrderDashboardProjector            wrote OrderDashboard "ord-1"

    end    nothing pending · no handlers failed
    "#);
}
