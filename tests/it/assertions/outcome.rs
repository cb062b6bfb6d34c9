//! The outcome of a run, for plain asserts.

use ::shop::{
    Fulfilment, Inventory, Order, OrderConfirmed, OrderDashboard, OrderError, OrderStatus,
    StockLevel, StockReserved,
};
use flow_harness::expect;
use pretty_assertions::assert_eq;

use crate::{
    assertions::order_flows::{ordered, ordered_twice},
    fixture::{
        FakeMailer, LabError, Tally, ask, dashboard, instructed, lab, order_confirmed,
        payment_received, place_order, place_order_with_id, shop_with_mail, stock_received,
        stock_reserved,
    },
};

#[test]
fn events_are_the_stored_events_of_all_acts() {
    let outcome = ordered()
        .when_event(payment_received())
        .then_settled()
        .run();

    let events = outcome.events();
    let positions: Vec<String> = events
        .iter()
        .map(|event| format!("{} @{}", event.stream(), event.version))
        .collect();
    assert_eq!(
        positions,
        ["order-ord-1 @1", "inventory-prod-1 @2", "order-ord-1 @2"]
    );
}

#[test]
fn events_of_are_decoded() {
    let outcome = ordered()
        .when_event(payment_received())
        .then_settled()
        .run();

    assert_eq!(outcome.events_of::<StockReserved>(), [stock_reserved()]);
    assert_eq!(outcome.events_of::<OrderConfirmed>(), [order_confirmed()]);
}

#[test]
fn stored_state_can_be_read() {
    let outcome = ordered()
        .when_event(payment_received())
        .then_settled()
        .run();

    assert_eq!(
        outcome.projection("ord-1"),
        Some(dashboard(OrderStatus::Confirmed))
    );
    assert_eq!(outcome.projection::<OrderDashboard>("ord-2"), None);
    let order = outcome.aggregate::<Order>("ord-1").unwrap();
    assert_eq!(order.status, OrderStatus::Confirmed);
    let inventory = outcome.aggregate::<Inventory>("prod-1").unwrap();
    assert_eq!(inventory.available, 98);
    assert_eq!(outcome.aggregate::<Inventory>("prod-2"), None);
    let fulfilment = outcome.process_manager::<Fulfilment>("ord-1").unwrap();
    assert!(fulfilment.paid && fulfilment.reserved);
}

#[test]
fn projections_returns_all_rows_by_id() {
    let outcome = ordered()
        .when(place_order_with_id("ord-0"))
        .then_settled()
        .run();

    let rows = outcome.projections::<OrderDashboard>();
    let ids: Vec<&str> = rows.iter().map(|row| row.order_id.as_str()).collect();
    assert_eq!(ids, ["ord-0", "ord-1"]);
    assert_eq!(outcome.projections::<StockLevel>().len(), 1);
}

#[test]
fn deleted_row_cannot_be_read() {
    let outcome = lab()
        .given_events(instructed("x"))
        .when_event(instructed("forget"))
        .then_settled()
        .run();

    assert_eq!(outcome.projection::<Tally>("inst-1"), None);
    assert_eq!(outcome.projections::<Tally>(), []);
}

#[test]
fn reply_is_read_with_its_type() {
    let outcome = lab().when(ask("why?")).then_settled().run();

    assert_eq!(outcome.reply::<usize>(), Some(&4));
    assert_eq!(outcome.reply::<u32>(), None);
}

#[test]
fn resource_is_the_fake_of_the_run() {
    let outcome = shop_with_mail(FakeMailer::default)
        .given_events(stock_received(5))
        .given_command(place_order())
        .when_event(payment_received())
        .then_settled()
        .run();

    assert_eq!(outcome.resource::<FakeMailer>().sent().len(), 1);
}

#[test]
fn acts_have_their_results() {
    let outcome = ordered_twice()
        .then_rejected(OrderError::AlreadyPlaced)
        .when_event(payment_received())
        .then_settled()
        .run();

    let [second_order, payment] = outcome.acts() else {
        panic!("{} acts", outcome.acts().len());
    };
    assert_eq!(second_order.name(), "PlaceOrder");
    assert_eq!(second_order.rejection(), Some(&OrderError::AlreadyPlaced));
    assert_eq!(payment.name(), "PaymentReceived");
    assert!(payment.error().is_none());
    assert!(payment.failures().is_empty());
}

#[test]
fn failures_are_those_of_the_act() {
    let outcome = lab()
        .when_event(instructed("fail"))
        .then(expect::handler_failed::<crate::fixture::Brittle>(LabError(
            "smoke",
        )))
        .run();

    let failures = outcome.last_act().failures();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].handler, Some("Brittle"));
    assert_eq!(failures[0].message, "Instructed");
    assert_eq!(failures[0].error.downcast_ref(), Some(&LabError("smoke")));
}

#[test]
fn story_shows_the_steps() {
    let outcome = ordered()
        .then_event(stock_reserved())
        .then_projection::<StockLevel>("prod-1")
        .has(|level| level.available == 98)
        .when_event(payment_received())
        .then_settled()
        .run();

    insta::assert_snapshot!(outcome.story(), @r#"
    1 given  StockReceived { product_id: "prod-1", quantity: 100 }
    2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }     accepted
    3 then   event StockReserved                                             ok
    4 then   StockLevel "prod-1" has                                         ok
    5 when   PaymentReceived { payment_id: "pay-1", order_id: "ord-1", .. }  accepted
    6 then   settled                                                         ok
    "#);
}

#[test]
fn chain_shows_causes() {
    let outcome = ordered()
        .when_event(payment_received())
        .then_settled()
        .run();

    insta::assert_snapshot!(outcome.chain(), @r#"
    PlaceOrder                          OrderCommandHandler  stored Order "ord-1"
    └ OrderPlaced                       order-ord-1 @1
      ├ InventoryEventHandler           handled
      │ └ StockReserved                 inventory-prod-1 @2
      │   ├ Fulfilment                  stored Fulfilment "ord-1"
      │   └ StockLevelProjector         wrote StockLevel "prod-1"
      ├ Fulfilment                      stored Fulfilment "ord-1"
      └ OrderDashboardProjector         wrote OrderDashboard "ord-1"
    PaymentReceived                     payment-pay-1 @1
    └ Fulfilment                        stored Fulfilment "ord-1"
      └ ConfirmOrder                    OrderCommandHandler  stored Order "ord-1"
        └ OrderConfirmed                order-ord-1 @2
          └ OrderDashboardProjector     wrote OrderDashboard "ord-1"
    "#);
}
