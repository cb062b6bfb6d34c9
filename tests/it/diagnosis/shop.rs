//! The shop with one mistake.

use ::shop::{
    ConfirmOrder, Inventory, InventoryEventHandler, Order, OrderCancelled, OrderConfirmed,
    OrderError, OrderStatus, ReceiveStock, StockReceived,
};
use flow_domain::Domain;
use flow_harness::prelude::*;

use crate::{
    diagnosis::{
        diagnosis_text::{diagnosis, diagnosis_in_both_modes},
        shop_doubles::{
            Clumsy, Hasty, OnceOnly, Picky, SilentShelf, WrongShelf, shop_without_order_handlers,
            with_handler, with_inventory,
        },
    },
    fixture::{
        order_confirmed, order_placed, payment_received, place_order, shop, stock_received,
        stock_reserved,
    },
};

#[test]
fn command_has_no_handler() {
    let flow = |mode| {
        let shop = FlowHarness::new(|| {
            Domain::builder("shop")
                .aggregate::<Inventory>()
                .event_handler(StockListener)
                .build()
        });

        shop.mode(mode)
            .when(ReceiveStock {
                product_id: "prod-1".into(),
                quantity: 5,
            })
            .then_event(stock_received(5))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    1 no handler for the command ReceiveStock
    do register a command handler with a route for ReceiveStock
    ");
}

/// Handles stock events, because a domain needs a handler.
struct StockListener;

impl flow_domain::EventHandler for StockListener {
    fn routes(on: &mut flow_domain::EventRoutes<Self>) {
        on.event(Self::on_stock_received);
    }
}

impl StockListener {
    async fn on_stock_received(
        &self,
        _: StockReceived,
        _: &mut flow_domain::UnitOfWork,
    ) -> Result<(), flow_domain::Error> {
        Ok(())
    }
}

#[test]
fn command_was_rejected() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_command(place_order())
            .when(place_order())
            .then_event(order_confirmed())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    2 OrderCommandHandler rejected PlaceOrder: the order is already placed
    do set up the required state in a `given_..` step, if PlaceOrder should be accepted
    ");
}

#[test]
fn handler_raised_another_event() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(1))
            .when(place_order())
            .then_event(stock_reserved())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 3 InventoryEventHandler handled OrderPlaced and raised StockRefused, but no StockReserved
    do check the conditions in InventoryEventHandler that lead to StockReserved
    ");
}

#[test]
fn handler_issued_no_command() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(9))
            .when(place_order())
            .then_event(order_confirmed())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 3 Fulfilment handled StockReserved and issued no ConfirmOrder
    do check the conditions in Fulfilment that lead to ConfirmOrder
    ");
}

#[test]
fn message_was_filtered_by_origin() {
    let flow = |mode| {
        with_handler(mode, || Picky)
            .given_events(stock_received(9))
            .when(place_order())
            .then_handled_by::<Picky>()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"5 Picky skipped OrderPlaced: the event comes from the category `order`, but the handler accepts only the origin `payment`");
}

#[test]
fn process_manager_was_complete() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(1))
            .given_command(place_order())
            .when_event(payment_received())
            .then_event(order_confirmed())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"5 Fulfilment skipped PaymentReceived: Fulfilment `ord-1` is complete");
}

#[test]
fn handler_failed() {
    let flow = |mode| {
        with_inventory(mode, || Clumsy)
            .given_events(stock_received(9))
            .when(place_order())
            .then_event(stock_reserved())
            .then(expect::handler_failed_with_message::<Clumsy>("smoke"))
    };

    insta::assert_snapshot!(diagnosis(flow(Mode::Sync)), @"7 Clumsy failed on OrderPlaced: counting the stock failed: there was smoke");
    insta::assert_snapshot!(diagnosis(flow(Mode::Engine)), @"7 Clumsy failed on OrderPlaced after 3 attempts, and OrderPlaced became a dead letter: counting the stock failed: there was smoke");
}

#[test]
fn handler_panicked() {
    let flow = |mode| {
        let mut order = place_order();
        order.quantity = 3;

        with_inventory(mode, || Clumsy)
            .given_events(stock_received(9))
            .when(order)
            .then_event(stock_reserved())
            .then(expect::handler_failed_with_message::<Clumsy>("three"))
    };

    insta::assert_snapshot!(diagnosis(flow(Mode::Sync)), @"7 Clumsy failed on OrderPlaced: panicked at tests/it/diagnosis/shop_doubles.rs:LINE: three are too many");
}

