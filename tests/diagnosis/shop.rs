//! The shop, with one thing wrong.

use ::shop::{
    ConfirmOrder, Inventory, InventoryEventHandler, Order, OrderCancelled, OrderConfirmed,
    OrderError, OrderStatus, ReceiveStock, StockReceived,
};
use flow_domain::Domain;
use flow_harness::prelude::*;

use crate::{
    diagnosis, diagnosis_in_both_modes,
    fixture::{confirmed, paid, place, placed, received, reserved, shop},
    shop_doubles::{
        Clumsy, Hasty, OnceOnly, Picky, SilentShelf, WrongShelf, shop_without_order_handlers,
        with_handler, with_inventory,
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
            .then_event(received(5))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    1 nobody handles the command ReceiveStock
    do register a command handler whose routes name ReceiveStock
    ");
}

/// Knows of stock, so that the domain has somebody.
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
        let placed_twice = shop().mode(mode).given_command(place()).when(place());
        placed_twice.then_event(confirmed())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    2 OrderCommandHandler refused PlaceOrder: the order is already placed
    do make what it asks for true in `given_..`, or expect the refusal: `.then_rejected(..)`
    ");
}

#[test]
fn handler_raised_another_event() {
    let flow = |mode| {
        let out_of_stock = shop().mode(mode).given_events(received(1)).when(place());
        out_of_stock.then_event(reserved())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    3 InventoryEventHandler handled OrderPlaced and raised no StockReserved, but StockRefused
    do look at what InventoryEventHandler decides on: the branch that leads to StockReserved was not taken
    ");
}

#[test]
fn handler_issued_no_command() {
    let flow = |mode| {
        let unpaid = shop().mode(mode).given_events(received(9)).when(place());
        unpaid.then_event(confirmed())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    3 Fulfilment handled StockReserved and issued no ConfirmOrder
    do look at what Fulfilment decides on: the branch that leads to ConfirmOrder was not taken
    or 21 PaymentReceived did not come; nobody in the domain sends it
    ");
}

#[test]
fn message_was_filtered_by_origin() {
    let flow = |mode| {
        with_handler(mode, || Picky)
            .given_events(received(9))
            .when(place())
            .then_handled_by::<Picky>()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    5 Picky let OrderPlaced go: it was caused by order, and only what `payment` causes is wanted
    do if it should not be let go, look at `origin`, the deadline, or what starts the process manager
    ");
}

#[test]
fn process_manager_was_complete() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(1))
            .given_command(place())
            .when_event(paid())
            .then_event(confirmed())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    5 Fulfilment let PaymentReceived go: Fulfilment `ord-1` is complete
    do if it should not be let go, look at `origin`, the deadline, or what starts the process manager
    ");
}

#[test]
fn handler_failed() {
    let flow = |mode| {
        with_inventory(mode, || Clumsy)
            .given_events(received(9))
            .when(place())
            .then_event(reserved())
            .then_handler_failed_saying::<Clumsy>("smoke")
    };

    insta::assert_snapshot!(diagnosis(flow(Mode::Sync)), @r#"
    7 Clumsy failed on OrderPlaced: counting the stock failed: there was smoke
    do mend Clumsy, or expect what is so without it: `.then_handler_failed_saying::<Clumsy>("..")`
    "#);
    insta::assert_snapshot!(diagnosis(flow(Mode::Engine)), @r#"
    7 Clumsy failed on OrderPlaced, 3 times, and it is a dead letter: counting the stock failed: there was smoke
    do mend Clumsy, or expect what is so without it: `.then_handler_failed_saying::<Clumsy>("..")`
    "#);
}

#[test]
fn handler_panicked() {
    let flow = |mode| {
        let mut three = place();
        three.quantity = 3;
        with_inventory(mode, || Clumsy)
            .given_events(received(9))
            .when(three)
            .then_event(reserved())
            .then_handler_failed_saying::<Clumsy>("three")
    };

    insta::assert_snapshot!(diagnosis(flow(Mode::Sync)), @r#"
    7 Clumsy panicked on OrderPlaced: at tests/diagnosis/shop_doubles.rs:LINE: three are too many
    do mend Clumsy, or expect what is so without it: `.then_handler_failed_saying::<Clumsy>("..")`
    "#);
}

#[test]
fn message_was_a_duplicate() {
    let flow = |mode| {
        with_handler(mode, || OnceOnly)
            .given_events(received(9))
            .when(place())
            .when_redelivered(1)
            .then_handled_by::<OnceOnly>()
            .times(2)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    8 OnceOnly had handled this OrderPlaced before, and handles each `once`
    do a message with an id of its own is handled again; the same one is not
    ");
}

#[test]
fn command_was_rolled_back() {
    let flow = |mode| {
        let hasty = FlowHarness::new(|| {
            shop_without_order_handlers()
                .event_handler(InventoryEventHandler)
                .event_handler(Hasty)
                .build()
        });
        hasty
            .mode(mode)
            .given_events(received(9))
            .given_command(place())
            .when_event(paid())
            .then_event(confirmed())
            .then_handler_failed_saying::<Hasty>("smoke")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    12 what OrderCommandHandler did on ConfirmOrder was rolled back with Hasty on PaymentReceived: booking the payment failed: there was smoke
    do what is done in one unit of work stays or goes together
    ");
}

#[test]
fn an_event_has_other_fields() {
    let flow = |mode| {
        let mut three = place();
        three.quantity = 3;
        shop()
            .mode(mode)
            .given_events(received(9))
            .when(three)
            .then_event(reserved())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"15 quantity was set last by InventoryEventHandler on OrderPlaced; the value is as the sentence has it: the `quantity` of PlaceOrder");
}

#[test]
fn event_order_differs() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(9))
            .when(place())
            .then_events((reserved(), placed()))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    16 the same came in another order
    expected       found
    StockReserved  OrderPlaced  <-
    OrderPlaced    StockReserved  <-
    what came early is of OrderCommandHandler on PlaceOrder
    do if the order does not matter, say `.then_event(..)` for each
    ");
}

#[test]
fn expectation_is_too_early() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(9))
            .when(place())
            .then_event(confirmed())
            .when_event(paid())
            .then_settled()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    17 it is so after step 4, when PaymentReceived { payment_id: "pay-1", order_id: "ord-1", .. }, and was asked before
    do say it after step 4
    "#);
}

#[test]
fn aggregate_was_loaded_by_the_wrong_key() {
    let flow = |mode| {
        with_inventory(mode, || WrongShelf)
            .given_events(received(9))
            .when(place())
            .then_event(reserved())
            .then_handler_failed_saying::<WrongShelf>("Inventory")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    18 WrongShelf handled OrderPlaced and looked for Inventory "cust-1", its `customer_id`, and not for "prod-1", its `product_id`
    do look it up by `product_id` in WrongShelf
    "#);
}

#[test]
fn event_was_raised_unexpectedly() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(1))
            .when(place())
            .then_no_event::<OrderCancelled>()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"19 OrderCommandHandler handled CancelOrder and raised OrderCancelled");
}

