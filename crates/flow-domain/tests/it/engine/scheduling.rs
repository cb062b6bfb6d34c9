//! Commands that are submitted, scheduled and cancelled.

use std::time::Duration;

use flow_domain::{
    Error, EventHandler, EventRoutes, ProcessManager, ProcessManagerRoutes, RetryPolicy,
    UnitOfWork,
    clock::{Timestamp, VirtualClock},
    handler::Source,
    message::{MessageId, Processing},
    record::EntryKind,
    runtime::SendOutcome,
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    engine::fixture::{
        Game, Player, Referee, World, fail_first_attempts, game_domain, ping_domain, score,
    },
    fixture::{Ping, Pong, ping, pong, timeout_error},
};

fn at(seconds: u64) -> Timestamp {
    VirtualClock::START + Duration::from_secs(seconds)
}

#[tokio::test]
async fn send_follows_the_command_processing_of_the_app() {
    let now = World::of(game_domain());
    let later = World::with_app(game_domain(), |app| {
        app.command_processing(Processing::Async)
    });

    assert_eq!(
        now.app.send(score("g")).await.unwrap(),
        SendOutcome::Handled(())
    );
    let sent = later.app.send(score("g")).await.unwrap();

    assert!(matches!(sent, SendOutcome::Submitted(_)));
    assert_eq!(now.stored_event_names().await, ["Scored in game-g"]);
    assert!(later.stored_event_names().await.is_empty());
}

#[tokio::test]
async fn scheduled_command_is_left_and_reported_by_a_run() {
    let mut world = World::of(game_domain());
    world.app.process_at(at(60), score("g")).await.unwrap();

    let report = world.run().await;

    assert_eq!(report.deliveries, 0);
    assert!(report.remaining.is_quiet());
    insta::assert_snapshot!(report.remaining, @"Score for game-g is scheduled for 2026-01-01T00:01:00Z");
    assert_eq!(world.app.now(), at(0));
}

#[tokio::test]
async fn scheduled_commands_are_sent_in_due_order() {
    let mut world = World::of(game_domain());
    world.app.process_at(at(60), score("third")).await.unwrap();
    world.app.process_at(at(20), score("first")).await.unwrap();
    world.app.process_at(at(40), score("second")).await.unwrap();
    world.app.process_at(at(61), score("never")).await.unwrap();

    let report = world.engine.run_until(at(60)).await.unwrap();

    assert_eq!(
        world.stored_event_names().await,
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
    assert_eq!(report.remaining.scheduled.len(), 1);
    assert_eq!(world.app.now(), at(60));
}

#[tokio::test]
async fn run_until_advances_the_clock_if_nothing_is_due() {
    let mut world = World::of(game_domain());

    let report = world.engine.run_until(at(60)).await.unwrap();

    assert_eq!(report.elapsed, Duration::from_secs(60));
}

#[tokio::test]
async fn scheduled_command_is_sent_if_a_retry_passes_its_time() {
    let domain = game_domain()
        .event_from_outside::<Ping>()
        .event_from_outside::<Pong>()
        .event_handler(Player);
    let mut world = World::with_app(domain, |app| {
        app.interceptor(fail_first_attempts("Player", "table-1", 3))
    });
    let soon = VirtualClock::START + Duration::from_millis(100);
    world.app.process_at(soon, score("g")).await.unwrap();
    world.app.process_at(at(600), score("h")).await.unwrap();
    world.publish_pings(["1"]).await;

    let report = world.run().await;

    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Scored in game-g", "Pong in table-1"]
    );
    assert_eq!(world.attempts()[1], "Referee #1 at 100ms");
    assert_eq!(report.remaining.scheduled.len(), 1);
}

#[tokio::test]
async fn scheduled_command_in_the_past_is_due_at_once() {
    let mut world = World::of(game_domain());
    world.clock.advance(Duration::from_secs(60));
    world.app.process_at(at(30), score("g")).await.unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(world.stored_event_names().await, ["Scored in game-g"]);
}

#[tokio::test]
async fn cancelled_command_is_never_sent() {
    let mut world = World::of(game_domain());
    let submitted = world.app.submit(score("g")).await.unwrap();
    let scheduled = world.app.process_at(at(60), score("h")).await.unwrap();

    world.app.cancel(submitted).await.unwrap();
    world.app.cancel(scheduled).await.unwrap();
    let report = world.engine.run_until(at(120)).await.unwrap();

    assert_eq!(report.deliveries, 0);
    assert!(report.remaining.scheduled.is_empty());
    assert!(world.stored_event_names().await.is_empty());
}

