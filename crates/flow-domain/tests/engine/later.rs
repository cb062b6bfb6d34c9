//! Commands that are handed over, scheduled and taken back.

use std::time::Duration;

use flow_domain::{
    Error, EventHandler, EventRoutes, ProcessManager, ProcessManagerRoutes, RetryPolicy,
    UnitOfWork,
    clock::{Timestamp, VirtualClock},
    handler::Source,
    message::{MessageId, Processing},
    record::Happening,
    runtime::Sent,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::fixture::{
    Game, Ping, Player, Pong, Referee, World, fails, ping, pong, score, scored, table, timed_out,
};

fn at(seconds: u64) -> Timestamp {
    VirtualClock::START + Duration::from_secs(seconds)
}

#[tokio::test]
async fn a_command_is_sent_as_the_app_was_told() {
    let now = World::of(scored());
    let later = World::with(scored(), |app| app.command_processing(Processing::Async));

    assert_eq!(now.app.send(score("g")).await.unwrap(), Sent::Handled(()));
    let sent = later.app.send(score("g")).await.unwrap();

    assert!(matches!(sent, Sent::Later(_)));
    assert_eq!(now.stored().await, ["Scored in game-g"]);
    assert!(later.stored().await.is_empty());
}

#[tokio::test]
async fn a_run_leaves_what_is_scheduled_and_tells_of_it() {
    let mut world = World::of(scored());
    world.app.schedule(score("g"), at(60)).await.unwrap();

    let settled = world.run().await;

    assert_eq!(settled.deliveries, 0);
    assert!(settled.left.is_quiet());
    insta::assert_snapshot!(settled.left, @"Score for game-g is scheduled for 2026-01-01T00:01:00Z");
    assert_eq!(world.app.now(), at(0));
}

#[tokio::test]
async fn what_is_scheduled_comes_in_the_order_in_which_it_is_due() {
    let mut world = World::of(scored());
    world.app.schedule(score("third"), at(60)).await.unwrap();
    world.app.schedule(score("first"), at(20)).await.unwrap();
    world.app.schedule(score("second"), at(40)).await.unwrap();
    world.app.schedule(score("never"), at(61)).await.unwrap();

    let settled = world.engine.run_until(at(60)).await.unwrap();

    assert_eq!(
        world.stored().await,
        [
            "Scored in game-first",
            "Scored in game-second",
            "Scored in game-third"
        ]
    );
    assert_eq!(
        world.attempts(),
        [
            "Referee #1 at 20s",
            "Referee #1 at 40s",
            "Referee #1 at 60s"
        ]
    );
    assert_eq!(settled.left.scheduled.len(), 1);
    assert_eq!(world.app.now(), at(60));
}

#[tokio::test]
async fn time_passes_to_the_end_although_nothing_is_due() {
    let mut world = World::of(scored());

    let settled = world.engine.run_until(at(60)).await.unwrap();

    assert_eq!(settled.time, Duration::from_secs(60));
}

#[tokio::test]
async fn a_schedule_fires_when_a_retry_moves_the_clock_past_it() {
    let domain = scored()
        .event_from_outside::<Ping>()
        .event_from_outside::<Pong>()
        .event_handler(Player);
    let mut world = World::with(domain, |app| app.interceptor(fails("Player", "table-1", 3)));
    let soon = VirtualClock::START + Duration::from_millis(100);
    world.app.schedule(score("g"), soon).await.unwrap();
    world.app.schedule(score("h"), at(600)).await.unwrap();
    world.pings(["1"]).await;

    let settled = world.run().await;

    assert_eq!(
        world.stored().await,
        ["Ping in table-1", "Scored in game-g", "Pong in table-1"]
    );
    assert_eq!(world.attempts()[1], "Referee #1 at 100ms");
    assert_eq!(settled.left.scheduled.len(), 1);
}

#[tokio::test]
async fn what_is_scheduled_for_the_past_is_due_at_once() {
    let mut world = World::of(scored());
    world.clock.advance(Duration::from_secs(60));
    world.app.schedule(score("g"), at(30)).await.unwrap();

    assert!(world.run().await.left.is_quiet());

    assert_eq!(world.stored().await, ["Scored in game-g"]);
}

#[tokio::test]
async fn what_is_taken_back_never_comes() {
    let mut world = World::of(scored());
    let submitted = world.app.submit(score("g")).await.unwrap();
    let scheduled = world.app.schedule(score("h"), at(60)).await.unwrap();

    world.app.cancel(submitted).await.unwrap();
    world.app.cancel(scheduled).await.unwrap();
    let settled = world.engine.run_until(at(120)).await.unwrap();

    assert_eq!(settled.deliveries, 0);
    assert!(settled.left.scheduled.is_empty());
    assert!(world.stored().await.is_empty());
}

#[tokio::test]
async fn what_was_sent_already_cannot_be_taken_back() {
    let mut world = World::of(scored());
    let submitted = world.app.submit(score("g")).await.unwrap();
    assert_eq!(world.pending().await, ["game:command Score g #1"]);

    world.app.cancel(submitted).await.unwrap();
    assert!(world.run().await.left.is_quiet());

    assert_eq!(world.stored().await, ["Scored in game-g"]);
}

#[tokio::test]
async fn what_nobody_handles_cannot_be_handed_over() {
    let world = World::of(table(Source::Broker).event_handler(Player));

    let err = world.app.submit(score("g")).await.unwrap_err();

    assert!(err.is_no_handler());
}

/// Hands over and schedules for each ping, and fails with the bad ones.
struct Coach;

impl EventHandler for Coach {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
        on.subscription().retry(RetryPolicy::never());
    }
}

