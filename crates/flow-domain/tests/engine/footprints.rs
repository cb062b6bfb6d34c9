//! What one delivery reads and writes.

use flow_domain::{
    Error, EventHandler, EventRoutes, Projection, Projector, ProjectorRoutes, Rows, UnitOfWork,
    engine::{Footprint, Step, Touched},
    handler::Source,
    message::Processing,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::fixture::{Game, Ping, Player, Pong, Referee, World, score, table};

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Ball {
    id: String,
    n_pings: u32,
}

struct BallProjector;

impl Projector for BallProjector {
    type Projection = Ball;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl BallProjector {
    async fn on_ping(&self, event: Ping, rows: &mut Rows<'_, Ball>) -> Result<(), Error> {
        let (id, n_pings) = (event.id, 1);
        rows.put(Ball { id, n_pings }).await
    }
}

/// Looks, and does nothing.
struct Watcher;

impl EventHandler for Watcher {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl Watcher {
    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        let game = work.find::<Game>("nowhere").await?;
        assert!(game.is_none());
        match &*event.id {
            "all" => work.view::<Ball>().query().count().await.map(drop),
            "each" => work.view::<Ball>().query().all().await.map(drop),
            id => work.view::<Ball>().get(id).await.map(drop),
        }
    }
}

fn balls() -> DomainBuilder {
    table(Source::Broker)
        .aggregate::<Game>()
        .projection::<Ball>()
        .command_handler(Referee)
        .projector(BallProjector)
        .event_handler(Watcher)
        .event_handler(Player)
}

async fn step(world: &mut World, subscription: &str) -> Step {
    let next = world.next(subscription).await;
    world.engine.deliver(&next).await.unwrap()
}

fn reads(footprint: &Footprint) -> Vec<String> {
    footprint.reads.iter().map(ToString::to_string).collect()
}

fn writes(footprint: &Footprint) -> Vec<String> {
    footprint.writes.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn what_is_looked_for_and_not_there_is_read() {
    let mut world = World::of(balls());
    world.pings(["1"]).await;

    let footprint = step(&mut world, "Watcher").await.footprint;

    assert_eq!(
        reads(&footprint),
        ["aggregate Game \"nowhere\"", "projection Ball \"1\""]
    );
    assert!(footprint.writes.is_empty());
}

async fn check_query(id: &str) {
    let mut world = World::of(balls());
    world.pings([id]).await;

    let footprint = step(&mut world, "Watcher").await.footprint;

    assert_eq!(
        reads(&footprint),
        ["aggregate Game \"nowhere\"", "all of projection Ball"]
    );
}

#[tokio::test]
async fn a_query_reads_all_rows() {
    check_query("each").await;
}

#[tokio::test]
async fn a_count_reads_all_rows() {
    check_query("all").await;
}

#[tokio::test]
async fn a_projector_touches_its_row() {
    let mut world = World::of(balls());
    world.pings(["1"]).await;

    let footprint = step(&mut world, "BallProjector").await.footprint;

    assert_eq!(reads(&footprint), ["projection Ball \"1\""]);
    assert_eq!(writes(&footprint), ["projection Ball \"1\""]);
}

#[tokio::test]
async fn what_is_raised_is_written_to_its_stream() {
    let mut world = World::of(balls());
    world.pings(["1"]).await;

    let footprint = step(&mut world, "Player").await.footprint;

    assert_eq!(writes(&footprint), ["stream table-1"]);
}

#[tokio::test]
async fn handlers_that_touch_different_rows_do_not_conflict() {
    let mut world = World::of(balls());
    world.pings(["1", "2"]).await;

    let one = step(&mut world, "BallProjector").await.footprint;
    let two = step(&mut world, "BallProjector").await.footprint;

    assert!(!one.conflicts_with(&two));
}

#[tokio::test]
async fn a_handler_that_writes_what_another_reads_conflicts_with_it() {
    let mut world = World::of(balls());
    world.pings(["all", "1"]).await;

    let query = step(&mut world, "Watcher").await.footprint;
    let write = step(&mut world, "BallProjector").await.footprint;
    let get = step(&mut world, "Watcher").await.footprint;

    assert!(write.conflicts_with(&query));
    assert!(!write.conflicts_with(&get), "it is the row of another ball");
}

#[tokio::test]
async fn deliveries_of_one_subscription_of_the_store_share_its_checkpoint() {
    let mut world = World::of(table(Source::EventStore).event_handler(Player));
    world.pings(["1", "2"]).await;

    let one = step(&mut world, "Player").await.footprint;
    let two = step(&mut world, "Player").await.footprint;

    assert_eq!(
        writes(&one),
        ["stream table-1", "checkpoint Subscription \"Player\""]
    );
    assert!(one.conflicts_with(&two));
}

struct Fan;

impl EventHandler for Fan {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_scored);
    }
}

impl Fan {
    async fn on_scored(
        &self,
        event: crate::fixture::Scored,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        work.raise(Pong { id: event.id })
    }
}

#[tokio::test]
async fn what_a_command_causes_inline_is_a_part_of_its_footprint() {
    let domain = balls().event_handler(Fan);
    let mut world = World::with(domain, |app| app.event_processing(Processing::Sync));
    world.app.submit(score("g")).await.unwrap();

    let footprint = step(&mut world, "game:command").await.footprint;

    let pong = Touched::Stream("table-g".parse().unwrap());
    assert!(footprint.writes.contains(&pong), "{footprint:?}");
}

#[tokio::test]
async fn an_engine_that_dies_tells_what_it_had_written() {
    let mut world = World::of(balls());
    world.engine = world.engine.rebuild_with(|| balls().build());
    world.pings(["1"]).await;
    let next = world.next("Player").await;

    let step = world.engine.deliver_and_die(&next).await.unwrap();

    assert_eq!(writes(&step.footprint), ["stream table-1"]);
}