#[test]
fn message_was_a_duplicate() {
    let flow = |mode| {
        with_handler(mode, || OnceOnly)
            .given_events(stock_received(9))
            .when(place_order())
            .when_redelivered(1)
            .then_handled_by::<OnceOnly>()
            .times(2)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    8 OnceOnly skipped OrderPlaced as a duplicate: it handles each message `once`, and it handled this one before
    do send a new OrderPlaced: only a message with the same id is skipped
    ");
}

#[test]
fn command_was_rolled_back() {
    let flow = |mode| {
        let shop = FlowHarness::new(|| {
            shop_without_order_handlers()
                .event_handler(InventoryEventHandler)
                .event_handler(Hasty)
                .build()
        });

        shop.mode(mode)
            .given_events(stock_received(9))
            .given_command(place_order())
            .when_event(payment_received())
            .then_event(order_confirmed())
            .then(expect::handler_failed_with_message::<Hasty>("smoke"))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    12 the work of OrderCommandHandler on ConfirmOrder was rolled back because Hasty did not succeed on PaymentReceived: booking the payment failed: there was smoke
    do check why Hasty did not succeed: a unit of work is committed or rolled back as a whole
    ");
}

#[test]
fn an_event_has_other_fields() {
    let flow = |mode| {
        let mut order = place_order();
        order.quantity = 3;

        shop()
            .mode(mode)
            .given_events(stock_received(9))
            .when(order)
            .then_event(stock_reserved())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"perhaps 15 InventoryEventHandler handled OrderPlaced and was the last to set `quantity`; the value is the `quantity` of PlaceOrder in the test flow");
}

#[test]
fn event_order_differs() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(9))
            .when(place_order())
            .then_events((stock_reserved(), order_placed()))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    16 the expected messages came in another order
    expected       found
    StockReserved  OrderPlaced  <-
    OrderPlaced    StockReserved  <-
    OrderCommandHandler sent OrderPlaced too early, when it handled PlaceOrder
    do use `.then_event(..)` for each event, if the order does not matter
    ");
}

#[test]
fn expectation_is_too_early() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(9))
            .when(place_order())
            .then_event(order_confirmed())
            .when_event(payment_received())
            .then_settled()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    17 the expectation holds only after step 4 (when PaymentReceived { payment_id: "pay-1", order_id: "ord-1", .. })
    do move the expectation after step 4
    "#);
}

#[test]
fn aggregate_was_loaded_by_the_wrong_key() {
    let flow = |mode| {
        with_inventory(mode, || WrongShelf)
            .given_events(stock_received(9))
            .when(place_order())
            .then_event(stock_reserved())
            .then(expect::handler_failed_with_message::<WrongShelf>(
                "Inventory",
            ))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 18 WrongShelf handled OrderPlaced and looked up Inventory "cust-1" (the `customer_id` of OrderPlaced) instead of "prod-1" (the `product_id`)
    do let WrongShelf use the `product_id` of OrderPlaced as the id of Inventory
    "#);
}

#[test]
fn event_was_raised_unexpectedly() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(1))
            .when(place_order())
            .then(expect::no_event::<OrderCancelled>())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"19 OrderCommandHandler handled CancelOrder and raised OrderCancelled");
}

#[test]
fn rejection_did_not_happen() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(1))
            .when(place_order())
            .then_rejected(OrderError::AlreadyPlaced)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"20 OrderCommandHandler handled PlaceOrder; effects: OrderPlaced, Order "ord-1""#);
}

#[test]
fn outside_message_did_not_arrive() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(9))
            .given_command(place_order())
            .when(ReceiveStock {
                product_id: "prod-1".into(),
                quantity: 5,
            })
            .then_aggregate::<Order>("ord-1")
            .has(|order| order.status == OrderStatus::Confirmed)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"perhaps 15 OrderCommandHandler handled PlaceOrder and was the last to set `customer_id`, `order_id`, `product_id`, `quantity`, `status`, `total_cents`");
}

#[test]
fn event_type_never_occurred() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(9))
            .when(place_order())
            .then(expect::event_matching(|_: &OrderConfirmed| true))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 3 Fulfilment handled StockReserved and issued no ConfirmOrder
    do check the conditions in Fulfilment that lead to ConfirmOrder
    ");
}

#[test]
fn redelivered_message_was_handled_again() {
    let flow = |mode| {
        with_handler(mode, || Picky)
            .given_events(stock_received(9))
            .when(place_order())
            .when_redelivered(1)
            .then_handled_by::<InventoryEventHandler>()
            .times(3)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"perhaps 20 InventoryEventHandler handled OrderPlaced and stored nothing");
}

#[test]
fn event_is_missing_after_a_load_by_the_wrong_key() {
    let flow = |mode| {
        with_inventory(mode, || SilentShelf)
            .given_events(stock_received(9))
            .when(place_order())
            .then_event(stock_reserved())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 18 SilentShelf handled OrderPlaced and looked up Inventory "cust-1" (the `customer_id` of OrderPlaced) instead of "prod-1" (the `product_id`)
    do let SilentShelf use the `product_id` of OrderPlaced as the id of Inventory
    "#);
}

#[test]
fn aggregate_was_never_created() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .when(ConfirmOrder {
                order_id: "ord-9".into(),
            })
            .then_settled()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    7 OrderCommandHandler failed on ConfirmOrder: there is no Order `ord-9`
    do create Order "ord-9" with `.given_command(..)` or `.given_aggregate(..)`, if it should exist
    "#);
}

#[test]
fn aggregate_is_missing_while_others_exist() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(stock_received(9))
            .given_command(place_order())
            .when(ConfirmOrder {
                order_id: "the next".into(),
            })
            .then_settled()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    7 OrderCommandHandler failed on ConfirmOrder: there is no Order `the next`
    do create Order "the next" with `.given_command(..)` or `.given_aggregate(..)`, if it should exist; existing ids: "ord-1"
    "#);
}
