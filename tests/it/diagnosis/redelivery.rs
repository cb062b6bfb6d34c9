//! A message is delivered more than once, but only the first delivery changes anything.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    Projection, Projector, ProjectorRoutes, Rows, UnitOfWork,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};

use crate::diagnosis::diagnosis_text::diagnosis_in_both_modes;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(FineMember), events(Fined))]
struct Debtor {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Debtor, id = id)]
struct Fined {
    id: String,
    owed: u32,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Debtor, id = id)]
struct FineMember {
    id: String,
    owed: u32,
}

/// Fines half of the amount.
struct Lenient;

impl CommandHandler for Lenient {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::fine).raises::<Fined>();
    }
}

impl Lenient {
    async fn fine(&self, command: FineMember, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut debtor = Debtor {
            id: command.id.clone(),
            raised: PendingEvents::default(),
        };

        debtor.raise(Fined {
            id: command.id,
            owed: command.owed / 2,
        });
        work.add(debtor)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Debt {
    id: String,
    owed: u32,
}

/// Is idempotent: it stores the amount, and adds nothing.
struct Bookkeeper;

impl Projector for Bookkeeper {
    type Projection = Debt;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_fined);
    }
}

impl Bookkeeper {
    async fn on_fined(&self, event: Fined, rows: &mut Rows<'_, Debt>) -> Result<(), Error> {
        rows.put(Debt {
            id: event.id,
            owed: event.owed,
        })
        .await
    }
}

#[test]
fn redelivery_that_changed_nothing_does_not_count() {
    let flow = |mode| {
        let library = || {
            Domain::builder("library")
                .aggregate::<Debtor>()
                .projection::<Debt>()
                .command_handler(Lenient)
                .projector(Bookkeeper)
                .build()
        };

        FlowHarness::new(library)
            .mode(mode)
            .when(FineMember {
                id: "ada".into(),
                owed: 100,
            })
            .when_redelivered(2)
            .then_projection::<Debt>("ada")
            .like(json!({ "owed": 100 }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 15 Bookkeeper handled Fined and was the last to set `owed`; the value comes from Lenient, but the `owed` of FineMember is 100
    do let Lenient take `owed` from the `owed` of FineMember, if 100 is correct
    ");
}
