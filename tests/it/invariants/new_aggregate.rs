//! The invariant `fold` on an aggregate that a handler makes because it finds none.

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    UnitOfWork, WiringErrors,
};
use flow_harness::{prelude::*, unit};
use rstest::rstest;
use serde::{Deserialize, Serialize};

use crate::fixture::mismatch;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(UseTank), events(TankBuilt, TankSealed))]
struct Tank {
    #[serde(rename = "tank")]
    id: String,
    litres: u32,
    is_sealed: bool,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Tank, id = id)]
struct UseTank {
    id: String,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum How {
    /// Only the id, and no event.
    Look,
    /// Begins without the id.
    BuildFromDefault,
    /// Begins with the id.
    BuildWithId,
    /// Begins with the id and more, and no event.
    LookAndFill,
    /// Begins with the id and more.
    BuildFull,
    /// The first event does not set the id.
    Seal,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Tank, id = id)]
struct TankBuilt {
    id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Tank, id = id)]
struct TankSealed {
    id: String,
}

impl Apply<TankBuilt> for Tank {
    fn apply(&mut self, event: &TankBuilt) {
        self.id.clone_from(&event.id);
    }
}

impl Apply<TankSealed> for Tank {
    fn apply(&mut self, _: &TankSealed) {
        self.is_sealed = true;
    }
}

#[derive(Debug)]
struct Plumber;

impl CommandHandler for Plumber {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::use_tank);
    }
}

impl Plumber {
    async fn use_tank(&self, command: UseTank, work: &mut UnitOfWork) -> Result<(), Error> {
        let UseTank { id, how } = command;
        let found = work.find::<Tank>(&id).await?;
        let mut tank = match how {
            How::BuildFromDefault => found.unwrap_or_default(),
            _ => found.unwrap_or_else(|| Tank {
                id: id.clone(),
                ..Tank::default()
            }),
        };

        if matches!(how, How::LookAndFill | How::BuildFull) {
            tank.litres = 5;
        }
        match how {
            How::Look | How::LookAndFill => {}
            How::Seal => tank.raise(TankSealed { id }),
            _ => tank.raise(TankBuilt { id }),
        }
        work.add(tank)
    }
}

fn workshop() -> FlowHarness {
    let domain = || -> Result<Domain, WiringErrors> {
        Domain::builder("workshop")
            .aggregate::<Tank>()
            .command_handler(Plumber)
            .build()
    };
    FlowHarness::new(domain)
}

fn use_tank(how: How) -> UseTank {
    UseTank {
        id: "t-1".into(),
        how,
    }
}

#[rstest]
fn new_aggregate_may_have_an_id(
    #[values(How::Look, How::BuildFromDefault, How::BuildWithId)] how: How,
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    workshop()
        .mode(mode)
        .when(use_tank(how))
        .then_settled()
        .run();
}

#[rstest]
fn id_of_a_built_aggregate_is_still_compared(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    workshop()
        .mode(mode)
        .given_command(use_tank(How::BuildWithId))
        .when(use_tank(How::Look))
        .then_no_events()
        .run();
}

#[test]
fn new_aggregate_with_more_than_an_id_violates_fold() {
    let flow = workshop().when(use_tank(How::LookAndFill)).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  an event-sourced aggregate equals the state folded from its events (the invariant `fold`)
    found     Tank "t-1", written by Plumber, differs from the state folded from its events
              litres  5, but 0 when folded
              tank    "t-1", but "" when folded
              Change the state only in `apply`, because only its events are stored
              A new aggregate begins as its `Default`, and may have its id. Its first event carries everything else,
              and the `apply` of this event sets it, also the id
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Fold, "..")`
    "#);
}

#[test]
fn new_aggregate_with_a_field_beside_its_event_violates_fold() {
    let flow = workshop().when(use_tank(How::BuildFull)).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  an event-sourced aggregate equals the state folded from its events (the invariant `fold`)
    found     Tank "t-1", written by Plumber, differs from the state folded from its events
              litres  5, but 0 when folded
              Change the state only in `apply`, because only its events are stored
              A new aggregate begins as its `Default`, and may have its id. Its first event carries everything else,
              and the `apply` of this event sets it, also the id
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Fold, "..")`
    "#);
}

#[test]
fn first_event_that_sets_no_id_violates_fold() {
    let flow = workshop().when(use_tank(How::Seal)).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  an event-sourced aggregate equals the state folded from its events (the invariant `fold`)
    found     Tank "t-1", written by Plumber, cannot be folded from its events
              the events of the stream `tank-t-1` fold into Tank ``: the first event must set the id `t-1`, in its `apply`
              A new aggregate begins as its `Default`, and may have its id. Its first event carries everything else,
              and the `apply` of this event sets it, also the id
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Fold, "..")`
    "#);
}

#[test]
fn old_aggregate_gets_no_advice_about_new_ones() {
    let flow = workshop()
        .given_command(use_tank(How::BuildWithId))
        .when(use_tank(How::BuildFull))
        .then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  an event-sourced aggregate equals the state folded from its events (the invariant `fold`)
    found     Tank "t-1", written by Plumber, differs from the state folded from its events
              litres  5, but 0 when folded
              Change the state only in `apply`, because only its events are stored
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Fold, "..")`
    "#);
}

#[test]
fn unit_test_accepts_a_new_aggregate_with_an_id() {
    unit::<Tank>()
        .given_nothing()
        .when(|tank| tank.id = "t-1".into())
        .then_no_events();
}
