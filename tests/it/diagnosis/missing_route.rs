//! A projector has no route for the event that should change its row.

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    Projection, Projector, ProjectorRoutes, Rows, UnitOfWork, WiringErrors,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};

use crate::diagnosis::diagnosis_text::diagnosis_in_both_modes;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(HoldCopy, ExpireHold), events(Queued, Held, Expired))]
struct BookCopy {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

macro_rules! copy_events {
    ($($name:ident),*) => {$(
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
        #[event(part_of = BookCopy, id = id)]
        struct $name {
            id: String,
        }

        impl Apply<$name> for BookCopy {
            fn apply(&mut self, event: &$name) {
                self.id = event.id.clone();
            }
        }
    )*};
}

copy_events!(Queued, Held, Expired);

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = BookCopy, id = id)]
struct HoldCopy {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = BookCopy, id = id)]
struct ExpireHold {
    id: String,
}

struct CopyHandler;

impl CommandHandler for CopyHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::hold).raises::<(Queued, Held)>();
        on.command(Self::expire).raises::<Expired>();
    }
}

impl CopyHandler {
    async fn hold(&self, command: HoldCopy, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut copy = work
            .find::<BookCopy>(&command.id)
            .await?
            .unwrap_or_default();

        copy.raise(Queued {
            id: command.id.clone(),
        });
        copy.raise(Held { id: command.id });
        work.add(copy)
    }

    async fn expire(&self, command: ExpireHold, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut copy = work.load::<BookCopy>(&command.id).await?;
        copy.raise(Expired { id: command.id });
        work.add(copy)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Title {
    id: String,
    on_hold: u32,
    queued: bool,
}

/// Has no route for `Expired`.
struct Catalogue;

impl Projector for Catalogue {
    type Projection = Title;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_queued);
        on.event(Self::on_held);
    }
}

impl Catalogue {
    async fn on_queued(&self, event: Queued, rows: &mut Rows<'_, Title>) -> Result<(), Error> {
        let empty = || Title {
            id: event.id.clone(),
            ..Title::default()
        };

        rows.change_or_insert(&event.id, empty, |row| row.queued = true)
            .await
    }

    async fn on_held(&self, event: Held, rows: &mut Rows<'_, Title>) -> Result<(), Error> {
        rows.change(&event.id, |row| row.on_hold = 1).await
    }
}

fn library() -> Result<Domain, WiringErrors> {
    Domain::builder("library")
        .aggregate::<BookCopy>()
        .projection::<Title>()
        .command_handler(CopyHandler)
        .projector(Catalogue)
        .build()
}

fn hold() -> HoldCopy {
    HoldCopy { id: "c-1".into() }
}

fn expire() -> ExpireHold {
    ExpireHold { id: "c-1".into() }
}

#[test]
fn missing_route_is_found_after_a_given_state() {
    let flow = |mode| {
        FlowHarness::new(library)
            .mode(mode)
            .given_command(hold())
            .when(expire())
            .then_projection::<Title>("c-1")
            .like(json!({ "on_hold": 0 }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    4 Expired was raised, but Catalogue does not handle it
    do add a route for Expired to Catalogue: `on.event(Self::the_method)`
    ");
}

/// The row had the expected value before `Held`, which was right to overwrite it.
#[test]
fn missing_route_is_found_after_an_overwrite() {
    let flow = |mode| {
        FlowHarness::new(library)
            .mode(mode)
            .when(hold())
            .when(expire())
            .then_projection::<Title>("c-1")
            .like(json!({ "on_hold": 0 }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    4 Expired was raised, but Catalogue does not handle it
    do add a route for Expired to Catalogue: `on.event(Self::the_method)`
    ");
}

/// The last act called the projector for this row. So nothing proves that a route is missing.
#[test]
fn missing_route_is_not_proven_after_another_act() {
    let flow = |mode| {
        FlowHarness::new(library)
            .mode(mode)
            .given_command(hold())
            .when(expire())
            .when(hold())
            .then_projection::<Title>("c-1")
            .like(json!({ "on_hold": 2 }))
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @"
    perhaps 4 Expired was raised, but Catalogue does not handle it
    do add a route for Expired to Catalogue: `on.event(Self::the_method)`
    ");
}
