//! Something of the shop that is not kept, or is kept otherwise.

use ::shop::{
    ConfirmOrder, Inventory, InventoryEventHandler, OrderDashboard, OrderStatus, PlaceOrder,
};
use flow_harness::{Invariant, prelude::*};
use serde_json::json;

use crate::{
    diagnosis_in_both_modes,
    fixture::{dashboard, paid, place, received, shop},
    shop_doubles::{
        Adder, Cashier, Eraser, Forgetful, Misfiler, Mixer, NewShelf, Overwriter, SilentShelf,
        shop_without_order_handlers, with_inventory, with_projector,
    },
};

#[test]
fn projector_wrote_nothing() {
    let flow = |mode| {
        with_projector(mode, || Forgetful)
            .given_events(received(9))
            .when(place())
            .then_projection::<OrderDashboard>("ord-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    9 Forgetful handled OrderPlaced and wrote no OrderDashboard "ord-1"
    do look for a forgotten `work.add(..)` or `rows.put(..)` in Forgetful
    "#);
}

#[test]
fn projector_wrote_another_id() {
    let flow = |mode| {
        with_projector(mode, || Misfiler)
            .given_events(received(9))
            .when(place())
            .then_projection::<OrderDashboard>("ord-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    10 Misfiler handled OrderPlaced and wrote OrderDashboard "cust-1"; "ord-1" is the `order_id` of OrderPlaced
    do ask for OrderDashboard "cust-1", or have Misfiler write it under its `order_id`
    "#);
}

#[test]
fn expected_id_is_misspelt() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(9))
            .when(place())
            .then_projection::<OrderDashboard>("ord-01")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    10 OrderDashboardProjector handled OrderPlaced and wrote OrderDashboard "ord-1" (one letter away)
    do ask for the id that is there, or mend where OrderDashboard "ord-01" gets its id from
    "#);
}

#[test]
fn row_was_deleted() {
    let flow = |mode| {
        with_projector(mode, || Eraser)
            .given_events(received(9))
            .when(place())
            .when_event(paid())
            .then_projection::<OrderDashboard>("ord-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    11 Eraser handled OrderConfirmed and deleted OrderDashboard "ord-1", which was of Eraser on OrderPlaced
    do look at what Eraser does to what is there already
    "#);
}

#[test]
fn row_was_overwritten() {
    let flow = |mode| {
        with_projector(mode, || Overwriter)
            .given_events(received(9))
            .when(place())
            .then_projection::<OrderDashboard>("ord-1")
            .is(dashboard(OrderStatus::Placed))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    11 Overwriter handled StockReserved and wrote over OrderDashboard "ord-1", which was of Overwriter on OrderPlaced
    do look at what Overwriter does to what is there already
    "#);
}

#[test]
fn one_of_two_wrong_fields_was_overwritten() {
    let flow = |mode| {
        with_projector(mode, || Overwriter)
            .given_events(received(9))
            .when(place())
            .then_projection::<OrderDashboard>("ord-1")
            .is(OrderDashboard {
                total_cents: 1,
                ..dashboard(OrderStatus::Placed)
            })
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    15 status was set last by Overwriter on StockReserved, and was as expected before
    total_cents was set last by Overwriter on OrderPlaced; the value is as the sentence has it: the `total_cents` of PlaceOrder
    ");
}

#[test]
fn field_has_the_value_of_another_field() {
    let flow = |mode| {
        with_projector(mode, || Mixer)
            .given_events(received(9))
            .when(place())
            .then_projection::<OrderDashboard>("ord-1")
            .is(dashboard(OrderStatus::Placed))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    15 customer_id was set last by Mixer on OrderPlaced; the value comes from Mixer: the `customer_id` of OrderPlaced is "cust-1"
    do if customer_id is to be "cust-1", have Mixer take it from the `customer_id` of OrderPlaced
    "#);
}

#[test]
fn expected_value_is_in_another_message_field() {
    let flow = |mode| {
        with_projector(mode, || Cashier)
            .given_events(received(9))
            .given_command(place())
            .when_event(paid())
            .then_projection::<OrderDashboard>("ord-1")
            .like(json!({ "customer_id": "pay-1" }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    15 customer_id was set last by Cashier on PaymentReceived; the value comes from Cashier: it is the `order_id` of PaymentReceived
    do if customer_id is to be "pay-1", have Cashier take it from the `payment_id` of PaymentReceived
    or 4 OrderConfirmed was raised, and nobody handles it
    "#);
}

#[test]
fn state_was_loaded_by_the_wrong_key() {
    let flow = |mode| {
        with_inventory(mode, || SilentShelf)
            .given_events(received(9))
            .when(place())
            .then_aggregate::<Inventory>("prod-1")
            .has(|inventory| inventory.available == 7)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    18 SilentShelf handled OrderPlaced and looked for Inventory "cust-1", its `customer_id`, and not for "prod-1", its `product_id`
    do look it up by `product_id` in SilentShelf
    "#);
}

#[test]
fn aggregate_was_created_under_the_wrong_key() {
    let flow = |mode| {
        with_inventory(mode, || NewShelf)
            .given_events(received(9))
            .when(place())
            .then_aggregate::<Inventory>("prod-1")
            .has(|inventory| inventory.available == 7)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    18 NewShelf handled OrderPlaced and looked for Inventory "cust-1", its `customer_id`, and not for "prod-1", its `product_id`
    do look it up by `product_id` in NewShelf
    "#);
}

#[test]
fn projection_has_no_projector() {
    let flow = |mode| {
        let blind = FlowHarness::new(|| {
            shop_without_order_handlers()
                .event_handler(InventoryEventHandler)
                .build()
        });
        blind
            .mode(mode)
            .given_events(received(9))
            .when(place())
            .then_projection::<OrderDashboard>("ord-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    22 OrderPlaced was raised, and no projector keeps OrderDashboard
    do register one: `.projector(..)` with `type Projection = OrderDashboard`
    ");
}

#[test]
fn projector_does_not_handle_the_event() {
    let flow = |mode| {
        with_projector(mode, || Mixer)
            .given_events(received(9))
            .given_command(place())
            .when_event(paid())
            .then_projection::<OrderDashboard>("ord-1")
            .like(json!({ "status": "Confirmed" }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    4 OrderConfirmed was raised, and Mixer does not handle it
    do add it to the routes of Mixer: `on.event(Self::on_..)`
    ");
}

#[test]
fn row_with_a_similar_id_does_not_exist() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(9))
            .when(place())
            .then_projection::<OrderDashboard>("basket of eggs")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    10 OrderDashboardProjector handled OrderPlaced and wrote OrderDashboard "ord-1"
    do ask for the id that is there, or mend where OrderDashboard "basket of eggs" gets its id from
    "#);
}

#[test]
fn absent_row_was_stored_before() {
    let flow = |mode| {
        with_projector(mode, || Eraser)
            .given_events(received(9))
            .given_command(place())
            .when_event(paid())
            .then_projection::<OrderDashboard>("ord-1")
            .absent()
            .then_projection::<OrderDashboard>("ord-2")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    10 Eraser handled OrderPlaced and wrote OrderDashboard "ord-1" (one letter away)
    do ask for the id that is there, or mend where OrderDashboard "ord-2" gets its id from
    "#);
}

#[test]
fn redelivered_event_was_counted_twice() {
    let flow = |mode| {
        with_projector(mode, || Adder)
            .disable_invariant(Invariant::Rebuild, "it counts what comes again")
            .given_events(received(9))
            .when(place())
            .when_redelivered(1)
            .then_projection::<OrderDashboard>("ord-1")
            .is(dashboard(OrderStatus::Placed))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    25 Adder handled the same OrderPlaced 2 times, and each counts
    do what comes again has the same id: let Adder handle each `once`, or write what is the same twice
    or 11 Adder handled OrderPlaced and wrote over OrderDashboard "ord-1", which was of Adder on OrderPlaced
    "#);
}

#[test]
fn aggregate_field_was_set_by_an_event() {
    let flow = |mode| {
        with_projector(mode, || Forgetful)
            .given_events(received(9))
            .when(place())
            .then_aggregate::<Inventory>("prod-1")
            .like(json!({ "available": 5 }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    15 available was set last by StockReserved, of InventoryEventHandler on OrderPlaced
    or 21 ReceiveStock did not come; nobody in the domain sends it
    ");
}

#[test]
fn quantity_is_not_matched_as_an_id() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(9))
            .when(place())
            .then_projection::<OrderDashboard>("2")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    10 OrderDashboardProjector handled OrderPlaced and wrote OrderDashboard "ord-1"
    do ask for the id that is there, or mend where OrderDashboard "2" gets its id from
    "#);
}

#[test]
fn unexpected_row_is_not_the_last_written() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(9))
            .when(place())
            .when(PlaceOrder {
                order_id: "ord-2".into(),
                ..place()
            })
            .then_projections::<OrderDashboard>()
            .none(|row| row.order_id == "ord-1")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"19 OrderDashboardProjector handled OrderPlaced and wrote OrderDashboard "ord-1""#);
}

#[test]
fn differing_row_is_not_the_last_written() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(9))
            .when(place())
            .when(ConfirmOrder {
                order_id: "ord-1".into(),
            })
            .when(PlaceOrder {
                order_id: "ord-2".into(),
                ..place()
            })
            .then_projections::<OrderDashboard>()
            .all(|row| row.status == OrderStatus::Placed)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    15 customer_id, order_id, total_cents were set last by OrderDashboardProjector on OrderPlaced
    status was set last by OrderDashboardProjector on OrderConfirmed
    or 21 PaymentDeclined did not come; nobody in the domain sends it
    ");
}