#[test]
fn rejection_did_not_happen() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(1))
            .when(place())
            .then_rejected(OrderError::AlreadyPlaced)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"20 OrderCommandHandler handled PlaceOrder: OrderPlaced, Order "ord-1""#);
}

#[test]
fn outside_message_did_not_arrive() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(9))
            .given_command(place())
            .when(ReceiveStock {
                product_id: "prod-1".into(),
                quantity: 5,
            })
            .then_aggregate::<Order>("ord-1")
            .has(|order| order.status == OrderStatus::Confirmed)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    15 customer_id, order_id, product_id, quantity, status, total_cents were set last by OrderCommandHandler on PlaceOrder
    or 21 PaymentReceived did not come; nobody in the domain sends it
    ");
}

#[test]
fn event_type_never_occurred() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(9))
            .when(place())
            .then_event_like(|_: &OrderConfirmed| true)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    3 Fulfilment handled StockReserved and issued no ConfirmOrder
    do look at what Fulfilment decides on: the branch that leads to ConfirmOrder was not taken
    or 21 PaymentReceived did not come; nobody in the domain sends it
    ");
}

#[test]
fn redelivered_message_was_handled_again() {
    let flow = |mode| {
        with_handler(mode, || Picky)
            .given_events(received(9))
            .when(place())
            .when_redelivered(1)
            .then_handled_by::<InventoryEventHandler>()
            .times(3)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"20 InventoryEventHandler handled OrderPlaced and changed nothing");
}

#[test]
fn nested_rejection_failed_the_event_handler() {
    let flow = |mode| {
        with_handler(mode, || Hasty)
            .given_events(received(1))
            .given_command(place())
            .when_event(paid())
            .then_event(confirmed())
            .then_handler_failed_saying::<Hasty>("not Placed")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r"
    2 OrderCommandHandler refused ConfirmOrder: the order is Cancelled, not Placed
    do make what it asks for true in `given_..`
    ");
}

#[test]
fn event_is_missing_after_a_load_by_the_wrong_key() {
    let flow = |mode| {
        with_inventory(mode, || SilentShelf)
            .given_events(received(9))
            .when(place())
            .then_event(reserved())
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    18 SilentShelf handled OrderPlaced and looked for Inventory "cust-1", its `customer_id`, and not for "prod-1", its `product_id`
    do look it up by `product_id` in SilentShelf
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
    do begin with Order "ord-9", if it is to be there: `.given_command(..)` or `.given_aggregate(..)`
    "#);
}

#[test]
fn aggregate_is_missing_while_others_exist() {
    let flow = |mode| {
        shop()
            .mode(mode)
            .given_events(received(9))
            .given_command(place())
            .when(ConfirmOrder {
                order_id: "the next".into(),
            })
            .then_settled()
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    7 OrderCommandHandler failed on ConfirmOrder: there is no Order `the next`
    do begin with Order "the next", if it is to be there: `.given_command(..)` or `.given_aggregate(..)`; what is there: "ord-1"
    "#);
}
