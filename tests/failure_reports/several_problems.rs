//! Several things fail at once.

use ::shop::{Inventory, OrderDashboard, OrderStatus};

use crate::{
    fixture::{Brittle, confirmed, counted, instructed, lab, paid, place, received, shop},
    report,
};

#[test]
fn report_lists_every_problem_of_an_act() {
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
    flow failed at step 3: then event OrderConfirmed      tests/failure_reports/several_problems.rs:LINE

      expected  OrderConfirmed { order_id: "ord-1", customer_id: "cust-1" }
      found     none of that type among OrderPlaced, StockReserved

    and at step 5: then OrderDashboard "ord-1" has      tests/failure_reports/several_problems.rs:LINE

      expected  OrderDashboard "ord-1" for which the closure holds
      found     OrderDashboard "ord-1" { order_id: "ord-1", customer_id: "cust-1", status: "Placed", total_cents: 9995 }

      2 steps after it were not run

    why    it is so after step 6, when PaymentReceived { payment_id: "pay-1", order_id: "ord-1", .. }, and was asked before
    do     say it after step 6

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
fn flow_that_expects_nothing() {
    let flow = shop().given_events(received(100)).when(place());

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: when PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }      tests/failure_reports/several_problems.rs:LINE

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

#[test]
fn handler_failure_is_reported_before_its_effects() {
    let flow = lab()
        .when_event(instructed("fail"))
        .then_event(counted(3))
        .then_handled_by::<Brittle>();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 1: when Instructed { instruction_id: "told-1", what: "fail" }      tests/failure_reports/several_problems.rs:LINE

      expected  nothing goes wrong that no `then` speaks of
      found     Brittle on Instructed: what was told failed: there was smoke
                If that is the point, say so: `.then_handler_failed::<Brittle>(..)`

    and at step 2: then event Counted      tests/failure_reports/several_problems.rs:LINE

      expected  Counted { counted_id: "count-1", left: 3 }
      found     no events at all

    and at step 3: then handled by Brittle      tests/failure_reports/several_problems.rs:LINE

      expected  Brittle handles something
      found     it handled nothing
                failed on one: what was told failed: there was smoke

    story   1 when   Instructed { instruction_id: "told-1", what: "fail" }  accepted, but a handler failed
            2 then   event Counted                                          FAILED
            3 then   handled by Brittle                                     FAILED

    chain  Instructed                          talk-told-1 @1
           ├ Brittle                           FAILED: what was told failed: there was smoke   <- here
           ├ Bystander                         handled, changed nothing
           └ TallyKeeper                       wrote Tally "told-1"

    left   nothing waiting · 1 handler failed
    "#);
}

#[test]
fn rejection_is_reported_before_missing_events() {
    let flow = shop()
        .given_command(place())
        .when(place())
        .then_event(confirmed());

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: when PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }      tests/failure_reports/several_problems.rs:LINE

      expected  nothing goes wrong that no `then` speaks of
      found     PlaceOrder was rejected: the order is already placed
                If that is the point, say so: `.then_rejected(..)`

    and at step 3: then event OrderConfirmed      tests/failure_reports/several_problems.rs:LINE

      expected  OrderConfirmed { order_id: "ord-1", customer_id: "cust-1" }
      found     no events at all

    story   1 given  PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  REJECTED: the order is already placed
            3 then   event OrderConfirmed                                         FAILED

    chain  PlaceOrder                          OrderCommandHandler  REJECTED: the order is already placed   <- here

    left   nothing waiting · no handlers failed
    "#);
}

#[test]
fn first_mismatch_is_not_repeated() {
    let flow = lab()
        .when_event(instructed("fail"))
        .then_settled()
        .then_event(counted(3));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then settled      tests/failure_reports/several_problems.rs:LINE

      expected  everything settles and nothing goes wrong
      found     Brittle on Instructed: what was told failed: there was smoke

    and at step 3: then event Counted      tests/failure_reports/several_problems.rs:LINE

      expected  Counted { counted_id: "count-1", left: 3 }
      found     no events at all

    story   1 when   Instructed { instruction_id: "told-1", what: "fail" }  accepted, but a handler failed
            2 then   settled                                                FAILED
            3 then   event Counted                                          FAILED

    chain  Instructed                          talk-told-1 @1
           ├ Brittle                           FAILED: what was told failed: there was smoke   <- here
           ├ Bystander                         handled, changed nothing
           └ TallyKeeper                       wrote Tally "told-1"

    left   nothing waiting · 1 handler failed
    "#);
}
