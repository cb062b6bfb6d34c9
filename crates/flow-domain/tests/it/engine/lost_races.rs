//! A handler call that loses a race is repeated within its attempt.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use flow_domain::{
    App, Delivery, Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork, handler::Source,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Game, Referee, World, ping_domain, score},
    fixture::{CallLog, Ping},
};

/// What happens while the handler decides: this app scores as often as the number says.
#[derive(Clone, Debug, Default)]
struct Races(Arc<Mutex<(Option<App>, u32)>>);

impl Races {
    fn next(&self) -> Option<App> {
        let mut races = self.0.lock().unwrap();
        races.1 = races.1.checked_sub(1)?;
        races.0.clone()
    }

    fn start(&self, app: &App, n_races: u32) {
        *self.0.lock().unwrap() = (Some(app.clone()), n_races);
    }
}

/// Notes pings in a game, and loses races.
struct Overtaken {
    races: Races,
    errors: CallLog,
}

impl EventHandler for Overtaken {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription()
            .conflict_tries(3)
            .retry(RetryPolicy::attempts(2).jitter_percent(0));
    }

    async fn handle_error(&self, error: &Error, _: &Delivery) -> Result<(), Error> {
        self.errors.note(error.to_string());
        Ok(())
    }
}

impl Overtaken {
    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut game = work.find::<Game>(&event.id).await?.unwrap_or_default();
        if let Some(app) = self.races.next() {
            let _ = app.process(score(&event.id)).await;
        }
        game.id = event.id;
        game.points += 1;
        work.add(game)
    }
}

async fn world(n_races: u32) -> (World, CallLog) {
    let (races, errors) = (Races::default(), CallLog::default());
    let domain = ping_domain(Source::Broker)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(Overtaken {
            races: races.clone(),
            errors: errors.clone(),
        });
    let world = World::of(domain);
    races.start(&world.app, n_races);
    world.publish_pings(["1"]).await;

    (world, errors)
}

#[tokio::test]
async fn lost_race_uses_up_no_attempt_and_no_time() {
    let (mut world, errors) = world(2).await;

    let report = world.run().await;

    assert_eq!(
        world.attempts(),
        [
            "Overtaken #1 at 0ns",
            "Referee #1 at 0ns",
            "Overtaken #1 at 0ns",
            "Referee #1 at 0ns",
            "Overtaken #1 at 0ns"
        ]
    );
    assert_eq!((report.elapsed, report.failures.len()), (Duration::ZERO, 0));
    assert!(errors.take().is_empty());
    let game = world.app.load::<Game>("1").await.unwrap().unwrap();
    assert_eq!(game.points, 3);
}

#[tokio::test]
async fn lost_race_is_recorded_and_counted_as_such() {
    let (mut world, _) = world(1).await;

    let report = world.run().await;

    assert!(report.remaining.is_quiet());

    insta::assert_snapshot!(world.handler_outcomes().join("\n"), @r#"
    handled
    lost a race: Overtaken could not write aggregate Game `1`: expected nothing there, found version 1; rolled back Game "1"
    handled
    "#);
    let health = world.app.health().await.unwrap();
    let health = health.subscription("Overtaken").unwrap();
    assert_eq!((health.lost_races, health.failed), (1, 0));
}

#[tokio::test]
async fn last_lost_race_fails_the_attempt() {
    let (mut world, errors) = world(3).await;

    let report = world.run().await;

    assert_eq!(
        world.attempts()[4..],
        [
            "Overtaken #1 at 0ns",
            "Referee #1 at 0ns",
            "Overtaken #2 at 1s"
        ]
    );
    assert!(report.failures.is_empty(), "the second attempt succeeds");
    insta::assert_snapshot!(errors.take().join("\n"), @"Overtaken could not write aggregate Game `1`: expected version 2, found version 3; all 3 tries met a conflict: find out who else writes it meanwhile, or allow more with `.conflict_tries(..)` and `.time_limit(..)`");
}
