//! Reports of a command that is rejected, or unexpectedly accepted.

use ::shop::{ConfirmOrder, OrderError};

use crate::fixture::{place_order, report, shop, stock_received};

#[test]
fn unasserted_rejection() {
    let flow = shop()
        .given_command(place_order())
        .when(place_order())
        .then_no_events();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: when PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }      tests/it/failure_reports/command_result.rs:LINE

      expected  no problem, or a `then` that covers it
      found     PlaceOrder was rejected: the order is already placed
                If the test expects this, add `.then_rejected(..)`

    story   1 given  PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  REJECTED: the order is already placed
            3 then   no events                                                    ok

    chain  PlaceOrder                          OrderCommandHandler  REJECTED: the order is already placed   <- here

    end    nothing pending · no handlers failed · 1 command rejected
    "#);
}

#[test]
fn expected_rejection_is_missing() {
    let flow = shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_rejected(OrderError::AlreadyPlaced);

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then rejected with AlreadyPlaced      tests/it/failure_reports/command_result.rs:LINE

      expected  PlaceOrder is rejected with AlreadyPlaced
      found     PlaceOrder was accepted

    why    OrderCommandHandler handled PlaceOrder; effects: OrderPlaced, Order "ord-1"

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            3 then   rejected with AlreadyPlaced                                  FAILED

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
fn failure_instead_of_a_rejection() {
    let flow = shop()
        .when(ConfirmOrder {
            order_id: "ord-9".into(),
        })
        .then_rejected(OrderError::AlreadyPlaced);

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then rejected with AlreadyPlaced      tests/it/failure_reports/command_result.rs:LINE

      expected  ConfirmOrder is rejected with AlreadyPlaced
      found     ConfirmOrder failed: there is no Order `ord-9`
                A missing state is a failure. To reject the command, load it with `find`, and return a rejection

    fix    create Order "ord-9" with `.given_command(..)` or `.given_aggregate(..)`, if it should exist

    story   1 when   ConfirmOrder { order_id: "ord-9" }  FAILED: there is no Order `ord-9`
            2 then   rejected with AlreadyPlaced         FAILED

    chain  ConfirmOrder                        OrderCommandHandler  FAILED: there is no Order `ord-9`   <- here

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn given_command_is_rejected() {
    let flow = shop()
        .given_command(place_order())
        .given_command(place_order())
        .when(ConfirmOrder {
            order_id: "ord-1".into(),
        })
        .then_accepted();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: given PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }      tests/it/failure_reports/command_result.rs:LINE

      expected  the given step runs without problems
      found     the command was rejected: the order is already placed
                If the test expects this, use `.when(..)` instead

      2 later steps were skipped

    why    OrderCommandHandler rejected PlaceOrder: the order is already placed
    fix    set up the required state in a `given_..` step, if PlaceOrder should be accepted

    story   1 given  PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }
            2 given  PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  FAILED
            3 when   ConfirmOrder { order_id: "ord-1" }                           skipped
            4 then   accepted                                                     skipped

    chain  PlaceOrder                          OrderCommandHandler  REJECTED: the order is already placed   <- here

    end    nothing pending · no handlers failed · 1 command rejected
    "#);
}

#[test]
fn failed_act_skips_the_later_steps() {
    let flow = shop()
        .given_command(place_order())
        .when(place_order())
        .when(ConfirmOrder {
            order_id: "ord-1".into(),
        })
        .then_accepted()
        .then_no_events();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: when PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }      tests/it/failure_reports/command_result.rs:LINE

      expected  no problem, or a `then` that covers it
      found     PlaceOrder was rejected: the order is already placed
                If the test expects this, add `.then_rejected(..)`

      3 later steps were skipped

    story   1 given  PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  REJECTED: the order is already placed
            3 when   ConfirmOrder { order_id: "ord-1" }                           skipped
            4 then   accepted                                                     skipped
            5 then   no events                                                    skipped

    chain  PlaceOrder                          OrderCommandHandler  REJECTED: the order is already placed   <- here

    end    nothing pending · no handlers failed · 1 command rejected
    "#);
}
