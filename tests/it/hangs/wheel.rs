//! A domain whose messages never end.

use std::time::Duration;

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler,
    EventRoutes, PendingEvents, ProcessManager, ProcessManagerRoutes, RetryPolicy, UnitOfWork,
    WiringErrors,
};
use serde::{Deserialize, Serialize};

/// A wheel that turns for ever.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Again, Later, Left, Right, Nested, Ring), events(Rang))]
pub(super) struct Wheel {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

/// Submits itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Wheel, id = id)]
pub(super) struct Again {
    id: String,
}

/// Comes again after this many milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Wheel, id = id)]
pub(super) struct Later {
    id: String,
    milliseconds: u64,
}

/// Schedules `Right`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Wheel, id = id)]
pub(super) struct Left {
    id: String,
}

/// Schedules `Left`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Wheel, id = id)]
pub(super) struct Right {
    id: String,
}

/// Processes itself inside its own unit of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Wheel, id = id)]
pub(super) struct Nested {
    id: String,
}

/// Raises `Rang`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Wheel, id = id)]
pub(super) struct Ring {
    id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Wheel, id = id)]
pub(super) struct Rang {
    id: String,
}

/// Makes `Mirror` raise `Reflected`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "lamp", id = id)]
pub(super) struct Shone {
    id: String,
}

/// Makes `Lamp` raise `Shone`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "mirror", id = id)]
pub(super) struct Reflected {
    id: String,
}

/// Fails in `Stubborn`, which never stops to retry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "request", id = id)]
pub(super) struct Requested {
    id: String,
}

struct WheelHandler;

impl CommandHandler for WheelHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::again);
        on.command(Self::later);
        on.command(Self::left);
        on.command(Self::right);
        on.command(Self::nested);
        on.command(Self::ring);
    }
}

impl WheelHandler {
    async fn again(&self, command: Again, work: &mut UnitOfWork) -> Result<(), Error> {
        work.submit(command)?;
        Ok(())
    }

    async fn later(&self, command: Later, work: &mut UnitOfWork) -> Result<(), Error> {
        let delay = Duration::from_millis(command.milliseconds);
        work.process_after(delay, command)?;
        Ok(())
    }

    async fn left(&self, command: Left, work: &mut UnitOfWork) -> Result<(), Error> {
        work.process_after(Duration::from_secs(1), Right { id: command.id })?;
        Ok(())
    }

    async fn right(&self, command: Right, work: &mut UnitOfWork) -> Result<(), Error> {
        work.process_after(Duration::from_secs(1), Left { id: command.id })?;
        Ok(())
    }

    async fn nested(&self, command: Nested, work: &mut UnitOfWork) -> Result<(), Error> {
        work.process(command).await
    }

    async fn ring(&self, command: Ring, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(Rang { id: command.id })
    }
}

struct Mirror;

impl EventHandler for Mirror {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_shone);
    }
}

impl Mirror {
    async fn on_shone(&self, event: Shone, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(Reflected { id: event.id })
    }
}

struct Lamp;

impl EventHandler for Lamp {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_reflected);
    }
}

impl Lamp {
    async fn on_reflected(&self, event: Reflected, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(Shone { id: event.id })
    }
}

struct Stubborn;

impl EventHandler for Stubborn {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_requested);
        on.subscription().retry(RetryPolicy::attempts(u32::MAX));
    }
}

impl Stubborn {
    async fn on_requested(&self, _: Requested, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(Error::failed("the request", "nobody answers"))
    }
}

/// Rings every minute.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct AlarmClock {}

impl ProcessManager for AlarmClock {
    const KEY: &'static str = "id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_rang);
    }
}

impl AlarmClock {
    async fn on_rang(&mut self, event: Rang, work: &mut UnitOfWork) -> Result<(), Error> {
        work.process_after(Duration::from_secs(60), Ring { id: event.id })?;
        Ok(())
    }
}

pub(super) fn wheels() -> Result<Domain, WiringErrors> {
    Domain::builder("wheels")
        .aggregate::<Wheel>()
        .event_from_outside::<Shone>()
        .event_from_outside::<Reflected>()
        .event_from_outside::<Requested>()
        .command_handler(WheelHandler)
        .process_manager::<AlarmClock>()
        .event_handler(Mirror)
        .event_handler(Lamp)
        .event_handler(Stubborn)
        .build()
}

pub(super) fn again() -> Again {
    Again { id: "w".into() }
}

/// Returns a command that comes again after each `delay`.
pub(super) fn later(delay: Duration) -> Later {
    Later {
        id: "w".into(),
        milliseconds: u64::try_from(delay.as_millis()).expect("a short delay"),
    }
}

pub(super) fn left() -> Left {
    Left { id: "w".into() }
}

pub(super) fn nested() -> Nested {
    Nested { id: "w".into() }
}

pub(super) fn ring() -> Ring {
    Ring { id: "w".into() }
}

pub(super) fn shone() -> Shone {
    Shone { id: "l".into() }
}

pub(super) fn requested() -> Requested {
    Requested { id: "r".into() }
}
