//! Level 1: one aggregate, no infrastructure.

use ::bank::{Account, AccountError, AccountEvent};
use ::shop::{Inventory, Order, OrderCancelled, OrderError, OrderStatus};
use flow_domain::Aggregate;
use flow_harness::unit;
use pretty_assertions::assert_eq;

use crate::fixture::{
    draft, order_confirmed, order_placed, stock_received, stock_refused, stock_released,
    stock_reserved,
};

fn placed_order() -> Order {
    let mut order = draft();
    order.place().unwrap();
    // The JSON round trip drops the pending events, as if the order was loaded from a store.
    serde_json::from_value(serde_json::to_value(&order).unwrap()).unwrap()
}

#[test]
fn placing_an_order_changes_its_status() {
    let mut order = draft();

    order.place().unwrap();

    assert_eq!(order.status, OrderStatus::Placed);
}

#[test]
fn placing_an_order_raises_order_placed() {
    let mut order = draft();

    order.place().unwrap();

    assert_eq!(order.raised(), order_placed());
}

#[test]
fn an_order_is_placed_once() {
    let mut order = placed_order();

    assert_eq!(order.place(), Err(OrderError::AlreadyPlaced));
    assert_eq!(order.raised(), ());
}

#[test]
fn unit_flow_places_an_order() {
    unit::<Order>()
        .given_aggregate(draft())
        .when(Order::place)
        .then_accepted()
        .then_events(order_placed())
        .has(|order| order.status == OrderStatus::Placed);
}

#[test]
fn unplaced_order_cannot_be_confirmed() {
    unit::<Order>()
        .given_aggregate(draft())
        .when(Order::confirm)
        .then_rejected(OrderError::NotPlaced(OrderStatus::Draft))
        .then_no_events();
}

#[test]
fn a_placed_order_is_confirmed() {
    unit::<Order>()
        .given_aggregate(placed_order())
        .when(Order::confirm)
        .then_events(order_confirmed())
        .has(|order| order.status == OrderStatus::Confirmed);
}

#[test]
fn cancelled_order_has_a_reason() {
    unit::<Order>()
        .given_aggregate(placed_order())
        .when(|order| order.cancel("changed my mind"))
        .then_events(OrderCancelled {
            order_id: "ord-1".into(),
            product_id: "prod-1".into(),
            reason: "changed my mind".into(),
        });
}

#[test]
fn stock_is_folded_from_its_events() {
    unit::<Inventory>()
        .given_events((stock_received(5), stock_reserved()))
        .when(|inventory| inventory.release("ord-1"))
        .then_events(stock_released())
        .has(|inventory| inventory.available == 5);
}

#[test]
fn reservation_beyond_the_stock_is_refused() {
    unit::<Inventory>()
        .given_events(stock_received(1))
        .when(|inventory| inventory.reserve("ord-1", 2))
        .then_events(stock_refused(1))
        .has(|inventory| inventory.available == 1);
}

#[test]
fn stock_is_reserved_once_for_an_order() {
    unit::<Inventory>()
        .given_events([stock_received(5)])
        .when(|inventory| {
            inventory.reserve("ord-1", 2);
            inventory.reserve("ord-1", 2);
        })
        .then_events(stock_reserved())
        .has(|inventory| inventory.available == 3);
}

#[test]
fn new_product_receives_its_first_stock() {
    unit::<Inventory>()
        .given_nothing()
        .when(|inventory| inventory.receive(5))
        .has(|inventory| inventory.available == 5);
}

fn account_opened() -> AccountEvent {
    AccountEvent::AccountOpened {
        account_id: "acc-1".into(),
        owner: "Ada".into(),
        overdraft_limit_cents: 50,
    }
}

fn money_withdrawn(amount_cents: u64) -> AccountEvent {
    AccountEvent::Withdrawn {
        account_id: "acc-1".into(),
        amount_cents,
    }
}

#[test]
fn account_can_be_overdrawn_to_its_limit() {
    unit::<Account>()
        .given_events(account_opened())
        .when(|account| account.withdraw(50))
        .then_events(money_withdrawn(50))
        .has(|account| account.balance_cents == -50);
}

#[test]
fn account_rejects_a_withdrawal_beyond_its_limit() {
    unit::<Account>()
        .given_events(vec![account_opened(), money_withdrawn(20)])
        .when(|account| account.withdraw(31))
        .then_rejected(AccountError::InsufficientFunds {
            available_cents: 30,
        })
        .then_no_events()
        .has(|account| account.balance_cents == -20);
}
