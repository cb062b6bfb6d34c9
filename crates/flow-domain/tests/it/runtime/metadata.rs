//! The metadata of messages.

use std::time::Duration;

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler,
    EventRoutes, Headers, PendingEvents, UnitOfWork,
    clock::VirtualClock,
    message::{CausationId, CorrelationId, MessageKind, Priority, Recorded},
    record::EntryKind,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    fixture::{Ping, Pong, ping, pong},
    runtime::fixture::World,
};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(PlaceOrder, CountOrders), events(OrderPlaced))]
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
#[command(part_of = Order)]
struct CountOrders;

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
struct OrderPlaced {
    order_id: String,
}

struct OrderCommandHandler;

impl CommandHandler for OrderCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::place_order);
        on.command(Self::count_orders);
    }
}

impl OrderCommandHandler {
    async fn place_order(&self, command: PlaceOrder, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(OrderPlaced {
            order_id: command.order_id,
        })
    }

    async fn count_orders(&self, _: CountOrders, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

struct Mailer;

impl EventHandler for Mailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed);
        on.event(Self::on_ping);
    }
}

impl Mailer {
    async fn on_order_placed(
        &self,
        event: OrderPlaced,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        work.raise(pong(event.order_id))?;
        work.process(CountOrders).await
    }

    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(pong(event.id))
    }
}

fn shop() -> World {
    World::new(
        Domain::builder("web-shop")
            .aggregate::<Order>()
            .event_from_outside::<Ping>()
            .event_from_outside::<Pong>()
            .command_handler(OrderCommandHandler)
            .event_handler(Mailer),
    )
}

fn place_order() -> PlaceOrder {
    PlaceOrder {
        order_id: "ord-1".into(),
    }
}

/// Returns the events `OrderPlaced` and `Pong` that the command caused.
async fn flow(world: &World, headers: &Headers) -> [Recorded; 2] {
    let result = world.app.process_with(place_order(), headers).await;
    result.expect("the command is accepted");

    let events = world.events().await;
    events.try_into().expect("two events")
}

#[tokio::test]
async fn message_type_has_the_domain_and_the_version() {
    let [order_placed, _] = flow(&shop(), &Headers::default()).await;

    let metadata = order_placed.metadata();
    assert_eq!(metadata.message_type.to_string(), "WebShop.OrderPlaced.v1");
    assert_eq!(metadata.kind, MessageKind::Event);
    assert_eq!(metadata.stream.to_string(), "order-ord-1");
}

#[tokio::test]
async fn causation_id_is_the_handled_message() {
    let world = shop();
    let [order_placed, pong] = flow(&world, &Headers::default()).await;

    let record = world.record();
    let EntryKind::CommandReceived(command) = &record.entries()[0].kind else {
        panic!("{record}")
    };

    let command_id = command.metadata.id;
    assert_eq!(
        order_placed.metadata().causation,
        Some(CausationId::from(command_id))
    );
    assert_eq!(
        pong.metadata().causation,
        Some(CausationId::from(order_placed.metadata().id))
    );
}

#[tokio::test]
async fn correlation_id_is_the_first_command() {
    let world = shop();
    let [order_placed, pong] = flow(&world, &Headers::default()).await;

    let record = world.record();
    let EntryKind::CommandReceived(command) = &record.entries()[0].kind else {
        panic!("{record}")
    };

    let correlation = CorrelationId::from(command.metadata.id);
    assert_eq!(command.metadata.correlation, correlation);
    assert_eq!(order_placed.metadata().correlation, correlation);
    assert_eq!(pong.metadata().correlation, correlation);
}

#[tokio::test]
async fn correlation_id_of_a_foreign_flow_is_preserved() {
    let correlation = CorrelationId::new(Uuid::from_u128(7));
    let headers = Headers::default().correlation(correlation);

    let [order_placed, pong] = flow(&shop(), &headers).await;

    assert_eq!(order_placed.metadata().correlation, correlation);
    assert_eq!(pong.metadata().correlation, correlation);
}

#[tokio::test]
async fn priority_and_initiator_are_inherited() {
    let headers = Headers::default()
        .initiated_by("alice")
        .priority(Priority::HIGH);

    let [order_placed, pong] = flow(&shop(), &headers).await;

    assert_eq!(order_placed.metadata().priority, Priority::HIGH);
    assert_eq!(
        order_placed.metadata().initiated_by.as_deref(),
        Some("alice")
    );
    assert_eq!(pong.metadata().priority, Priority::HIGH);
    assert_eq!(pong.metadata().initiated_by.as_deref(), Some("alice"));
}

#[tokio::test]
async fn priority_is_normal_by_default() {
    let [order_placed, _] = flow(&shop(), &Headers::default()).await;

    assert_eq!(order_placed.metadata().priority, Priority::NORMAL);
    assert_eq!(order_placed.metadata().initiated_by, None);
}

#[tokio::test]
async fn message_time_is_that_of_the_clock() {
    let world = shop();
    world.clock.advance(Duration::from_secs(3));

    let [order_placed, _] = flow(&world, &Headers::default()).await;

    let time = order_placed.metadata().time;
    assert_eq!(time, VirtualClock::START + Duration::from_secs(3));
}

#[tokio::test]
async fn outside_event_starts_a_flow() {
    let world = shop();

    world.app.publish(ping("1")).await.unwrap();

    let events = world.events().await;
    let (ping, pong) = (events[0].metadata(), events[1].metadata());
    assert_eq!(ping.causation, None);
    assert_eq!(ping.correlation, CorrelationId::from(ping.id));
    assert_eq!(pong.causation, Some(CausationId::from(ping.id)));
    assert_eq!(pong.correlation, CorrelationId::from(ping.id));
}

#[tokio::test]
async fn command_without_an_aggregate_has_its_own_stream() {
    let world = shop();

    flow(&world, &Headers::default()).await;
    world.app.process(CountOrders).await.unwrap();

    let record = world.record();
    let streams: Vec<_> = record
        .entries()
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::CommandReceived(command) => Some(&command.metadata),
            _ => None,
        })
        .filter(|command| command.message_type.name() == "CountOrders")
        .map(|command| (command.stream.id().to_owned(), command.id.to_string()))
        .collect();
    let [nested, outer] = &streams[..] else {
        panic!("{streams:?}")
    };

    assert_eq!(nested.0, nested.1);
    assert_eq!(outer.0, outer.1);
}
