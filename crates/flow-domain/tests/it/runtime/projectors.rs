//! Rows that projectors write, change and delete.

use flow_domain::{Domain, Error, Event, Projection, Projector, ProjectorRoutes, Rows, View};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{fixture::CallLog, runtime::fixture::World};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = name)]
struct Score {
    name: String,
    points: u32,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "player", id = name)]
enum Player {
    Entered { name: String },
    Scored { name: String },
    ScoredOrEntered { name: String },
    Renamed { name: String },
    Left { name: String },
    ScoredTwice { name: String },
    EnteredAndLeft { name: String },
    Looked { name: String },
}

struct Scoreboard(CallLog);

impl Projector for Scoreboard {
    type Projection = Score;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_player);
    }
}

impl Scoreboard {
    async fn on_player(&self, event: Player, rows: &mut Rows<'_, Score>) -> Result<(), Error> {
        match event {
            Player::Entered { name } => rows.put(Score { name, points: 0 }).await,
            Player::Scored { name } => rows.change(name, |row| row.points += 1).await,
            Player::ScoredOrEntered { name } => {
                let initial = || Score {
                    name: name.clone(),
                    points: 10,
                };

                rows.change_or_insert(&name, initial, |row| row.points += 1)
                    .await
            }
            Player::Renamed { name } => rows.change(name, |row| row.name = "Zoë".into()).await,
            Player::Left { name } => rows.delete(name).await,
            Player::ScoredTwice { name } => {
                rows.change(&name, |row| row.points += 1).await?;
                rows.change(&name, |row| row.points += 1).await
            }
            Player::EnteredAndLeft { name } => {
                let score = Score {
                    name: name.clone(),
                    points: 0,
                };

                rows.put(score).await?;
                rows.delete(name).await
            }
            Player::Looked { name } => {
                let points = rows.get(name).await?.map(|row| row.points);
                let time = rows.event_time();

                self.0.note(format!("{points:?} at {time}"));
                self.0.note(rows.metadata().message_type.to_string());

                Ok(())
            }
        }
    }
}

fn game() -> World {
    World::new(
        Domain::builder("game")
            .event_from_outside::<Player>()
            .projection::<Score>()
            .projector(Scoreboard(CallLog::default())),
    )
}

fn player_entered() -> Player {
    Player::Entered { name: "Ada".into() }
}

fn player_scored() -> Player {
    Player::Scored { name: "Ada".into() }
}

fn player_scored_or_entered() -> Player {
    Player::ScoredOrEntered { name: "Ada".into() }
}

fn player_left() -> Player {
    Player::Left { name: "Ada".into() }
}

fn scores(world: &World) -> View<Score> {
    world.app.view()
}

/// Returns the points of Ada.
async fn points(world: &World) -> Option<u32> {
    let row = scores(world).get("Ada").await.expect("the row can be read");

    row.map(|row| row.points)
}

#[tokio::test]
async fn a_row_that_is_put_can_be_read() {
    let world = game();

    world.app.publish(player_entered()).await.unwrap();

    assert_eq!(points(&world).await, Some(0));
}

#[tokio::test]
async fn a_row_that_is_put_again_is_replaced() {
    let world = game();

    world
        .app
        .publish([player_entered(), player_scored(), player_entered()])
        .await
        .unwrap();

    assert_eq!(points(&world).await, Some(0));
}

#[tokio::test]
async fn a_row_is_changed() {
    let world = game();

    world
        .app
        .publish([player_entered(), player_scored(), player_scored()])
        .await
        .unwrap();

    assert_eq!(points(&world).await, Some(2));
}

#[tokio::test]
async fn a_row_that_is_changed_twice_in_one_delivery_is_changed_twice() {
    let world = game();
    let scored_twice = Player::ScoredTwice { name: "Ada".into() };

    world
        .app
        .publish([player_entered(), scored_twice])
        .await
        .unwrap();

    assert_eq!(points(&world).await, Some(2));
}

#[tokio::test]
async fn missing_row_is_inserted_and_changed() {
    let world = game();

    world.app.publish(player_scored_or_entered()).await.unwrap();
    assert_eq!(points(&world).await, Some(11));

    world.app.publish(player_scored_or_entered()).await.unwrap();

    assert_eq!(points(&world).await, Some(12));
}

#[tokio::test]
async fn a_row_is_deleted() {
    let world = game();

    world
        .app
        .publish([player_entered(), player_left()])
        .await
        .unwrap();

    assert_eq!(points(&world).await, None);
    assert_eq!(scores(&world).count().await.unwrap(), 0);
}

#[tokio::test]
async fn delete_of_a_missing_row_does_nothing() {
    let world = game();
    let name = "Ada".to_owned();

    world.app.publish(player_left()).await.unwrap();

    world
        .app
        .publish(Player::EnteredAndLeft { name })
        .await
        .unwrap();

    assert_eq!(points(&world).await, None);
}

#[tokio::test]
async fn change_of_a_missing_row_is_not_found() {
    let err = game().app.publish(player_scored()).await.unwrap_err();

    assert!(err.handler_failures()[0].error.is_not_found());
    insta::assert_snapshot!(err, @"
    the commit succeeded, but 1 handler failed afterwards:
      Scoreboard failed on Scored: there is no Score `Ada` to change: insert it with `put` or `change_or_insert`
    ");
}

#[tokio::test]
async fn change_of_a_row_id_is_an_error() {
    let world = game();
    let player_renamed = Player::Renamed { name: "Ada".into() };

    let err = world
        .app
        .publish([player_entered(), player_renamed])
        .await
        .unwrap_err();

    assert!(err.handler_failures()[0].error.is_setup());
    insta::assert_snapshot!(err, @"
    the commit succeeded, but 1 handler failed afterwards:
      Scoreboard failed on Renamed: the change gives Score `Ada` the id `Zoë`, but a row cannot change its id: delete the row and put a new one
    ");
    assert_eq!(points(&world).await, Some(0));
    assert!(!scores(&world).exists("Zoë").await.unwrap());
}

#[tokio::test]
async fn a_projector_reads_its_rows_and_the_time_of_the_event() {
    let call_log = CallLog::default();
    let domain = Domain::builder("game")
        .event_from_outside::<Player>()
        .projection::<Score>()
        .projector(Scoreboard(call_log.clone()));
    let world = World::new(domain);
    let player_looked = Player::Looked { name: "Ada".into() };

    world
        .app
        .publish([player_entered(), player_looked])
        .await
        .unwrap();

    assert_eq!(
        call_log.lines(),
        ["Some(0) at 2026-01-01T00:00:00Z", "Game.Looked.v1"]
    );
}
