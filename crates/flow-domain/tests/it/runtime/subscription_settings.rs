//! Subscription settings of a domain and of single handlers.

use std::sync::Arc;

use flow_domain::{
    Aggregate, App, Command, CommandHandler, CommandRoutes, Domain, Engine, Error, EventHandler,
    EventRoutes, PendingEvents, RetryPolicy, UnitOfWork,
    adapter::memory::{MemoryBroker, MemoryStore},
    clock::VirtualClock,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    fixture::{CallLog, Ping, ping, timeout_error},
    runtime::fixture::World,
};

struct Listener(CallLog);

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

struct NoRetryListener(CallLog);

impl EventHandler for NoRetryListener {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription().retry(RetryPolicy::never());
    }
}

impl NoRetryListener {
    async fn on_ping(&self, event: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("NoRetryListener on Ping {}", event.id));
        Ok(())
    }
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(OpenDoor, CloseDoor))]
struct Door {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
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

struct Opener(CallLog);

impl CommandHandler for Opener {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::open);
        on.subscription().batch_size(1).retry(RetryPolicy::never());
    }
}

impl Opener {
    async fn open(&self, command: OpenDoor, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("open {}", command.id));
        Err(timeout_error())
    }
}

struct Closer(CallLog);

impl CommandHandler for Closer {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::close);
    }
}

impl Closer {
    async fn close(&self, command: CloseDoor, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("close {}", command.id));
        Err(timeout_error())
    }
}

#[tokio::test]
async fn domain_origin_applies_to_every_handler() {
    let call_log = CallLog::default();
    let domain = Domain::builder("game")
        .event_from_outside::<Ping>()
        .subscriptions(|all| {
            all.origin("table");
        })
        .event_handler(Listener(call_log.clone()))
        .event_handler(NoRetryListener(call_log.clone()));
    let world = World::new(domain);

    world.app.publish(ping("1")).await.unwrap();

    assert_eq!(call_log.lines(), [""; 0]);
}

#[tokio::test]
async fn retry_policy_of_one_handler_does_not_affect_another() {
    let call_log = CallLog::default();
    let domain = Domain::builder("house")
        .aggregate::<Door>()
        .command_handler(Opener(call_log.clone()))
        .command_handler(Closer(call_log.clone()))
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

    assert_eq!(settled.remaining.dead_letters, 2);
    assert_eq!(
        call_log.lines(),
        ["open 1", "close 2", "close 2", "close 2", "close 2"]
    );
}
