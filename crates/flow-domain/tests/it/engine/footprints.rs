//! The footprint of a delivery: what it reads and writes.

use flow_domain::{
    Error, EventHandler, EventRoutes, Projection, Projector, ProjectorRoutes, Rows, UnitOfWork,
    handler::Source,
    message::Processing,
    testing::{Footprint, FootprintItem, Step},
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    engine::fixture::{Game, Player, Referee, World, ping_domain, score},
    fixture::{Ping, Pong},
};

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

/// Reads, and writes nothing.
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

fn ball_domain() -> DomainBuilder {
    ping_domain(Source::Broker)
        .aggregate::<Game>()
        .projection::<Ball>()
        .command_handler(Referee)
        .projector(BallProjector)
        .event_handler(Watcher)
        .event_handler(Player)
}

async fn deliver_next(world: &mut World, subscription: &str) -> Step {
    let next = world.next_pending(subscription).await;
    world.engine.deliver(&next).await.unwrap()
}

fn reads(footprint: &Footprint) -> Vec<String> {
    footprint.reads.iter().map(ToString::to_string).collect()
}

fn writes(footprint: &Footprint) -> Vec<String> {
    footprint.writes.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn footprint_has_reads_of_missing_rows() {
    let mut world = World::of(ball_domain());
    world.publish_pings(["1"]).await;

    let footprint = deliver_next(&mut world, "Watcher").await.footprint;

    assert_eq!(
        reads(&footprint),
        ["aggregate Game \"nowhere\"", "projection Ball \"1\""]
    );
    assert!(footprint.writes.is_empty());
}

async fn check_query(id: &str) {
    let mut world = World::of(ball_domain());
    world.publish_pings([id]).await;

    let footprint = deliver_next(&mut world, "Watcher").await.footprint;

    assert_eq!(
        reads(&footprint),
        ["aggregate Game \"nowhere\"", "all of projection Ball"]
    );
}

#[tokio::test]
async fn footprint_of_a_query_reads_all_rows() {
    check_query("each").await;
}

#[tokio::test]
async fn footprint_of_a_count_reads_all_rows() {
    check_query("all").await;
}

#[tokio::test]
async fn footprint_of_a_projector_is_its_row() {
    let mut world = World::of(ball_domain());
    world.publish_pings(["1"]).await;

    let footprint = deliver_next(&mut world, "BallProjector").await.footprint;

    assert_eq!(reads(&footprint), ["projection Ball \"1\""]);
    assert_eq!(writes(&footprint), ["projection Ball \"1\""]);
}

#[tokio::test]
async fn footprint_has_the_stream_of_a_raised_event() {
    let mut world = World::of(ball_domain());
    world.publish_pings(["1"]).await;

    let footprint = deliver_next(&mut world, "Player").await.footprint;

    assert_eq!(writes(&footprint), ["stream table-1"]);
}

#[tokio::test]
async fn footprints_of_different_rows_do_not_conflict() {
    let mut world = World::of(ball_domain());
    world.publish_pings(["1", "2"]).await;

    let first = deliver_next(&mut world, "BallProjector").await.footprint;
    let second = deliver_next(&mut world, "BallProjector").await.footprint;

    assert!(!first.conflicts_with(&second));
}

#[tokio::test]
async fn footprints_of_writer_and_reader_conflict() {
    let mut world = World::of(ball_domain());
    world.publish_pings(["all", "1"]).await;

    let query = deliver_next(&mut world, "Watcher").await.footprint;
    let write = deliver_next(&mut world, "BallProjector").await.footprint;
    let get = deliver_next(&mut world, "Watcher").await.footprint;

    assert!(write.conflicts_with(&query));
    assert!(!write.conflicts_with(&get), "it is the row of another ball");
}

#[tokio::test]
async fn footprints_of_a_subscription_do_not_share_its_ledger() {
    let mut world = World::of(ping_domain(Source::EventStore).event_handler(Player));
    world.publish_pings(["1", "2"]).await;

    let first = deliver_next(&mut world, "Player").await.footprint;
    let second = deliver_next(&mut world, "Player").await.footprint;

    assert_eq!(writes(&first), ["stream table-1"]);
    assert!(!first.conflicts_with(&second));
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
        event: crate::engine::fixture::Scored,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        work.raise(Pong { id: event.id })
    }
}

#[tokio::test]
async fn footprint_of_a_command_includes_its_inline_events() {
    let domain = ball_domain().event_handler(Fan);
    let mut world = World::with_app(domain, |app| app.event_processing(Processing::Sync));
    world.app.submit(score("g")).await.unwrap();

    let footprint = deliver_next(&mut world, "game:command").await.footprint;

    let pong = FootprintItem::Stream("table-g".parse().unwrap());
    assert!(footprint.writes.contains(&pong), "{footprint:?}");
}

#[tokio::test]
async fn footprint_survives_a_crash_of_the_engine() {
    let mut world = World::of(ball_domain());
    world.engine = world.engine.rebuild_with(|| ball_domain().build());
    world.publish_pings(["1"]).await;
    let next = world.next_pending("Player").await;

    let step = world.engine.deliver_and_crash(&next).await.unwrap();

    assert_eq!(writes(&step.footprint), ["stream table-1"]);
}
