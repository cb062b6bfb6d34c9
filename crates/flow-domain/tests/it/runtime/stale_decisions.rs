//! Decisions on state that another handler changes before the commit.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    ProcessManager, ProcessManagerRoutes, UnitOfWork,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::runtime::fixture::World;

#[derive(Debug, Clone, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Issue, Pay, Sell, Remind), events(Issued, Paid, Sold, Due, Reminded))]
struct Invoice {
    id: String,
    is_paid: bool,
    #[serde(skip)]
    raised: PendingEvents,
}

macro_rules! messages {
    ($derive:ident $attribute:ident: $($name:ident)*) => {$(
        #[derive(Debug, Serialize, Deserialize, $derive)]
        #[$attribute(part_of = Invoice, id = id)]
        struct $name {
            id: String,
        }
    )*};
}

messages!(Command command: Issue Pay Sell Remind);
messages!(Event event: Issued Paid Sold Due Reminded);

struct Handler;

impl CommandHandler for Handler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::issue);
        on.command(Self::pay);
        on.command(Self::sell);
        on.command(Self::remind);
    }
}

impl Handler {
    async fn issue(&self, command: Issue, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut invoice = Invoice {
            id: command.id.clone(),
            is_paid: false,
            raised: PendingEvents::default(),
        };

        invoice.raise(Issued { id: command.id });

        work.add(invoice)
    }

    async fn pay(&self, command: Pay, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut invoice: Invoice = work.load(&command.id).await?;

        invoice.is_paid = true;
        invoice.raise(Paid { id: command.id });

        work.add(invoice)
    }

    /// Decides on an unpaid invoice, adds it unchanged, and yields to other commands.
    async fn sell(&self, command: Sell, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut invoice: Invoice = work.load(&command.id).await?;
        if !invoice.is_paid {
            let id = command.id.clone();
            invoice.raise(Sold { id });
        }
        work.add(invoice)?;

        let unchanged: Invoice = work.load(&command.id).await?;
        work.add(unchanged)?;

        tokio::task::yield_now().await;
        Ok(())
    }

    async fn remind(&self, command: Remind, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(Reminded { id: command.id })
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Reminders {
    is_paid: bool,
}

impl ProcessManager for Reminders {
    const KEY: &'static str = "id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_issued);
        on.event(Self::on_paid);
        on.event(Self::on_due).issues::<Remind>();
    }
}

impl Reminders {
    async fn on_issued(&mut self, _: Issued, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }

    async fn on_paid(&mut self, _: Paid, _: &mut UnitOfWork) -> Result<(), Error> {
        self.is_paid = true;
        Ok(())
    }

    /// Does not change its state, and yields to other commands.
    async fn on_due(&mut self, event: Due, work: &mut UnitOfWork) -> Result<(), Error> {
        tokio::task::yield_now().await;

        if self.is_paid {
            return Ok(());
        }

        work.process(Remind { id: event.id }).await
    }
}

/// Returns a world with an unpaid invoice.
async fn office() -> World {
    let domain = Domain::builder("office")
        // The first conflict is returned, so that the tests see it.
        .subscriptions(|on| {
            on.conflict_tries(1);
        })
        .aggregate::<Invoice>()
        .command_handler(Handler)
        .process_manager::<Reminders>();
    let world = World::new(domain);

    world.app.process(Issue { id: "i".into() }).await.unwrap();

    world
}

#[tokio::test]
async fn decision_on_unchanged_state_still_checks_the_version() {
    let world = office().await;

    let (sell, pay) = tokio::join!(
        world.app.process(Sell { id: "i".into() }),
        world.app.process(Pay { id: "i".into() }),
    );

    pay.unwrap();
    let err = sell.unwrap_err();
    assert!(err.is_conflict());
    insta::assert_snapshot!(err, @"Handler could not write aggregate Invoice `i`: expected version 1, found version 2");
    assert_eq!(
        world.stored_event_names().await,
        ["Issued in invoice-i", "Paid in invoice-i"]
    );
}

#[tokio::test]
async fn process_manager_issues_nothing_on_stale_state() {
    let world = office().await;

    let (due, pay) = tokio::join!(
        world.app.publish(Due { id: "i".into() }),
        world.app.process(Pay { id: "i".into() }),
    );

    pay.unwrap();
    let err = due.unwrap_err();
    assert!(err.handler_failures()[0].error.is_conflict());
    insta::assert_snapshot!(err, @"
    the commit succeeded, but 1 handler failed afterwards:
      Reminders failed on Due: Reminders could not write process manager Reminders `i`: expected version 1, found version 2
    ");
    assert_eq!(
        world.stored_event_names().await,
        [
            "Issued in invoice-i",
            "Due in invoice-i",
            "Paid in invoice-i"
        ]
    );
}
