//! State of the shop that is missing, or differs.

use ::shop::{
    ConfirmOrder, Inventory, InventoryEventHandler, OrderDashboard, OrderStatus, PlaceOrder,
};
use flow_harness::{Invariant, prelude::*};
use serde_json::json;

use crate::{
    diagnosis::{
        diagnosis_text::diagnosis_in_both_modes,
        shop_doubles::{
            Adder, Cashier, Eraser, Forgetful, Misfiler, Mixer, NewShelf, Overwriter, SilentShelf,
            shop_without_order_handlers, with_inventory, with_projector,
        },
    },
    fixture::{dashboard, payment_received, place_order, shop, stock_received},
};

#[test]
fn projector_wrote_nothing() {
    let flow = |mode| {
        with_projector(mode, || Forgetful)
            .given_events(stock_received(9))
            .when(place_order())
            .then_projection::<OrderDashboard>("ord-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 9 Forgetful handled OrderPlaced and wrote no OrderDashboard "ord-1"
    do look for a missing `rows.put(..)` in Forgetful
    "#);
}

#[test]
fn projector_wrote_another_id() {
    let flow = |mode| {
        with_projector(mode, || Misfiler)
            .given_events(stock_received(9))
            .when(place_order())
            .then_projection::<OrderDashboard>("ord-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 10 Misfiler handled OrderPlaced and wrote OrderDashboard "cust-1"; "ord-1" is the `order_id` of OrderPlaced
    do check OrderDashboard "ord-1" in the test, or let Misfiler use the `order_id` of OrderPlaced as the id
    "#);
}

#[test]
fn expected_id_is_misspelt() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(9))
            .when(place_order())
            .then_projection::<OrderDashboard>("ord-01")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 10 OrderDashboardProjector handled OrderPlaced and wrote OrderDashboard "ord-1" (1 edit away)
    do check OrderDashboard "ord-01" in the test, or correct the id that OrderDashboardProjector writes
    "#);
}

#[test]
fn row_was_deleted() {
    let flow = |mode| {
        with_projector(mode, || Eraser)
            .given_events(stock_received(9))
            .when(place_order())
            .when_event(payment_received())
            .then_projection::<OrderDashboard>("ord-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    11 Eraser handled OrderConfirmed and deleted OrderDashboard "ord-1", which Eraser wrote when it handled OrderPlaced
    do check what Eraser does with an existing OrderDashboard "ord-1"
    "#);
}

#[test]
fn row_was_overwritten() {
    let flow = |mode| {
        with_projector(mode, || Overwriter)
            .given_events(stock_received(9))
            .when(place_order())
            .then_projection::<OrderDashboard>("ord-1")
            .is(dashboard(OrderStatus::Placed))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 11 Overwriter handled StockReserved and overwrote OrderDashboard "ord-1", which Overwriter wrote when it handled OrderPlaced
    do check what Overwriter does with an existing OrderDashboard "ord-1"
    "#);
}

#[test]
fn one_of_two_wrong_fields_was_overwritten() {
    let flow = |mode| {
        with_projector(mode, || Overwriter)
            .given_events(stock_received(9))
            .when(place_order())
            .then_projection::<OrderDashboard>("ord-1")
            .is(OrderDashboard {
                total_cents: 1,
                ..dashboard(OrderStatus::Placed)
            })
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 15 Overwriter handled StockReserved and was the last to set `status`; this replaced the expected value
    Overwriter handled OrderPlaced and was the last to set `total_cents`; the value is the `total_cents` of PlaceOrder in the test flow
    ");
}

#[test]
fn field_has_the_value_of_another_field() {
    let flow = |mode| {
        with_projector(mode, || Mixer)
            .given_events(stock_received(9))
            .when(place_order())
            .then_projection::<OrderDashboard>("ord-1")
            .is(dashboard(OrderStatus::Placed))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 15 Mixer handled OrderPlaced and was the last to set `customer_id`; the value comes from Mixer, but the `customer_id` of OrderPlaced is "cust-1"
    do let Mixer take `customer_id` from the `customer_id` of OrderPlaced, if "cust-1" is correct
    "#);
}

#[test]
fn expected_value_is_in_another_message_field() {
    let flow = |mode| {
        with_projector(mode, || Cashier)
            .given_events(stock_received(9))
            .given_command(place_order())
            .when_event(payment_received())
            .then_projection::<OrderDashboard>("ord-1")
            .like(json!({ "customer_id": "pay-1" }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 15 Cashier handled PaymentReceived and was the last to set `customer_id`; the value comes from Cashier: it is the `order_id` of PaymentReceived
    do let Cashier take `customer_id` from the `payment_id` of PaymentReceived, if "pay-1" is correct
    "#);
}

#[test]
fn state_was_loaded_by_the_wrong_key() {
    let flow = |mode| {
        with_inventory(mode, || SilentShelf)
            .given_events(stock_received(9))
            .when(place_order())
            .then_aggregate::<Inventory>("prod-1")
            .has(|inventory| inventory.available == 7)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 18 SilentShelf handled OrderPlaced and looked up Inventory "cust-1" (the `customer_id` of OrderPlaced) instead of "prod-1" (the `product_id`)
    do let SilentShelf use the `product_id` of OrderPlaced as the id of Inventory
    "#);
}

#[test]
fn aggregate_was_created_under_the_wrong_key() {
    let flow = |mode| {
        with_inventory(mode, || NewShelf)
            .given_events(stock_received(9))
            .when(place_order())
            .then_aggregate::<Inventory>("prod-1")
            .has(|inventory| inventory.available == 7)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 18 NewShelf handled OrderPlaced and looked up Inventory "cust-1" (the `customer_id` of OrderPlaced) instead of "prod-1" (the `product_id`)
    do let NewShelf use the `product_id` of OrderPlaced as the id of Inventory
    "#);
}

#[test]
fn projection_has_no_projector() {
    let flow = |mode| {
        let shop = FlowHarness::new(|| {
            shop_without_order_handlers()
                .event_handler(InventoryEventHandler)
                .build()
        });

        shop.mode(mode)
            .given_events(stock_received(9))
            .when(place_order())
            .then_projection::<OrderDashboard>("ord-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    22 OrderPlaced was raised, but no projector writes OrderDashboard
    do register a projector with `type Projection = OrderDashboard`: `.projector(..)`
    ");
}

#[test]
fn projector_does_not_handle_the_event() {
    let flow = |mode| {
        with_projector(mode, || Mixer)
            .given_events(stock_received(9))
            .given_command(place_order())
            .when_event(payment_received())
            .then_projection::<OrderDashboard>("ord-1")
            .like(json!({ "status": "Confirmed" }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    4 OrderConfirmed was raised, but Mixer does not handle it
    do add a route for OrderConfirmed to Mixer: `on.event(Self::the_method)`
    ");
}

#[test]
fn row_with_a_similar_id_does_not_exist() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(9))
            .when(place_order())
            .then_projection::<OrderDashboard>("basket of eggs")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 10 OrderDashboardProjector handled OrderPlaced and wrote OrderDashboard "ord-1"
    do check OrderDashboard "basket of eggs" in the test, or correct the id that OrderDashboardProjector writes
    "#);
}

#[test]
fn absent_row_was_stored_before() {
    let flow = |mode| {
        with_projector(mode, || Eraser)
            .given_events(stock_received(9))
            .given_command(place_order())
            .when_event(payment_received())
            .then_projection::<OrderDashboard>("ord-1")
            .absent()
            .then_projection::<OrderDashboard>("ord-2")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 10 Eraser handled OrderPlaced and wrote OrderDashboard "ord-1" (1 edit away)
    do check OrderDashboard "ord-2" in the test, or correct the id that Eraser writes
    "#);
}

#[test]
fn redelivered_event_was_counted_twice() {
    let flow = |mode| {
        with_projector(mode, || Adder)
            .disable_invariant(Invariant::Rebuild, "it counts what comes again")
            .given_events(stock_received(9))
            .when(place_order())
            .when_redelivered(1)
            .then_projection::<OrderDashboard>("ord-1")
            .is(dashboard(OrderStatus::Placed))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 25 Adder handled the same OrderPlaced more than once, and 2 calls changed something
    do add `on.subscription().once()` to Adder, or make the handler idempotent: a redelivered message has the same id
    ");
}

#[test]
fn aggregate_field_was_set_by_an_event() {
    let flow = |mode| {
        with_projector(mode, || Forgetful)
            .given_events(stock_received(9))
            .when(place_order())
            .then_aggregate::<Inventory>("prod-1")
            .like(json!({ "available": 5 }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"perhaps 15 InventoryEventHandler handled OrderPlaced and raised StockReserved, the last event to set `available`");
}

#[test]
fn quantity_is_not_matched_as_an_id() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(9))
            .when(place_order())
            .then_projection::<OrderDashboard>("2")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 10 OrderDashboardProjector handled OrderPlaced and wrote OrderDashboard "ord-1"
    do check OrderDashboard "2" in the test, or correct the id that OrderDashboardProjector writes
    "#);
}

#[test]
fn unexpected_row_is_not_the_last_written() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(9))
            .when(place_order())
            .when(PlaceOrder {
                order_id: "ord-2".into(),
                ..place_order()
            })
            .then(expect::projections::<OrderDashboard>().none(|row| row.order_id == "ord-1"))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"19 OrderDashboardProjector handled OrderPlaced and wrote OrderDashboard "ord-1""#);
}

#[test]
fn differing_row_is_not_the_last_written() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(9))
            .when(place_order())
            .when(ConfirmOrder {
                order_id: "ord-1".into(),
            })
            .when(PlaceOrder {
                order_id: "ord-2".into(),
                ..place_order()
            })
            .then(
                expect::projections::<OrderDashboard>()
                    .all(|row| row.status == OrderStatus::Placed),
            )
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 15 OrderDashboardProjector handled OrderPlaced and was the last to set `customer_id`, `order_id`, `total_cents`
    OrderDashboardProjector handled OrderConfirmed and was the last to set `status`
    ");
}