impl Coach {
    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        work.submit(score("now"))?;
        work.process_after(Duration::from_secs(30), score("later"))?;
        let regretted = work.schedule(score("never"), at(40))?;
        work.cancel(regretted);
        if event.id == "bad" {
            return Err(timed_out());
        }
        Ok(())
    }
}

fn coached() -> DomainBuilder {
    table(Source::Broker)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(Coach)
}

#[tokio::test]
async fn a_handler_hands_over_with_its_commit() {
    let mut world = World::of(coached());
    world.pings(["1"]).await;

    let settled = world.engine.run_until(at(60)).await.unwrap();

    assert_eq!(
        world.stored().await,
        [
            "Ping in table-1",
            "Scored in game-now",
            "Scored in game-later"
        ]
    );
    assert!(settled.left.scheduled.is_empty());
    let scored = world.events().await.remove(1);
    let command = world.events().await.remove(0);
    assert_eq!(
        scored.metadata().correlation,
        command.metadata().correlation
    );
}

#[tokio::test]
async fn a_handler_that_fails_hands_nothing_over() {
    let mut world = World::of(coached());
    world.pings(["bad"]).await;

    let settled = world.engine.run_until(at(60)).await.unwrap();

    assert_eq!(world.stored().await, ["Ping in table-bad"]);
    assert_eq!(settled.deliveries, 1);
}

/// A player who does not answer in time loses.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Rally {
    timeout: Option<MessageId>,
    answered: bool,
}

impl ProcessManager for Rally {
    const KEY: &'static str = "id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_ping);
        on.event(Self::on_pong);
    }

    fn is_complete(&self) -> bool {
        self.answered
    }
}

impl Rally {
    async fn on_ping(&mut self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        let timeout = work.process_after(Duration::from_secs(30), score(&event.id))?;
        self.timeout = Some(timeout);
        Ok(())
    }

    async fn on_pong(&mut self, _: Pong, work: &mut UnitOfWork) -> Result<(), Error> {
        self.answered = true;
        if let Some(timeout) = self.timeout.take() {
            work.cancel(timeout);
        }
        Ok(())
    }
}

async fn rally(answers_at: u64) -> World {
    let domain = table(Source::Broker)
        .aggregate::<Game>()
        .command_handler(Referee)
        .process_manager::<Rally>();
    let mut world = World::of(domain);
    world.pings(["1"]).await;
    let settled = world.engine.run_until(at(answers_at)).await.unwrap();
    assert!(settled.left.is_quiet());
    world.app.publish(pong("1")).await.unwrap();
    let settled = world.engine.run_until(at(60)).await.unwrap();
    assert!(settled.left.scheduled.is_empty());
    world
}

#[tokio::test]
async fn a_timeout_of_a_process_manager_comes_when_its_time_is_over() {
    let world = rally(31).await;

    assert_eq!(
        world.stored().await,
        ["Ping in table-1", "Scored in game-1", "Pong in table-1"]
    );
}

#[tokio::test]
async fn a_timeout_that_is_not_needed_any_more_is_taken_back() {
    let world = rally(29).await;

    assert_eq!(world.stored().await, ["Ping in table-1", "Pong in table-1"]);
}

fn inline() -> World {
    World::with(coached(), |app| app.event_processing(Processing::Sync))
}

#[tokio::test]
async fn without_an_engine_what_is_due_is_processed_when_it_is_asked_for() {
    let world = inline();
    world.app.publish(ping("1")).await.unwrap();
    assert_eq!(world.stored().await, ["Ping in table-1"]);

    let processed = world.app.process_due().await.unwrap();

    assert!(processed.failures.is_empty());
    assert_eq!(
        world.stored().await,
        ["Ping in table-1", "Scored in game-now"]
    );
}

#[tokio::test]
async fn without_an_engine_time_passes_from_one_schedule_to_the_next() {
    let mut world = inline();
    world.app.schedule(score("second"), at(20)).await.unwrap();
    world.app.schedule(score("first"), at(10)).await.unwrap();

    let processed = world.app.pass_time(at(60)).await.unwrap();

    assert!(processed.failures.is_empty());
    assert_eq!(world.attempts(), ["Referee #1 at 10s", "Referee #1 at 20s"]);
    assert_eq!(world.app.now(), at(60));
    let moved = world.tell(|what| matches!(what, Happening::TimeMoved { .. }));
    assert_eq!(moved.len(), 3);
}

#[tokio::test]
async fn without_an_engine_events_that_wait_for_one_are_an_error() {
    let world = World::of(coached());
    world.pings(["1"]).await;

    let err = world.app.process_due().await.unwrap_err();

    assert!(err.is_setup());
    assert!(err.to_string().contains("needs an engine"), "{err}");
}
