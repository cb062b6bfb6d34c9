//! The invariant `snapshot`: a snapshot of an event-sourced aggregate equals the fold of its events.

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    SnapshotPolicy, UnitOfWork, WarningSelector, WiringErrors,
};
use flow_harness::{Invariant, prelude::*};
use rstest::rstest;
use serde::{Deserialize, Serialize};

use crate::fixture::mismatch;

/// Coins in a jar. It has a total that no JSON has.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(DropCoin), events(CoinDropped))]
struct Jar {
    id: String,
    n_coins: u32,
    #[serde(skip)]
    hidden_cents: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Jar, id = id)]
struct DropCoin {
    id: String,
    hidden_cents: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Jar, id = id)]
struct CoinDropped {
    id: String,
    hidden_cents: u32,
}

impl Apply<CoinDropped> for Jar {
    fn apply(&mut self, event: &CoinDropped) {
        self.id.clone_from(&event.id);
        self.n_coins += 1;
        self.hidden_cents += event.hidden_cents;
    }
}

#[derive(Debug)]
struct Saver;

impl CommandHandler for Saver {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::drop_coin);
    }
}

impl Saver {
    async fn drop_coin(&self, command: DropCoin, work: &mut UnitOfWork) -> Result<(), Error> {
        let DropCoin { id, hidden_cents } = command;
        let mut jar = work.find::<Jar>(&id).await?.unwrap_or_default();
        jar.raise(CoinDropped { id, hidden_cents });
        work.add(jar)
    }
}

fn domain(n_events: u64) -> Result<Domain, WiringErrors> {
    Domain::builder("savings")
        .aggregate_with_snapshots::<Jar>(SnapshotPolicy::every(n_events))
        .command_handler(Saver)
        .acknowledge(
            WarningSelector::unhandled_event::<CoinDropped>(),
            "tests read it",
        )
        .build()
}

fn savings(n_events: u64) -> FlowHarness {
    FlowHarness::new(move || domain(n_events)).mode(Mode::Sync)
}

fn drop_coin(hidden_cents: u32) -> DropCoin {
    DropCoin {
        id: "tea".into(),
        hidden_cents,
    }
}

#[rstest]
fn snapshot_changes_no_result(
    #[values(1, 2, 100)] n_events: u64,
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    savings(n_events)
        .mode(mode)
        .given_command(drop_coin(0))
        .given_command(drop_coin(0))
        .given_command(drop_coin(0))
        .when(drop_coin(0))
        .then_event(CoinDropped {
            id: "tea".into(),
            hidden_cents: 0,
        })
        .then_aggregate::<Jar>("tea")
        .has(|jar| jar.n_coins == 4)
        .run();
}

#[test]
fn snapshot_that_lacks_a_field_is_reported_before_one_is_due() {
    let flow = savings(100).when(drop_coin(5)).then_settled();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  a snapshot equals the state folded from the events (the invariant `snapshot`)
    found     Jar "tea", written by Saver, changes when it is read from a snapshot
              in memory     Jar { id: "tea", n_coins: 1, hidden_cents: 5, raised: [] }
              deserialized  Jar { id: "tea", n_coins: 1, hidden_cents: 0, raised: [] }
              What differs is not in the JSON (`#[serde(skip)]`?), so the deserialized value lacks it
              The domain loads it from snapshots, so its JSON must have each field that an `apply` sets
              If this is intended, say why: `.disable_invariant(flow_harness::Invariant::Snapshot, "..")`
    "#);
}

#[test]
fn snapshot_is_not_checked_if_the_invariant_is_disabled() {
    savings(100)
        .disable_invariant(Invariant::Snapshot, "nobody reads the cents")
        .when(drop_coin(5))
        .then_settled()
        .run();
}

#[test]
fn snapshot_is_not_checked_without_a_policy() {
    let domain = || {
        Domain::builder("savings")
            .aggregate::<Jar>()
            .command_handler(Saver)
            .build()
    };

    FlowHarness::new(domain)
        .when(drop_coin(5))
        .then_settled()
        .run();
}
