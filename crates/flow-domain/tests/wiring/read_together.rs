//! Handlers of the commands of one category, which are read together.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Raised, RetryPolicy,
    handler::Profile, wiring::DomainBuilder,
};
use serde::{Deserialize, Serialize};

use crate::fixture::{decide, refusal};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(PlaceOrder, CancelOrder, ShipOrder))]
struct Order {
    order_id: String,
    #[serde(skip)]
    raised: Raised,
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
fn handlers_of_one_category_that_differ_in_how_to_read_are_one_mistake() {
    let domain = orders()
        .command_handler(OrderCommandHandler)
        .command_handler(BulkCommandHandler);

    insta::assert_snapshot!(refusal(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `OrderCommandHandler` and `BulkCommandHandler` handle commands of `order`, which are read together, but differ in `batch_size`, `unordered`
         say how to read in one of them, or the same in both
    ");
}

#[test]
fn handlers_of_one_category_may_say_the_same_or_nothing_of_how_to_read() {
    let domain = orders()
        .command_handler(PatientCommandHandler)
        .command_handler(OrderCommandHandler)
        .command_handler(AgreeingCommandHandler)
        .build();

    assert!(domain.is_ok());
}
