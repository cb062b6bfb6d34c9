//! The backfill lane, which is read only while the primary lane is empty.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use flow_domain::{
    Error, EventHandler, EventRoutes, Headers, RetryPolicy, UnitOfWork, handler::Source,
    message::Priority, record::EntryKind, wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::{
    engine::fixture::{Game, Listener, Referee, Scored, World, ping_domain, score},
    fixture::{CallLog, Ping, ping, timeout_error},
};

/// Raises a ping for each point.
struct Fan;

impl EventHandler for Fan {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_scored);
    }
}

impl Fan {
    async fn on_scored(&self, event: Scored, work: &mut UnitOfWork) -> Result<(), Error> {
        work.raise(Ping { id: event.id })
    }
}

/// Submits one further command for the ping of game `g`.
struct Coach;

impl EventHandler for Coach {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_ping);
    }
}

impl Coach {
    async fn on_ping(&self, event: Ping, work: &mut UnitOfWork) -> Result<(), Error> {
        if event.id == "g" {
            work.submit(score("second"))?;
        }
        Ok(())
    }
}

fn fan_domain(calls: &CallLog) -> DomainBuilder {
    ping_domain(Source::Broker)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(Fan)
        .event_handler(Listener(calls.clone()))
}

fn with_priority(priority: Priority) -> Headers {
    Headers::default().priority(priority)
}

fn published(world: &mut World) -> Vec<String> {
    world.entry_lines(|kind| matches!(kind, EntryKind::Published { .. }))
}

async fn check(domain: DomainBuilder, priority: Priority, expected: [&str; 2]) {
    let mut world = World::of(domain);
    let command = score("g");
    let headers = with_priority(priority);
    world.app.process_with(command, &headers).await.unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(published(&mut world), expected);
}

#[tokio::test]
async fn lane_below_the_threshold_is_backfill_for_effects_too() {
    let domain = fan_domain(&CallLog::default()).lanes_below(Priority::NORMAL);

    let backfill = ["published to game:backfill", "published to table:backfill"];
    check(domain, Priority::BULK, backfill).await;
}

#[tokio::test]
async fn lane_at_the_threshold_is_primary() {
    let domain = fan_domain(&CallLog::default()).lanes_below(Priority::LOW);

    let primary = ["published to game", "published to table"];
    check(domain, Priority::LOW, primary).await;
}

#[tokio::test]
async fn lane_just_below_the_threshold_is_backfill() {
    let domain = fan_domain(&CallLog::default()).lanes_below(Priority::LOW);

    let backfill = ["published to game:backfill", "published to table:backfill"];
    check(domain, Priority::new(-51), backfill).await;
}

#[tokio::test]
async fn lanes_are_off_by_default() {
    let primary = ["published to game", "published to table"];

    check(fan_domain(&CallLog::default()), Priority::BULK, primary).await;
}

#[tokio::test]
async fn backfill_lane_is_read_when_the_primary_is_empty() {
    let calls = CallLog::default();
    let mut world = World::of(fan_domain(&calls).lanes_below(Priority::NORMAL));
    let bulk = with_priority(Priority::BULK);
    world.app.process_with(score("bulk"), &bulk).await.unwrap();
    world.app.process(score("1")).await.unwrap();
    world.app.process(score("2")).await.unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["Listener 1", "Listener 2", "Listener bulk"]);
}

#[tokio::test]
async fn primary_lane_goes_first_after_each_backfill_batch() {
    let calls = CallLog::default();
    let domain = fan_domain(&calls).lanes_below(Priority::NORMAL);
    let domain = domain.subscriptions(|all| {
        all.batch_size(1);
    });
    let mut world = World::of(domain);
    let bulk = with_priority(Priority::BULK);
    world.app.process_with(score("b1"), &bulk).await.unwrap();
    world.app.process_with(score("b2"), &bulk).await.unwrap();
    let _ = world.engine.run_cycles(2).await.unwrap();
    assert_eq!(calls.take(), ["Listener b1"]);
    world.app.publish(ping("urgent")).await.unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(calls.take(), ["Listener urgent", "Listener b2"]);
}

#[tokio::test]
async fn priority_is_inherited_by_commands_and_their_effects() {
    let domain = fan_domain(&CallLog::default())
        .lanes_below(Priority::NORMAL)
        .event_handler(Coach);
    let mut world = World::of(domain);
    let bulk = with_priority(Priority::BULK);
    world.app.submit_with(score("g"), &bulk).await.unwrap();

    assert!(world.run().await.remaining.is_quiet());

    assert_eq!(
        published(&mut world),
        [
            "published to game:command:backfill",
            "published to game:backfill",
            "published to table:backfill",
            "published to game:command:backfill",
            "published to game:backfill",
            "published to table:backfill"
        ]
    );
}

#[tokio::test]
async fn priority_does_not_leak_into_the_next_command() {
    let domain = fan_domain(&CallLog::default()).lanes_below(Priority::NORMAL);
    let mut world = World::of(domain);
    let bulk = with_priority(Priority::BULK);
    world.app.process_with(score("g"), &bulk).await.unwrap();
    world.app.process(score("h")).await.unwrap();
    let _ = world.engine.run_cycles(1).await.unwrap();

    assert_eq!(
        published(&mut world),
        ["published to game:backfill", "published to game"]
    );
}

/// Fails the first time.
struct Late(CallLog, Arc<AtomicBool>);

impl EventHandler for Late {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_scored);
        on.subscription().retry(RetryPolicy::never());
    }
}

impl Late {
    async fn on_scored(&self, event: Scored, work: &mut UnitOfWork) -> Result<(), Error> {
        if !self.1.swap(true, Ordering::Relaxed) {
            return Err(timeout_error());
        }
        let priority = work.metadata().priority;
        self.0.note(format!("Late {} with {priority}", event.id));
        Ok(())
    }
}

#[tokio::test]
async fn backfill_dead_letter_is_replayed() {
    let calls = CallLog::default();
    let late = Late(calls.clone(), Arc::default());
    let domain = ping_domain(Source::Broker)
        .aggregate::<Game>()
        .command_handler(Referee)
        .event_handler(late)
        .lanes_below(Priority::NORMAL);
    let mut world = World::of(domain);
    let bulk = with_priority(Priority::BULK);
    world.app.process_with(score("bulk"), &bulk).await.unwrap();
    assert_eq!(world.run().await.remaining.dead_letters, 1);

    world.app.dead_letters().replay_all().await.unwrap();
    let report = world.run().await;

    assert_eq!(calls.take(), ["Late bulk with -100"]);
    assert_eq!(report.remaining.dead_letters, 0);
}
