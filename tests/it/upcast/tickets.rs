//! Tickets whose events have changed.

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    Projection, Projector, ProjectorRoutes, Rows, UnitOfWork, Upcast, WiringErrors,
    handler::Source,
};
use flow_harness::prelude::{FlowHarness, Resources};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(Sell), events(Sold))]
pub(super) struct Ticket {
    id: String,
    pub(super) cents: u128,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Ticket, id = id)]
pub(super) struct Sell {
    pub(super) id: String,
    pub(super) cents: u128,
}

/// Version 1 was called `Booked`, and its price was called `sum`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Ticket, id = id, version = 2)]
pub(super) struct Sold {
    pub(super) id: String,
    pub(super) cents: u128,
}

impl Apply<Sold> for Ticket {
    fn apply(&mut self, event: &Sold) {
        self.id.clone_from(&event.id);
        self.cents += event.cents;
    }
}

struct BoxOffice;

impl CommandHandler for BoxOffice {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::sell).raises::<Sold>();
    }
}

impl BoxOffice {
    async fn sell(&self, command: Sell, work: &mut UnitOfWork) -> Result<(), Error> {
        let Sell { id, cents } = command;
        let mut ticket = work.find::<Ticket>(&id).await?.unwrap_or_default();
        ticket.raise(Sold { id, cents });
        work.add(ticket)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
pub(super) struct Revenue {
    pub(super) id: String,
    pub(super) cents: u128,
}

struct RevenueProjector;

impl Projector for RevenueProjector {
    type Projection = Revenue;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_sold);
    }
}

impl RevenueProjector {
    async fn on_sold(&self, event: Sold, rows: &mut Rows<'_, Revenue>) -> Result<(), Error> {
        let Sold { id, cents } = event;
        let empty = || Revenue {
            id: id.clone(),
            cents: 0,
        };
        rows.change_or_insert(&id, empty, |row| row.cents += cents)
            .await
    }
}

fn domain(source: Source) -> Result<Domain, WiringErrors> {
    Domain::builder("theatre")
        .aggregate::<Ticket>()
        .projection::<Revenue>()
        .command_handler(BoxOffice)
        .projector(RevenueProjector)
        .upcast(
            Upcast::to::<Sold>()
                .was("Booked", 1..=1)
                .from(1, |json| json.rename("sum", "cents")),
        )
        .retired("Noted")
        .subscriptions(|all| {
            all.source(source);
        })
        .build()
}

/// Returns a harness whose subscriptions read from `source`.
pub(super) fn tickets_from(source: Source) -> FlowHarness {
    FlowHarness::new(move |_: &Resources| domain(source))
}

pub(super) fn tickets() -> FlowHarness {
    tickets_from(Source::Broker)
}

pub(super) fn sell(cents: u128) -> Sell {
    Sell {
        id: "1".into(),
        cents,
    }
}
