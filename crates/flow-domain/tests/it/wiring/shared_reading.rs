//! Command handlers of one category, which share one subscription.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, PendingEvents, RetryPolicy,
    handler::Profile, wiring::DomainBuilder,
};
use serde::{Deserialize, Serialize};

use crate::wiring::fixture::{decide, wiring_errors_text};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(PlaceOrder, CancelOrder, ShipOrder))]
struct Order {
    order_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
struct PlaceOrder {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
struct CancelOrder {
    order_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
struct ShipOrder {
    order_id: String,
}

struct OrderCommandHandler;

impl CommandHandler for OrderCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, PlaceOrder>);
        on.subscription().batch_size(10);
    }
}

struct BulkCommandHandler;

impl CommandHandler for BulkCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, CancelOrder>);
        on.command(decide::<Self, ShipOrder>);
        on.subscription().profile(Profile::Batch).unordered();
    }
}

struct PatientCommandHandler;

impl CommandHandler for PatientCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, CancelOrder>);
        on.subscription().retry(RetryPolicy::attempts(9));
    }
}

struct AgreeingCommandHandler;

impl CommandHandler for AgreeingCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, ShipOrder>);
        on.subscription().profile(Profile::Fast);
    }
}

fn orders() -> DomainBuilder {
    Domain::builder("shop").aggregate::<Order>()
}

#[test]
fn shared_reading_with_different_settings_is_one_mistake() {
    let domain = orders()
        .command_handler(OrderCommandHandler)
        .command_handler(BulkCommandHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `OrderCommandHandler` and `BulkCommandHandler` read the commands of `order` together, but their options differ in `batch_size`, `unordered`
         set each option in only one of them, or to the same value in both
    ");
}

#[test]
fn shared_reading_accepts_equal_or_no_settings() {
    let domain = orders()
        .command_handler(PatientCommandHandler)
        .command_handler(OrderCommandHandler)
        .command_handler(AgreeingCommandHandler)
        .build();

    assert!(domain.is_ok());
}
