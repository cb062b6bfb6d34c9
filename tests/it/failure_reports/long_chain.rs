//! Reports that are shortened.

use flow_harness::prelude::*;

use crate::fixture::{counted, failure, lab, place_order_with_id, report, shop};

#[test]
fn a_chain_that_is_too_deep() {
    let flow = lab().when_event(counted(50)).then_event(counted(99));

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then event Counted      tests/it/failure_reports/long_chain.rs:LINE

      expected  Counted { counted_id: "count-1", left: 99 }
      found     Counted { counted_id: "count-1", left: 49 }
                left  expected 99, found 49

    why    perhaps: Countdown handled Counted and was the last to set `left`; the value comes from Countdown, but the `left` of Counted is 50

    story   1 when   Counted { counted_id: "count-1", left: 50 }  accepted
            2 then   event Counted                                FAILED

    chain  Counted                                                 count-count-1 @1
           └ Countdown                                             handled   <- here
             └ Counted                                             count-count-1 @2
               └ Countdown                                         handled
                 └ Counted                                         count-count-1 @3
                   └ Countdown                                     handled
                     └ Counted                                     count-count-1 @4
                       └ Countdown                                 handled
                         └ Counted                                 count-count-1 @5
                           └ Countdown                             handled
                             └ Counted                             count-count-1 @6
                               └ Countdown                         handled
                                 └ Counted                         count-count-1 @7
                                   └ Countdown                     handled
                                     └ Counted                     count-count-1 @8
                                       └ Countdown                 handled
                                         └ Counted                 count-count-1 @9
                                           └ Countdown             handled
                                             └ Counted             count-count-1 @10
                                               └ Countdown         handled
                                                 └ Counted         count-count-1 @11
                                                   └ Countdown     handled
                                                     └ Counted     count-count-1 @12
                                                       └ Countdown  handled
                                                         └ Counted  count-count-1 @13
                                                           └ Countdown  handled
                                                             └ Counted  count-count-1 @14
                                                               └ Countdown  handled
                                                                 └ Counted  count-count-1 @15
                                                                   └ Countdown  handled
                                                                     └ Counted  count-count-1 @16
                                                                       └ Countdown  handled  .. 1 more, 35 messages

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn a_chain_that_is_too_long() {
    let flow = shop()
        .when_all((
            place_order_with_id("ord-1"),
            place_order_with_id("ord-2"),
            place_order_with_id("ord-3"),
        ))
        .when_all((
            place_order_with_id("ord-4"),
            place_order_with_id("ord-5"),
            place_order_with_id("ord-6"),
        ))
        .then_no_events();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then no events      tests/it/failure_reports/long_chain.rs:LINE

      expected  nothing
      found     OrderPlaced, StockRefused, OrderCancelled, OrderPlaced, StockRefused, OrderCancelled, OrderPlaced, StockRefused, OrderCancelled
                unexpected   OrderPlaced { order_id: "ord-4", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
                unexpected   StockRefused { product_id: "prod-1", order_id: "ord-4", wanted: 2, available: 0 }
                unexpected   OrderCancelled { order_id: "ord-4", product_id: "prod-1", reason: "out of stock" }
                unexpected   OrderPlaced { order_id: "ord-5", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
                unexpected   StockRefused { product_id: "prod-1", order_id: "ord-5", wanted: 2, available: 0 }
                unexpected   OrderCancelled { order_id: "ord-5", product_id: "prod-1", reason: "out of stock" }
                unexpected   OrderPlaced { order_id: "ord-6", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
                unexpected   StockRefused { product_id: "prod-1", order_id: "ord-6", wanted: 2, available: 0 }
                unexpected   OrderCancelled { order_id: "ord-6", product_id: "prod-1", reason: "out of stock" }

    why    OrderCommandHandler handled PlaceOrder and raised OrderPlaced

    story   1 when   PlaceOrder {..}, PlaceOrder {..}, PlaceOrder {..}  accepted, accepted, accepted
            2 when   PlaceOrder {..}, PlaceOrder {..}, PlaceOrder {..}  accepted, accepted, accepted
            3 then   no events                                          FAILED

    chain  PlaceOrder                             OrderCommandHandler  stored Order "ord-1"
           └ OrderPlaced                          order-ord-1 @1
             ├ InventoryEventHandler              handled
             │ └ StockRefused                     inventory-prod-1 @1
             │   └ Fulfilment                     stored Fulfilment "ord-1"
             │     └ CancelOrder                  OrderCommandHandler  stored Order "ord-1"
             │       └ OrderCancelled             order-ord-1 @2  .. 2 more
             ├ Fulfilment                         stored Fulfilment "ord-1"
             └ OrderDashboardProjector            wrote OrderDashboard "ord-1"
           PlaceOrder                             OrderCommandHandler  stored Order "ord-2"
           └ OrderPlaced                          order-ord-2 @1
             ├ InventoryEventHandler              handled
             │ └ StockRefused                     inventory-prod-1 @2
             │   └ Fulfilment                     stored Fulfilment "ord-2"
             │     └ CancelOrder                  OrderCommandHandler  stored Order "ord-2"
             │       └ OrderCancelled             order-ord-2 @2  .. 2 more
             ├ Fulfilment                         stored Fulfilment "ord-2"
             └ OrderDashboardProjector            wrote OrderDashboard "ord-2"
           PlaceOrder                             OrderCommandHandler  stored Order "ord-3"
           └ OrderPlaced                          order-ord-3 @1
             ├ InventoryEventHandler              handled
             │ └ StockRefused                     inventory-prod-1 @3
             │   └ Fulfilment                     stored Fulfilment "ord-3"
             │     └ CancelOrder                  OrderCommandHandler  stored Order "ord-3"
             │       └ OrderCancelled             order-ord-3 @2  .. 2 more
             ├ Fulfilment                         stored Fulfilment "ord-3"
             └ OrderDashboardProjector            wrote OrderDashboard "ord-3"
           PlaceOrder                             OrderCommandHandler  stored Order "ord-4"
           └ OrderPlaced                          order-ord-4 @1
             ├ InventoryEventHandler              handled
             │ └ StockRefused                     inventory-prod-1 @4
             │   └ Fulfilment                     stored Fulfilment "ord-4"
             │     └ CancelOrder                  OrderCommandHandler  stored Order "ord-4"
             │       └ OrderCancelled             order-ord-4 @2
             │         ├ InventoryEventHandler    handled, stored nothing
             │         └ OrderDashboardProjector  wrote OrderDashboard "ord-4"
             ├ Fulfilment                         stored Fulfilment "ord-4"
             └ OrderDashboardProjector            wrote OrderDashboard "ord-4"
           PlaceOrder                             OrderCommandHandler  stored Order "ord-5"
           └ OrderPlaced                          order-ord-5 @1
             ├ InventoryEventHandler              handled
             │ └ StockRefused                     inventory-prod-1 @5
             │   └ Fulfilment                     stored Fulfilment "ord-5"
             │     └ CancelOrder                  OrderCommandHandler  stored Order "ord-5"
             │       └ OrderCancelled             order-ord-5 @2
             │         ├ InventoryEventHandler    handled, stored nothing
             │         └ OrderDashboardProjector  wrote OrderDashboard "ord-5"
             ├ Fulfilment                         stored Fulfilment "ord-5"
             └ OrderDashboardProjector            wrote OrderDashboard "ord-5"
           PlaceOrder                             OrderCommandHandler  stored Order "ord-6"   <- here
           └ OrderPlaced                          order-ord-6 @1
             ├ InventoryEventHandler              handled
             │ └ StockRefused                     inventory-prod-1 @6
             │   └ Fulfilment                     stored Fulfilment "ord-6"
             │     └ CancelOrder                  OrderCommandHandler  stored Order "ord-6"
             │       └ OrderCancelled             order-ord-6 @2
             │         ├ InventoryEventHandler    handled, stored nothing
             │         └ OrderDashboardProjector  wrote OrderDashboard "ord-6"
             ├ Fulfilment                         stored Fulfilment "ord-6"
             └ OrderDashboardProjector            wrote OrderDashboard "ord-6"

    end    nothing pending · no handlers failed
    "#);
}

/// Returns the last lines of the first section of a report, each at most 60 characters long.
fn end_of_mismatch(report: &str, n_lines: usize) -> String {
    let section = report.split("\n\nwhy").next().unwrap_or_default();
    let lines: Vec<&str> = section.lines().collect();
    let last = lines[lines.len() - n_lines..].iter();

    last.map(|line| line.chars().take(60).collect::<String>())
        .collect::<Vec<String>>()
        .join("\n")
}

#[test]
fn a_list_that_is_too_long() {
    let flow = || lab().when_event(counted(100)).then_no_events();

    insta::assert_snapshot!(end_of_mismatch(&report(flow()), 3), @r#"
    unexpected   Counted { counted_id: "count-1", le
    unexpected   Counted { counted_id: "count-1", le
    and 60 more
    "#);
    let whole = failure(flow()).record_text();
    assert!(whole.contains("left: 0 }"), "the file has all of it");
}

#[test]
fn an_expected_list_that_is_too_long() {
    let expected: Vec<_> = (0..100).map(counted).collect();
    let flow = lab().when_event(counted(0)).then_events(expected);

    insta::assert_snapshot!(end_of_mismatch(&report(flow), 3), @r#"
    missing      Counted { counted_id: "count-1", le
    missing      Counted { counted_id: "count-1", le
    and 60 more
    "#);
}

#[test]
fn steps_that_are_too_many() {
    let mut flow = lab().when_event(counted(0)).then_event(counted(9));
    for left in 10..60 {
        flow = flow.then(expect::event(counted(left)));
    }

    let text = report(flow);
    let others = text.lines().find(|line| line.starts_with("and at steps"));
    insta::assert_snapshot!(others.unwrap_or_default(), @"and at steps 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, and 7 more");
}
