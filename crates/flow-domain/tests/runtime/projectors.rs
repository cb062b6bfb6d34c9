//! Rows that projectors write, change and delete.

use flow_domain::{Domain, Error, Event, Projection, Projector, ProjectorRoutes, Rows, View};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::fixture::{CallLog, World};

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
                let new = || Score {
                    name: name.clone(),
                    points: 10,
                };
                rows.change_or_insert(&name, new, |row| row.points += 1)
                    .await
            }
            Player::Renamed { name } => rows.change(name, |row| row.name = "Zoë".into()).await,
            Player::Left { name } => rows.delete(name).await,
            Player::ScoredTwice { name } => {
                rows.change(&name, |row| row.points += 1).await?;
                rows.change(&name, |row| row.points += 1).await
            }
            Player::EnteredAndLeft { name } => {
                let points = 0;
                rows.put(Score {
                    name: name.clone(),
                    points,
                })
                .await?;
                rows.delete(name).await
            }
            Player::Looked { name } => {
                let row = rows.get(name).await?;
                let time = rows.event_time();
                let points = row.map(|row| row.points);
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

fn entered() -> Player {
    Player::Entered { name: "Ada".into() }
}

fn scored() -> Player {
    Player::Scored { name: "Ada".into() }
}

fn scored_or_entered() -> Player {
    Player::ScoredOrEntered { name: "Ada".into() }
}

fn left() -> Player {
    Player::Left { name: "Ada".into() }
}

fn scores(world: &World) -> View<Score> {
    world.app.view()
}

/// The points of Ada.
async fn points(world: &World) -> Option<u32> {
    let row = scores(world).get("Ada").await;
    row.expect("the row can be read").map(|row| row.points)
}

#[tokio::test]
async fn a_row_that_is_put_can_be_read() {
    let world = game();

    world.app.publish(entered()).await.unwrap();

    assert_eq!(points(&world).await, Some(0));
}

#[tokio::test]
async fn a_row_that_is_put_again_is_replaced() {
    let world = game();

    world
        .app
        .publish([entered(), scored(), entered()])
        .await
        .unwrap();

    assert_eq!(points(&world).await, Some(0));
}

#[tokio::test]
async fn a_row_is_changed() {
    let world = game();

    world
        .app
        .publish([entered(), scored(), scored()])
        .await
        .unwrap();

    assert_eq!(points(&world).await, Some(2));
}

#[tokio::test]
async fn a_row_that_is_changed_twice_in_one_delivery_is_changed_twice() {
    let world = game();
    let twice = Player::ScoredTwice { name: "Ada".into() };

    world.app.publish([entered(), twice]).await.unwrap();

    assert_eq!(points(&world).await, Some(2));
}

#[tokio::test]
async fn missing_row_is_inserted_and_changed() {
    let world = game();

    world.app.publish(scored_or_entered()).await.unwrap();
    assert_eq!(points(&world).await, Some(11));
    world.app.publish(scored_or_entered()).await.unwrap();

    assert_eq!(points(&world).await, Some(12));
}

#[tokio::test]
async fn a_row_is_deleted() {
    let world = game();

    world.app.publish([entered(), left()]).await.unwrap();

    assert_eq!(points(&world).await, None);
    assert_eq!(scores(&world).count().await.unwrap(), 0);
}

#[tokio::test]
async fn delete_of_a_missing_row_does_nothing() {
    let world = game();
    let name = "Ada".to_owned();

    world.app.publish(left()).await.unwrap();
    world
        .app
        .publish(Player::EnteredAndLeft { name })
        .await
        .unwrap();

    assert_eq!(points(&world).await, None);
}

#[tokio::test]
async fn change_of_a_missing_row_is_not_found() {
    let err = game().app.publish(scored()).await.unwrap_err();

    assert!(err.handler_failures()[0].error.is_not_found());
    insta::assert_snapshot!(err, @r"
    the commit went through, but 1 handler failed afterwards:
      Scoreboard on Scored: there is no Score `Ada` to change: `put` or `change_or_insert` makes one
    ");
}

#[tokio::test]
async fn change_of_a_row_id_is_an_error() {
    let world = game();
    let renamed = Player::Renamed { name: "Ada".into() };

    let err = world.app.publish([entered(), renamed]).await.unwrap_err();

    assert!(err.handler_failures()[0].error.is_setup());
    insta::assert_snapshot!(err, @r"
    the commit went through, but 1 handler failed afterwards:
      Scoreboard on Renamed: a change must not give Score `Ada` another id, and this one made it `Zoë`: delete the row and put a new one
    ");
    assert_eq!(points(&world).await, Some(0));
    assert!(!scores(&world).exists("Zoë").await.unwrap());
}

#[tokio::test]
async fn a_projector_reads_its_rows_and_the_time_of_the_event() {
    let heard = CallLog::default();
    let domain = Domain::builder("game")
        .event_from_outside::<Player>()
        .projection::<Score>()
        .projector(Scoreboard(heard.clone()));
    let looked = Player::Looked { name: "Ada".into() };

    let published = World::new(domain).app.publish([entered(), looked]).await;

    published.unwrap();
    assert_eq!(
        heard.lines(),
        ["Some(0) at 2026-01-01T00:00:00Z", "Game.Looked.v1"]
    );
}
