//! `given_..`: the state before the first act.

use ::shop::{
    ConfirmOrder, Fulfilment, Inventory, Order, OrderDashboard, OrderStatus, ReceiveStock,
    StockLevel, StockReceived,
};
use flow_harness::expect;

use crate::fixture::{
    FakeMailer, instructed, lab, mismatch, order_placed, payment_received, place_order, shop,
    shop_with_mail, stock_received, stock_reserved,
};

#[test]
fn given_events_takes_one_event() {
    shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 3)
        .run();
}

#[test]
fn given_events_takes_an_array() {
    shop()
        .given_events([stock_received(5), stock_received(2)])
        .when(place_order())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 5)
        .run();
}

#[test]
fn given_events_takes_a_vec() {
    let deliveries: Vec<StockReceived> = (1..=3).map(stock_received).collect();

    shop()
        .given_events(deliveries)
        .when(place_order())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 4)
        .run();
}

#[test]
fn given_events_takes_a_tuple_of_several_streams_and_lists() {
    let other = StockReceived {
        product_id: "prod-2".into(),
        quantity: 7,
    };

    shop()
        .given_events((stock_received(5), other, [stock_received(1)]))
        .when_event(payment_received())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 6)
        .unchanged()
        .then_aggregate::<Inventory>("prod-2")
        .has(|inventory| inventory.available == 7)
        .unchanged()
        .run();
}

#[test]
fn given_events_can_be_repeated() {
    shop()
        .given_events(stock_received(5))
        .given_events(stock_received(1))
        .when(place_order())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 4)
        .run();
}

#[test]
fn given_events_reach_projections_and_process_managers() {
    shop()
        .given_events((stock_received(5), order_placed()))
        .when_event(payment_received())
        .then_projection::<StockLevel>("prod-1")
        .has(|level| level.reserved == 2)
        .unchanged()
        .then_process_manager::<Fulfilment>("ord-1")
        .has(|fulfilment| fulfilment.reserved)
        .unchanged()
        .then(expect::handler_failed_with_message::<Fulfilment>(
            "there is no Order `ord-1`",
        ))
        .run();
}

#[test]
fn given_events_do_not_create_a_state_aggregate() {
    let flow = shop()
        .given_events(order_placed())
        .when(ConfirmOrder {
            order_id: "ord-1".into(),
        })
        .then_accepted();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the given step runs without problems
    found     Fulfilment failed on StockRefused: there is no Order `ord-1`: it is stored as state, so the events of its stream do not create it; in a test, create it with `.given_command(..)` or `.given_aggregate(..)`
    ");
}

#[test]
fn given_events_are_not_among_the_events_of_the_acts() {
    shop()
        .given_events((stock_received(5), order_placed()))
        .when_event(stock_received(1))
        .then(expect::no_event::<StockReceived>())
        .then_no_events()
        .run();
}

#[test]
fn given_events_whose_handler_fails_fail_the_flow() {
    let flow = lab()
        .given_events(instructed("fail"))
        .when_event(instructed("x"))
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the given step runs without problems
    found     Brittle failed on Instructed: the instruction failed: there was smoke
    ");
}

#[test]
fn given_aggregate_stores_a_state_aggregate() {
    let mut order = Order::draft("ord-1", "cust-1", "prod-1", 2, 9_995);
    order.status = OrderStatus::Cancelled;

    shop()
        .given_aggregate(order)
        .when(place_order())
        .then(expect::rejected_with_message("already placed"))
        .then_projection::<OrderDashboard>("ord-1")
        .absent()
        .run();
}

#[test]
fn given_aggregate_publishes_its_raised_events() {
    let mut inventory = Inventory::empty("prod-1");
    inventory.receive(5);

    shop()
        .given_aggregate(inventory)
        .when(place_order())
        .then_event(stock_reserved())
        .then_projection::<StockLevel>("prod-1")
        .has(|level| level.available == 3)
        .run();
}

#[test]
fn given_command_goes_through_its_handler() {
    shop()
        .given_command(ReceiveStock {
            product_id: "prod-1".into(),
            quantity: 5,
        })
        .when(place_order())
        .then_event(stock_reserved())
        .run();
}

#[test]
fn given_command_whose_effects_fail_fails_the_flow() {
    let flow = shop_with_mail(FakeMailer::down)
        .given_events(stock_received(5))
        .given_command(place_order())
        .given_events(payment_received())
        .when_event(payment_received())
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @"
    expected  the given step runs without problems
    found     MailHandler failed on OrderConfirmed: sending the mail failed: the mail server is down
    ");
}

#[test]
fn given_nothing_says_that_the_world_is_empty() {
    shop()
        .given_nothing()
        .when(place_order())
        .then(expect::projections::<StockLevel>().count(0))
        .run();
}
