//! Handlers that fail after the commit.

use flow_domain::{
    Domain, Error, EventHandler, EventRoutes, Rejection, UnitOfWork,
    testing::remember_panic_locations,
};
use pretty_assertions::assert_eq;

use crate::{
    fixture::{CallLog, Ping, Pong, ping, pong, timeout_error},
    runtime::fixture::World,
};

#[derive(Debug, thiserror::Error)]
#[error("the game is over")]
struct GameOver;

impl Rejection for GameOver {}

struct Cashier;

impl EventHandler for Cashier {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl Cashier {
    async fn on_ping(&self, _: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(pong("of the cashier"))?;
        Err(timeout_error())
    }
}

struct Server;

impl EventHandler for Server {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl Server {
    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(pong(event.id))
    }
}

struct Umpire;

impl EventHandler for Umpire {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_pong);
    }
}

impl Umpire {
    async fn on_pong(&self, _: Pong, _: &mut UnitOfWork) -> Result<(), GameOver> {
        Err(GameOver)
    }
}

struct Spectator(CallLog);

impl EventHandler for Spectator {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.event(Self::on_pong);
    }
}

impl Spectator {
    async fn on_ping(&self, event: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("Ping {}", event.id));
        Ok(())
    }

    async fn on_pong(&self, event: Pong, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("Pong {}", event.id));
        Ok(())
    }
}

struct Clumsy;

impl EventHandler for Clumsy {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl Clumsy {
    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(pong("of the clumsy one"))?;
        tokio::task::yield_now().await;
        panic!("no bat for {}", event.id)
    }
}

fn game(call_log: &CallLog) -> World {
    World::new(
        Domain::builder("game")
            .event_from_outside::<Ping>()
            .event_from_outside::<Pong>()
            .event_handler(Cashier)
            .event_handler(Server)
            .event_handler(Umpire)
            .event_handler(Spectator(call_log.clone())),
    )
}

#[tokio::test]
async fn error_lists_every_failed_handler() {
    let err = game(&CallLog::default()).app.publish(ping("1")).await;

    insta::assert_snapshot!(err.unwrap_err(), @"
    the commit succeeded, but 2 handlers failed afterwards:
      Cashier failed on Ping: charging the card failed: timed out
      Umpire failed on Pong: the game is over
    ");
}

#[tokio::test]
async fn failure_of_one_handler_is_one_entry() {
    let domain = Domain::builder("game")
        .event_from_outside::<Ping>()
        .event_from_outside::<Pong>()
        .event_handler(Cashier);

    let err = World::new(domain).app.publish(ping("1")).await;

    insta::assert_snapshot!(err.unwrap_err(), @"
    the commit succeeded, but 1 handler failed afterwards:
      Cashier failed on Ping: charging the card failed: timed out
    ");
}

#[tokio::test]
async fn failures_are_values() {
    let err = game(&CallLog::default()).app.publish(ping("1")).await;

    let err = err.unwrap_err();
    let [cashier, umpire] = err.handler_failures() else {
        panic!("{err}")
    };

    assert_eq!(
        (cashier.handler, &*cashier.message),
        (Some("Cashier"), "Ping")
    );
    assert!(!cashier.error.is_rejection());
    assert_eq!((umpire.handler, &*umpire.message), (Some("Umpire"), "Pong"));
    assert!(umpire.error.is_rejection());
    assert!(!err.is_rejection());
}

#[tokio::test]
async fn failure_does_not_stop_the_rest_of_the_cascade() {
    let call_log = CallLog::default();

    let err = game(&call_log).app.publish(ping("1")).await;

    assert!(err.is_err());
    assert_eq!(call_log.lines(), ["Ping 1", "Pong 1"]);
}

#[tokio::test]
async fn failure_rolls_back_only_its_own_handler() {
    let world = game(&CallLog::default());

    world.app.publish(ping("1")).await.unwrap_err();

    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Pong in table-1"]
    );
}

#[tokio::test]
async fn panic_is_a_failure_with_message_and_location() {
    remember_panic_locations();
    let domain = Domain::builder("game")
        .event_from_outside::<Ping>()
        .event_from_outside::<Pong>()
        .event_handler(Clumsy);
    let world = World::new(domain);

    let err = world.app.publish(ping("1")).await.unwrap_err();

    let failure = &err.handler_failures()[0];
    assert!(failure.error.is_panic());
    let text = failure.to_string();
    assert!(
        text.starts_with(
            "Clumsy failed on Ping: panicked at crates/flow-domain/tests/it/runtime/failures.rs:"
        ),
        "{text}"
    );
    assert!(text.ends_with(": no bat for 1"), "{text}");
    assert_eq!(world.stored_event_names().await, ["Ping in table-1"]);
}
