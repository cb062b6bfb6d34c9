//! The flows of the shop, printed by the harness: `cargo run --example shop`.
//!
//! Each function is a test without `#[test]`. A flow that fails panics in `run` with a report.
#![expect(clippy::print_stdout, reason = "the example prints its result")]

use flow_harness::prelude::*;
use shop::{
    CancelOrder, ConfirmOrder, Inventory, Order, OrderCancelled, OrderDashboard,
    OrderDashboardProjector, OrderError, OrderPlaced, OrderStatus, PaymentDeclined,
    PaymentReceived, PlaceOrder, StockLevel, StockReceived, StockRefused, StockReleased,
    StockReserved,
};

fn main() {
    let shop = FlowHarness::new(shop::domain);
    println!("Five flows of the shop: each prints its story and its chain.");

    let inline = order_reserves_stock(&shop);
    let through_engine = order_reserves_stock(&shop.clone().mode(Mode::Engine));
    assert_eq!(through_engine.chain(), inline.chain());

    show("Placing an order reserves stock", &inline);
    println!("\nThe same flow in `Mode::Engine`, through outbox, broker and subscriptions:\n");
    println!("{}", through_engine.chain());

    show("Payment confirms the order", &payment_confirms_order(&shop));
    show(
        "Too little stock cancels the order",
        &shortage_cancels_order(&shop),
    );
    show(
        "A declined payment releases the stock",
        &declined_payment_releases_stock(&shop),
    );
    show("An order is placed once", &order_is_placed_once(&shop));

    heading("This flow fails on purpose: it reads `ord-01`, but the order is `ord-1`");
    println!("{}\n", wrong_id(&shop));
}

fn order_reserves_stock(shop: &FlowHarness) -> Outcome {
    shop.given_events(stock(100))
        .when(place_order())
        .then_events((order_placed(), stock_reserved()))
        .then_aggregate::<Inventory>("tea")
        .has(|inventory| inventory.available == 98)
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Placed))
        .run()
}

fn payment_confirms_order(shop: &FlowHarness) -> Outcome {
    shop.given_events(stock(100))
        .given_command(place_order())
        .when_event(PaymentReceived {
            payment_id: "pay-1".into(),
            order_id: "ord-1".into(),
            amount_cents: 1_200,
        })
        .then(expect::commands(ConfirmOrder {
            order_id: "ord-1".into(),
        }))
        .then(expect::chain([
            "PaymentReceived",
            "ConfirmOrder",
            "OrderConfirmed",
        ]))
        .then_projection::<OrderDashboard>("ord-1")
        .is(dashboard(OrderStatus::Confirmed))
        .then_handled_by::<OrderDashboardProjector>()
        .times(1)
        .run()
}

fn shortage_cancels_order(shop: &FlowHarness) -> Outcome {
    shop.given_events(stock(1))
        .when(place_order())
        .then(expect::event_matching(|event: &StockRefused| {
            event.available == 1
        }))
        .then(expect::commands(cancel_order("out of stock")))
        .then_projection::<OrderDashboard>("ord-1")
        .like(json!({ "status": "Cancelled" }))
        .run()
}

fn declined_payment_releases_stock(shop: &FlowHarness) -> Outcome {
    shop.given_events(stock(100))
        .given_command(place_order())
        .when_event(PaymentDeclined {
            payment_id: "pay-1".into(),
            order_id: "ord-1".into(),
        })
        .then_events((order_cancelled("payment declined"), stock_released()))
        .then_projection::<StockLevel>("tea")
        .has(|level| level.available == 100 && level.reserved == 0)
        .run()
}

fn order_is_placed_once(shop: &FlowHarness) -> Outcome {
    shop.given_events(stock(100))
        .given_command(place_order())
        .when(place_order())
        .then_rejected(OrderError::AlreadyPlaced)
        .then_no_events()
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Placed)
        .run()
}

fn wrong_id(shop: &FlowHarness) -> FlowFailure {
    shop.given_events(stock(100))
        .when(place_order())
        .then_event(stock_reserved())
        .then_projection::<OrderDashboard>("ord-01")
        .is(dashboard(OrderStatus::Placed))
        .try_run()
        .expect_err("there is no such row")
}

fn show(title: &str, outcome: &Outcome) {
    heading(title);
    println!("{}\n\n{}", outcome.story(), outcome.chain());
}

fn heading(title: &str) {
    println!("\n\n{title}\n{}\n", "─".repeat(title.len()));
}

fn stock(quantity: u32) -> StockReceived {
    StockReceived {
        product_id: "tea".into(),
        quantity,
    }
}

fn place_order() -> PlaceOrder {
    PlaceOrder {
        order_id: "ord-1".into(),
        customer_id: "ada".into(),
        product_id: "tea".into(),
        quantity: 2,
        total_cents: 1_200,
    }
}

fn order_placed() -> OrderPlaced {
    OrderPlaced {
        order_id: "ord-1".into(),
        customer_id: "ada".into(),
        product_id: "tea".into(),
        quantity: 2,
        total_cents: 1_200,
    }
}

fn cancel_order(reason: &str) -> CancelOrder {
    CancelOrder {
        order_id: "ord-1".into(),
        reason: reason.into(),
    }
}

fn order_cancelled(reason: &str) -> OrderCancelled {
    OrderCancelled {
        order_id: "ord-1".into(),
        product_id: "tea".into(),
        reason: reason.into(),
    }
}

fn stock_reserved() -> StockReserved {
    StockReserved {
        product_id: "tea".into(),
        order_id: "ord-1".into(),
        quantity: 2,
    }
}

fn stock_released() -> StockReleased {
    StockReleased {
        product_id: "tea".into(),
        order_id: "ord-1".into(),
        quantity: 2,
    }
}

fn dashboard(status: OrderStatus) -> OrderDashboard {
    OrderDashboard {
        order_id: "ord-1".into(),
        customer_id: "ada".into(),
        status,
        total_cents: 1_200,
    }
}
