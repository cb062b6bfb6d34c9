//! What a domain says of all subscriptions, and what a handler says for itself.

use std::sync::Arc;

use flow_domain::{
    Aggregate, App, Command, CommandHandler, CommandRoutes, Domain, Engine, Error, EventHandler,
    EventRoutes, Raised, RetryPolicy, UnitOfWork,
    adapter::memory::{MemoryBroker, MemoryStore},
    clock::VirtualClock,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::fixture::{Heard, Ping, World, ping, timed_out};

struct Listener(Heard);

impl EventHandler for Listener {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl Listener {
    async fn on_ping(&self, event: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("Listener on Ping {}", event.id));
        Ok(())
    }
}

struct DeafListener(Heard);

impl EventHandler for DeafListener {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription().retry(RetryPolicy::never());
    }
}

impl DeafListener {
    async fn on_ping(&self, event: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("DeafListener on Ping {}", event.id));
        Ok(())
    }
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(OpenDoor, CloseDoor))]
struct Door {
    id: String,
    #[serde(skip)]
    raised: Raised,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Door, id = id)]
struct OpenDoor {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Door, id = id)]
struct CloseDoor {
    id: String,
}

struct Opener(Heard);

impl CommandHandler for Opener {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::open);
        on.subscription().batch_size(1).retry(RetryPolicy::never());
    }
}

impl Opener {
    async fn open(&self, command: OpenDoor, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("open {}", command.id));
        Err(timed_out())
    }
}

struct Closer(Heard);

impl CommandHandler for Closer {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::close);
    }
}

impl Closer {
    async fn close(&self, command: CloseDoor, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("close {}", command.id));
        Err(timed_out())
    }
}

#[tokio::test]
async fn an_origin_that_the_domain_wants_of_all_holds_for_every_handler() {
    let heard = Heard::default();
    let domain = Domain::builder("game")
        .event_from_outside::<Ping>()
        .subscriptions(|all| {
            all.origin("table");
        })
        .event_handler(Listener(heard.clone()))
        .event_handler(DeafListener(heard.clone()));
    let world = World::of(domain);

    world.app.publish(ping("1")).await.unwrap();

    assert_eq!(heard.lines(), [""; 0]);
}

#[tokio::test]
async fn a_command_handler_that_says_nothing_does_not_retry_like_its_neighbour() {
    let heard = Heard::default();
    let domain = Domain::builder("house")
        .aggregate::<Door>()
        .command_handler(Opener(heard.clone()))
        .command_handler(Closer(heard.clone()))
        .build()
        .unwrap();
    let app = App::builder(domain)
        .store(MemoryStore::default())
        .broker(MemoryBroker::default())
        .clock(Arc::new(VirtualClock::default()))
        .start();
    app.submit(OpenDoor { id: "1".into() }).await.unwrap();
    app.submit(CloseDoor { id: "2".into() }).await.unwrap();

    let settled = Engine::test_mode(&app).run().await.unwrap();

    assert_eq!(settled.left.dead_letters, 2);
    assert_eq!(
        heard.lines(),
        ["open 1", "close 2", "close 2", "close 2", "close 2"]
    );
}
