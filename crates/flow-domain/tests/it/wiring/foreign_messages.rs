//! Unregistered aggregates, and messages that name another aggregate.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Event, EventHandler, EventRoutes,
    PendingEvents, ProcessManager, ProcessManagerRoutes,
};
use serde::{Deserialize, Serialize};

use crate::wiring::fixture::{Order, OrderPlaced, advance, decide, react, wiring_errors_text};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = bay_id, commands(OpenBay), events(BayOpened, BayAssigned))]
struct Bay {
    bay_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = job_id, commands(StartRepair), events(RepairStarted))]
struct RepairJob {
    job_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Bay, id = bay_id)]
struct OpenBay {
    bay_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Bay, id = bay_id)]
struct BayOpened {
    bay_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Bay, id = bay_id)]
struct BayAssigned {
    bay_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Bay, id = bay_id)]
struct BayCleaned {
    bay_id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Bay, id = job_id)]
struct StartRepair {
    job_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Bay, id = job_id)]
struct RepairStarted {
    job_id: String,
}

struct BayCommandHandler;

impl CommandHandler for BayCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, OpenBay>)
            .raises::<(BayOpened, BayCleaned)>();
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct BayAssigner;

impl ProcessManager for BayAssigner {
    const KEY: &'static str = "bay_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(advance::<Self, BayOpened>);
        on.event(advance::<Self, BayAssigned>);
    }
}

struct Porter;

impl EventHandler for Porter {
    fn routes(on: &mut EventRoutes<Self>) {
        on.category_of::<Bay>();
        on.event(react::<Self, BayOpened>).raises::<BayAssigned>();
    }
}

struct RepairCommandHandler;

impl CommandHandler for RepairCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, StartRepair>);
    }
}

struct Mechanic;

impl EventHandler for Mechanic {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, RepairStarted>);
    }
}

struct Foreman;

impl EventHandler for Foreman {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, RepairStarted>);
        on.event(react::<Self, OrderPlaced>);
    }
}

#[test]
fn unregistered_aggregate_is_reported_once() {
    let domain = Domain::builder("garage")
        .command_handler(BayCommandHandler)
        .process_manager::<BayAssigner>()
        .event_handler(Porter);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `garage` has 1 wiring mistake

      1. the aggregate of the category `bay` is not registered
         add `.aggregate::<..>()`; used by `BayCommandHandler` (`OpenBay`, `BayOpened`, `BayCleaned`), `BayAssigner` (`BayOpened`, `BayAssigned`), `Porter` (`BayOpened`, `BayAssigned`)
    ");
}

#[test]
fn listed_message_belongs_to_its_aggregate() {
    let domain = Domain::builder("garage")
        .aggregate::<Bay>()
        .aggregate::<RepairJob>()
        .aggregate::<Order>()
        .command_handler(RepairCommandHandler)
        .event_handler(Mechanic)
        .event_handler(Foreman);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `garage` has 2 wiring mistakes

      1. `RepairJob` lists the command `StartRepair`, but `StartRepair` is part of `Bay`
         write `part_of = RepairJob` in the attribute of `StartRepair`

      2. `RepairJob` lists the event `RepairStarted`, but `RepairStarted` is part of `Bay`
         write `part_of = RepairJob` in the attribute of `RepairStarted`
    ");
}

#[test]
fn foreign_message_can_name_an_unregistered_aggregate() {
    let domain = Domain::builder("garage")
        .aggregate::<RepairJob>()
        .event_handler(Mechanic);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `garage` has 1 wiring mistake

      1. `RepairJob` lists the event `RepairStarted`, but `RepairStarted` has the category `bay`
         write `part_of = RepairJob` in the attribute of `RepairStarted`
    ");
}
