//! Reports of events that differ from the expected ones.

use ::shop::StockReserved;
use flow_harness::expect;

use crate::fixture::{
    order_confirmed, order_placed, payment_received, place_order, report, shop, stock_received,
    stock_refused, stock_reserved,
};

#[test]
fn an_event_is_missing() {
    let flow = shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_events((order_placed(), stock_reserved(), order_confirmed()));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then events OrderPlaced, StockReserved, OrderConfirmed      tests/it/failure_reports/events.rs:LINE

      expected  OrderPlaced, StockReserved, OrderConfirmed
      found     OrderPlaced, StockReserved
                as expected  OrderPlaced
                as expected  StockReserved
                missing      OrderConfirmed { order_id: "ord-1", customer_id: "cust-1" }

    why    perhaps: Fulfilment handled StockReserved and issued no ConfirmOrder
    fix    check the conditions in Fulfilment that lead to ConfirmOrder

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

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn an_event_is_unexpected() {
    let flow = shop()
        .given_events(stock_received(1))
        .when(place_order())
        .then_events((order_placed(), stock_refused(1)));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then events OrderPlaced, StockRefused      tests/it/failure_reports/events.rs:LINE

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
             │         ├ InventoryEventHandler    handled, stored nothing
             │         └ OrderDashboardProjector  wrote OrderDashboard "ord-1"
             ├ Fulfilment                         stored Fulfilment "ord-1"
             └ OrderDashboardProjector            wrote OrderDashboard "ord-1"

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn an_event_has_other_fields() {
    let flow = shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_events((
            order_placed(),
            StockReserved {
                order_id: "ord-01".into(),
                quantity: 3,
                ..stock_reserved()
            },
        ));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then events OrderPlaced, StockReserved      tests/it/failure_reports/events.rs:LINE

      expected  OrderPlaced, StockReserved
      found     OrderPlaced, StockReserved
                as expected  OrderPlaced
                differs      StockReserved
                             order_id  expected "ord-01", found "ord-1"
                             quantity  expected 3, found 2

    why    perhaps: InventoryEventHandler handled OrderPlaced and was the last to set `order_id`; the value is the `order_id` of PlaceOrder in
             the test flow
           InventoryEventHandler handled OrderPlaced and was the last to set `quantity`; the value is the `quantity` of PlaceOrder in the test
             flow

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

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn events_are_in_another_order() {
    let flow = shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_events((stock_reserved(), order_placed()));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then events StockReserved, OrderPlaced      tests/it/failure_reports/events.rs:LINE

      expected  StockReserved, OrderPlaced
      found     OrderPlaced, StockReserved
                moved        StockReserved, expected at position 1, found at position 2
                as expected  OrderPlaced

    why    the expected messages came in another order
           expected       found
           StockReserved  OrderPlaced  <-
           OrderPlaced    StockReserved  <-
           OrderCommandHandler sent OrderPlaced too early, when it handled PlaceOrder
    fix    use `.then_event(..)` for each event, if the order does not matter

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

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn chain_differs() {
    let flow = shop()
        .given_events(stock_received(1))
        .given_command(place_order())
        .when_event(payment_received())
        .then(expect::chain([
            "PaymentReceived",
            "ConfirmOrder",
            "OrderConfirmed",
        ]));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 4: then chain PaymentReceived -> ConfirmOrder -> OrderConfirmed      tests/it/failure_reports/events.rs:LINE

      expected  PaymentReceived -> ConfirmOrder -> OrderConfirmed
      found     PaymentReceived, which caused nothing

    why    Fulfilment skipped PaymentReceived: Fulfilment `ord-1` is complete

    story   1 given  StockReceived { product_id: "prod-1", quantity: 1 }
            2 given  PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }
            3 when   PaymentReceived { payment_id: "pay-1", order_id: "ord-1", .. }  accepted
            4 then   chain PaymentReceived -> ConfirmOrder -> OrderConfirmed         FAILED

    chain  PaymentReceived                     payment-pay-1 @1
           └ Fulfilment                        skipped: Fulfilment `ord-1` is complete   <- here

    end    nothing pending · no handlers failed
    "#);
}
