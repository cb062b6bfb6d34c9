//! Reports of several problems at once.

use ::shop::{Inventory, OrderDashboard, OrderStatus};

use crate::fixture::{
    Brittle, counted, instructed, lab, order_confirmed, payment_received, place_order, report,
    shop, stock_received,
};

#[test]
fn report_lists_every_problem_of_an_act() {
    let flow = shop()
        .given_events(stock_received(100))
        .when(place_order())
        .then_event(order_confirmed())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .then_projection::<OrderDashboard>("ord-1")
        .has(|row| row.status == OrderStatus::Confirmed)
        .when_event(payment_received())
        .then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then event OrderConfirmed      tests/it/failure_reports/several_problems.rs:LINE

      expected  OrderConfirmed { order_id: "ord-1", customer_id: "cust-1" }
      found     only OrderPlaced, StockReserved

    and at step 5: then OrderDashboard "ord-1" has      tests/it/failure_reports/several_problems.rs:LINE

      expected  OrderDashboard "ord-1" for which the closure returns true
      found     OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }

      2 later steps were skipped

    why    the expectation holds only after step 6 (when PaymentReceived { payment_id: "pay-1", order_id: "ord-1", .. })
    fix    move the expectation after step 6

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

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn handler_failure_is_reported_before_its_effects() {
    let flow = lab()
        .when_event(instructed("fail"))
        .then_event(counted(3))
        .then_handled_by::<Brittle>();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then handled by Brittle      tests/it/failure_reports/several_problems.rs:LINE

      expected  Brittle handles at least 1 message
      found     it handled nothing
                failed on 1 message: the instruction failed: there was smoke

    and at step 2: then event Counted      tests/it/failure_reports/several_problems.rs:LINE

      expected  Counted { counted_id: "count-1", left: 3 }
      found     no events at all

    story   1 when   Instructed { instruction_id: "inst-1", what: "fail" }  accepted, but a handler failed
            2 then   event Counted                                          FAILED
            3 then   handled by Brittle                                     FAILED

    chain  Instructed                          talk-inst-1 @1
           ├ Brittle                           FAILED: the instruction failed: there was smoke   <- here
           ├ Bystander                         handled, stored nothing
           └ TallyKeeper                       wrote Tally "inst-1"

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn rejection_is_reported_before_missing_events() {
    let flow = shop()
        .given_command(place_order())
        .when(place_order())
        .then_event(order_confirmed());

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: when PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }      tests/it/failure_reports/several_problems.rs:LINE

      expected  no problem, or a `then` that covers it
      found     PlaceOrder was rejected: the order is already placed
                If the test expects this, add `.then_rejected(..)`

    and at step 3: then event OrderConfirmed      tests/it/failure_reports/several_problems.rs:LINE

      expected  OrderConfirmed { order_id: "ord-1", customer_id: "cust-1" }
      found     no events at all

    story   1 given  PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  REJECTED: the order is already placed
            3 then   event OrderConfirmed                                         FAILED

    chain  PlaceOrder                          OrderCommandHandler  REJECTED: the order is already placed   <- here

    end    nothing pending · no handlers failed · 1 command rejected
    "#);
}

#[test]
fn first_mismatch_is_not_repeated() {
    let flow = lab()
        .when_event(instructed("fail"))
        .then_settled()
        .then_event(counted(3));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then settled      tests/it/failure_reports/several_problems.rs:LINE

      expected  the flow settles without problems
      found     Brittle failed on Instructed: the instruction failed: there was smoke

    and at step 3: then event Counted      tests/it/failure_reports/several_problems.rs:LINE

      expected  Counted { counted_id: "count-1", left: 3 }
      found     no events at all

    story   1 when   Instructed { instruction_id: "inst-1", what: "fail" }  accepted, but a handler failed
            2 then   settled                                                FAILED
            3 then   event Counted                                          FAILED

    chain  Instructed                          talk-inst-1 @1
           ├ Brittle                           FAILED: the instruction failed: there was smoke   <- here
           ├ Bystander                         handled, stored nothing
           └ TallyKeeper                       wrote Tally "inst-1"

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn problem_is_printed_once_if_a_later_step_shows_it() {
    let flow = shop()
        .given_command(place_order())
        .when(place_order())
        .then_event(order_confirmed())
        .then_accepted();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 4: then accepted      tests/it/failure_reports/several_problems.rs:LINE

      expected  PlaceOrder is accepted
      found     PlaceOrder was rejected: the order is already placed

    and at step 3: then event OrderConfirmed      tests/it/failure_reports/several_problems.rs:LINE

      expected  OrderConfirmed { order_id: "ord-1", customer_id: "cust-1" }
      found     no events at all

    story   1 given  PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  REJECTED: the order is already placed
            3 then   event OrderConfirmed                                         FAILED
            4 then   accepted                                                     FAILED

    chain  PlaceOrder                          OrderCommandHandler  REJECTED: the order is already placed   <- here

    end    nothing pending · no handlers failed · 1 command rejected
    "#);
}
