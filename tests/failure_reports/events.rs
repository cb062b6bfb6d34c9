//! Other events than expected.

use ::shop::StockReserved;

use crate::{
    fixture::{confirmed, paid, place, placed, received, refused, reserved, shop},
    report,
};

#[test]
fn an_event_is_missing() {
    let flow = shop()
        .given_events(received(100))
        .when(place())
        .then_events((placed(), reserved(), confirmed()));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then events OrderPlaced, StockReserved, OrderConfirmed      tests/failure_reports/events.rs:LINE

      expected  OrderPlaced, StockReserved, OrderConfirmed
      found     OrderPlaced, StockReserved
                as expected  OrderPlaced
                as expected  StockReserved
                missing      OrderConfirmed { order_id: "ord-1", customer_id: "cust-1" }

    why    Fulfilment handled StockReserved and issued no ConfirmOrder
    do     look at what Fulfilment decides on: the branch that leads to ConfirmOrder was not taken
    or     PaymentReceived did not come; nobody in the domain sends it

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            3 then   events OrderPlaced, StockReserved, OrderConfirmed            FAILED

    chain  PlaceOrder                          OrderCommandHandler  stored Order "ord-1"
           └ OrderPlaced                       order-ord-1 @1
             ├ InventoryEventHandler           handled
             │ └ StockReserved                 inventory-prod-1 @2
             │   ├ Fulfilment                  stored Fulfilment "ord-1"   <- here
             │   └ StockLevelProjector         wrote StockLevel "prod-1"
             ├ Fulfilment                      stored Fulfilment "ord-1"
             └ OrderDashboardProjector         wrote OrderDashboard "ord-1"

    left   nothing waiting · no handlers failed
    "#);
}

#[test]
fn an_event_is_unexpected() {
    let flow = shop()
        .given_events(received(1))
        .when(place())
        .then_events((placed(), refused(1)));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then events OrderPlaced, StockRefused      tests/failure_reports/events.rs:LINE

      expected  OrderPlaced, StockRefused
      found     OrderPlaced, StockRefused, OrderCancelled
                as expected  OrderPlaced
                as expected  StockRefused
                unexpected   OrderCancelled { order_id: "ord-1", product_id: "prod-1", reason: "out of stock" }

    why    OrderCommandHandler handled CancelOrder and raised OrderCancelled

    story   1 given  StockReceived { product_id: "prod-1", quantity: 1 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            3 then   events OrderPlaced, StockRefused                             FAILED

    chain  PlaceOrder                             OrderCommandHandler  stored Order "ord-1"
           └ OrderPlaced                          order-ord-1 @1
             ├ InventoryEventHandler              handled
             │ └ StockRefused                     inventory-prod-1 @2
             │   └ Fulfilment                     stored Fulfilment "ord-1"
             │     └ CancelOrder                  OrderCommandHandler  stored Order "ord-1"   <- here
             │       └ OrderCancelled             order-ord-1 @2
             │         ├ InventoryEventHandler    handled, changed nothing
             │         └ OrderDashboardProjector  wrote OrderDashboard "ord-1"
             ├ Fulfilment                         stored Fulfilment "ord-1"
             └ OrderDashboardProjector            wrote OrderDashboard "ord-1"

    left   nothing waiting · no handlers failed
    "#);
}

#[test]
fn an_event_has_other_fields() {
    let flow = shop()
        .given_events(received(100))
        .when(place())
        .then_events((
            placed(),
            StockReserved {
                order_id: "ord-01".into(),
                quantity: 3,
                ..reserved()
            },
        ));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then events OrderPlaced, StockReserved      tests/failure_reports/events.rs:LINE

      expected  OrderPlaced, StockReserved
      found     OrderPlaced, StockReserved
                as expected  OrderPlaced
                differs      StockReserved
                             order_id  expected "ord-01", found "ord-1"
                             quantity  expected 3, found 2

    why    order_id was set last by InventoryEventHandler on OrderPlaced; the value is as the sentence has it: the `order_id` of PlaceOrder
           quantity was set last by InventoryEventHandler on OrderPlaced; the value is as the sentence has it: the `quantity` of PlaceOrder

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            3 then   events OrderPlaced, StockReserved                            FAILED

    chain  PlaceOrder                          OrderCommandHandler  stored Order "ord-1"
           └ OrderPlaced                       order-ord-1 @1
             ├ InventoryEventHandler           handled   <- here
             │ └ StockReserved                 inventory-prod-1 @2
             │   ├ Fulfilment                  stored Fulfilment "ord-1"
             │   └ StockLevelProjector         wrote StockLevel "prod-1"
             ├ Fulfilment                      stored Fulfilment "ord-1"
             └ OrderDashboardProjector         wrote OrderDashboard "ord-1"

    left   nothing waiting · no handlers failed
    "#);
}

#[test]
fn events_are_in_another_order() {
    let flow = shop()
        .given_events(received(100))
        .when(place())
        .then_events((reserved(), placed()));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then events StockReserved, OrderPlaced      tests/failure_reports/events.rs:LINE

      expected  StockReserved, OrderPlaced
      found     OrderPlaced, StockReserved
                moved        StockReserved, expected as number 1, found as number 2
                as expected  OrderPlaced

    why    the same came in another order
           expected       found
           StockReserved  OrderPlaced  <-
           OrderPlaced    StockReserved  <-
           what came early is of OrderCommandHandler on PlaceOrder
    do     if the order does not matter, say `.then_event(..)` for each

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            3 then   events StockReserved, OrderPlaced                            FAILED

    chain  PlaceOrder                          OrderCommandHandler  stored Order "ord-1"   <- here
           └ OrderPlaced                       order-ord-1 @1
             ├ InventoryEventHandler           handled
             │ └ StockReserved                 inventory-prod-1 @2
             │   ├ Fulfilment                  stored Fulfilment "ord-1"
             │   └ StockLevelProjector         wrote StockLevel "prod-1"
             ├ Fulfilment                      stored Fulfilment "ord-1"
             └ OrderDashboardProjector         wrote OrderDashboard "ord-1"

    left   nothing waiting · no handlers failed
    "#);
}

#[test]
fn chain_differs() {
    let flow = shop()
        .given_events(received(1))
        .given_command(place())
        .when_event(paid())
        .then_chain(["PaymentReceived", "ConfirmOrder", "OrderConfirmed"]);

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 4: then chain PaymentReceived -> ConfirmOrder -> OrderConfirmed      tests/failure_reports/events.rs:LINE

      expected  PaymentReceived -> ConfirmOrder -> OrderConfirmed
      found     PaymentReceived, which caused nothing

    why    Fulfilment let PaymentReceived go: Fulfilment `ord-1` is complete
    do     if it should not be let go, look at `origin`, the deadline, or what starts the process manager

    story   1 given  StockReceived { product_id: "prod-1", quantity: 1 }
            2 given  PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }
            3 when   PaymentReceived { payment_id: "pay-1", order_id: "ord-1", .. }  accepted
            4 then   chain PaymentReceived -> ConfirmOrder -> OrderConfirmed         FAILED

    chain  PaymentReceived                     payment-pay-1 @1
           └ Fulfilment                        let it go: Fulfilment `ord-1` is complete   <- here

    left   nothing waiting · no handlers failed
    "#);
}
