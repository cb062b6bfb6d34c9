//! The handlers that are called for an event, and their order.

use flow_domain::{Domain, Error, Event, EventHandler, EventRoutes, UnitOfWork};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    fixture::{CallLog, Ping, Pong, ping, pong},
    runtime::fixture::World,
};

struct First(CallLog);

impl EventHandler for First {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl First {
    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("First on Ping {}", event.id));
        work.raise(pong(format!("{}a", event.id)))?;
        work.raise(pong(format!("{}b", event.id)))
    }
}

struct Second(CallLog);

impl EventHandler for Second {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_pong);
        on.event(Self::on_ping);
    }
}

impl Second {
    async fn on_ping(&self, event: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("Second on Ping {}", event.id));
        Ok(())
    }

    async fn on_pong(&self, event: Pong, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("Second on Pong {}", event.id));
        Ok(())
    }
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "chair", id = id, name = "Ping")]
struct ChairPing {
    id: String,
}

struct ChairHandler(CallLog);

impl EventHandler for ChairHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl ChairHandler {
    async fn on_ping(&self, event: ChairPing, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("ChairHandler on Ping {}", event.id));
        Ok(())
    }
}

#[tokio::test]
async fn events_are_delivered_breadth_first_in_the_order_of_commit() {
    let call_log = CallLog::default();
    let domain = Domain::builder("game")
        .event_from_outside::<Ping>()
        .event_from_outside::<Pong>()
        .event_handler(First(call_log.clone()))
        .event_handler(Second(call_log.clone()));
    let world = World::new(domain);

    world.app.publish((ping("1"), ping("2"))).await.unwrap();

    assert_eq!(
        call_log.lines(),
        [
            "First on Ping 1",
            "Second on Ping 1",
            "First on Ping 2",
            "Second on Ping 2",
            "Second on Pong 1a",
            "Second on Pong 1b",
            "Second on Pong 2a",
            "Second on Pong 2b",
        ]
    );
}

#[tokio::test]
async fn an_event_is_delivered_in_the_order_of_registration() {
    let call_log = CallLog::default();
    let domain = Domain::builder("game")
        .event_from_outside::<Ping>()
        .event_from_outside::<Pong>()
        .event_handler(Second(call_log.clone()))
        .event_handler(First(call_log.clone()));
    let world = World::new(domain);

    world.app.publish(ping("1")).await.unwrap();

    assert_eq!(
        call_log.lines()[..2],
        ["Second on Ping 1", "First on Ping 1"]
    );
}

#[tokio::test]
async fn events_of_one_name_reach_the_handlers_of_their_category_only() {
    let call_log = CallLog::default();
    let domain = Domain::builder("game")
        .event_from_outside::<Ping>()
        .event_from_outside::<Pong>()
        .event_from_outside::<ChairPing>()
        .event_handler(Second(call_log.clone()))
        .event_handler(ChairHandler(call_log.clone()));
    let world = World::new(domain);

    let chair = ChairPing { id: "2".into() };
    world.app.publish((ping("1"), chair)).await.unwrap();

    assert_eq!(
        call_log.lines(),
        ["Second on Ping 1", "ChairHandler on Ping 2"]
    );
}

#[tokio::test]
async fn an_event_is_committed_before_it_is_delivered() {
    let call_log = CallLog::default();
    let domain = Domain::builder("game")
        .event_from_outside::<Ping>()
        .event_from_outside::<Pong>()
        .event_handler(First(call_log));
    let world = World::new(domain);

    world.app.publish(ping("1")).await.unwrap();

    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Pong in table-1a", "Pong in table-1b"]
    );
}

#[tokio::test]
async fn unregistered_outside_event_is_not_published() {
    let world = World::new(Domain::builder("game").event_from_outside::<Ping>());

    let err = world.app.publish((ping("1"), pong("1"))).await.unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"the event `Pong` is not registered: no aggregate of the domain has the category `table`; add the aggregate with `.aggregate::<..>()`, or `.event_from_outside::<Pong>()`");
    assert_eq!(world.stored_event_names().await, [""; 0]);
}
