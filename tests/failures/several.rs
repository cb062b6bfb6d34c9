//! Several things fail at once.

use ::shop::{Inventory, OrderDashboard, OrderStatus};

use crate::{
    fixture::{confirmed, paid, place, received, shop},
    report,
};

#[test]
fn all_that_is_wrong_with_an_act_is_told() {
    let flow = shop()
        .given_events(received(100))
        .when(place())
        .then_event(confirmed())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Confirmed)
        .when_event(paid())
        .then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then event OrderConfirmed      tests/failures/several.rs:LINE

      expected  OrderConfirmed { order_id: "ord-1", customer_id: "cust-1" }
      found     none of that type among OrderPlaced, StockReserved

    and at step 5: then OrderDashboard "ord-1" has      tests/failures/several.rs:LINE

      expected  OrderDashboard "ord-1" for which the closure holds
      found     OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }     accepted
            3 then   event OrderConfirmed                                            FAILED
            4 then   Inventory "prod-1" has                                          ok
            5 then   OrderDashboard "ord-1" has                                      FAILED
            6 when   PaymentReceived { payment_id: "pay-1", order_id: "ord-1", .. }  skipped
            7 then   settled                                                         skipped

    chain  PlaceOrder                          OrderCommandHandler  stored Order "ord-1"
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
fn a_sentence_that_expects_nothing() {
    let flow = shop().given_events(received(100)).when(place());

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: when PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }      tests/failures/several.rs:LINE

      expected  at least one `then`
      found     none: a sentence that expects nothing passes whatever happens.
                Say what is expected; `.then_settled()` if the point is that it ran and nothing went wrong

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted

    chain  PlaceOrder                          OrderCommandHandler  stored Order "ord-1"
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