#[tokio::test]
async fn cancel_does_nothing_once_the_command_is_sent() {
    let mut world = World::of(game_domain());
    let submitted = world.app.submit(score("g")).await.unwrap();
    assert_eq!(world.pending().await, ["game:command Score g #1"]);

    world.app.cancel(submitted).await.unwrap();
    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(world.stored_event_names().await, ["Scored in game-g"]);
}

#[tokio::test]
async fn submit_fails_without_a_command_handler() {
    let world = World::of(ping_domain(Source::Broker).event_handler(Player));

    let err = world.app.submit(score("g")).await.unwrap_err();

    assert!(err.is_no_handler());
}

/// Submits and schedules commands for each ping, and fails with the ping `bad`.
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
        let cancelled = work.process_at(at(40), score("never"))?;
        work.cancel(cancelled);

        if event.id == "bad" {
            return Err(timeout_error());
        }
        Ok(())
    }
}

fn coach_domain() -> DomainBuilder {
    ping_domain(Source::Broker)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(Coach)
}

#[tokio::test]
async fn handler_submits_commands_with_its_commit() {
    let mut world = World::of(coach_domain());
    world.publish_pings(["1"]).await;

    let report = world.engine.run_until(at(60)).await.unwrap();

    assert_eq!(
        world.stored_event_names().await,
        [
            "Ping in table-1",
            "Scored in game-now",
            "Scored in game-later"
        ]
    );
    assert!(report.remaining.scheduled.is_empty());
    let scored = world.events().await.remove(1);
    let command = world.events().await.remove(0);
    assert_eq!(
        scored.metadata().correlation,
        command.metadata().correlation
    );
}

#[tokio::test]
async fn handler_that_fails_submits_nothing() {
    let mut world = World::of(coach_domain());
    world.publish_pings(["bad"]).await;

    let report = world.engine.run_until(at(60)).await.unwrap();

    assert_eq!(world.stored_event_names().await, ["Ping in table-bad"]);
    assert_eq!(report.deliveries, 1);
}

/// Gives a point to the game if a ping is not answered in time.
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

async fn rally_answered_at(answers_at: u64) -> World {
    let domain = ping_domain(Source::Broker)
        .aggregate::<Game>()
        .command_handler(Referee)
        .process_manager::<Rally>();
    let mut world = World::of(domain);
    world.publish_pings(["1"]).await;

    let report = world.engine.run_until(at(answers_at)).await.unwrap();
    assert!(report.remaining.is_quiet());

    world.app.publish(pong("1")).await.unwrap();
    let report = world.engine.run_until(at(60)).await.unwrap();
    assert!(report.remaining.scheduled.is_empty());
    world
}

#[tokio::test]
async fn timeout_of_a_process_manager_is_sent_when_due() {
    let world = rally_answered_at(31).await;

    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Scored in game-1", "Pong in table-1"]
    );
}

#[tokio::test]
async fn timeout_of_a_process_manager_can_be_cancelled() {
    let world = rally_answered_at(29).await;

    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Pong in table-1"]
    );
}

fn inline_world() -> World {
    World::with_app(coach_domain(), |app| app.event_processing(Processing::Sync))
}

#[tokio::test]
async fn process_due_runs_due_commands_without_an_engine() {
    let world = inline_world();
    world.app.publish(ping("1")).await.unwrap();
    assert_eq!(world.stored_event_names().await, ["Ping in table-1"]);

    let processed = world.app.process_due().await.unwrap();

    assert!(processed.failures.is_empty());
    assert_eq!(
        world.stored_event_names().await,
        ["Ping in table-1", "Scored in game-now"]
    );
}

#[tokio::test]
async fn pass_time_stops_at_each_schedule_without_an_engine() {
    let mut world = inline_world();
    world.app.process_at(at(20), score("second")).await.unwrap();
    world.app.process_at(at(10), score("first")).await.unwrap();

    let processed = world.app.pass_time(at(60)).await.unwrap();

    assert!(processed.failures.is_empty());
    assert_eq!(world.attempts(), ["Referee #1 at 10s", "Referee #1 at 20s"]);
    assert_eq!(world.app.now(), at(60));
    let advances = world.entry_lines(|kind| matches!(kind, EntryKind::ClockAdvanced { .. }));
    assert_eq!(advances.len(), 3);
}

#[tokio::test]
async fn process_due_fails_if_events_need_an_engine() {
    let world = World::of(coach_domain());
    world.publish_pings(["1"]).await;

    let err = world.app.process_due().await.unwrap_err();

    assert!(err.is_setup());
    assert!(err.to_string().contains("needs an engine"), "{err}");
}
