//! The settings of each profile, and which setting overrides which.

use std::time::Duration;

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, EventHandler, EventRoutes,
    PendingEvents, RetryPolicy, UnitOfWork,
    handler::{CircuitBreaker, Profile, Source, SubscriptionOptions, WhenExhausted},
    wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    engine::fixture::World,
    fixture::{Ping, timeout_error},
};

#[track_caller]
fn check(
    profile: Profile,
    (source, batch_size): (Source, usize),
    retry: RetryPolicy,
    time_limit: Duration,
    when_exhausted: WhenExhausted,
) {
    let settings = profile.settings();

    assert_eq!(settings.source, source);
    assert_eq!(settings.batch_size, batch_size);
    assert_eq!(format!("{:?}", settings.retry), format!("{retry:?}"));
    assert_eq!(settings.time_limit, time_limit);
    assert_eq!(settings.when_exhausted, when_exhausted);
    assert_eq!(settings.circuit_breaker, Some(CircuitBreaker::DEFAULT));
    assert!(settings.ordered);
    assert_eq!((settings.origin, settings.once), (None, false));
}

#[test]
fn profile_production_retries_with_delays() {
    check(
        Profile::Production,
        (Source::Broker, 100),
        RetryPolicy::attempts(4).first_delay(Duration::from_secs(1)),
        Duration::from_secs(30),
        WhenExhausted::DeadLetter,
    );
}

#[test]
fn profile_fast_retries_without_delay() {
    check(
        Profile::Fast,
        (Source::Broker, 10),
        RetryPolicy::attempts(3).first_delay(Duration::ZERO),
        Duration::from_secs(5),
        WhenExhausted::DeadLetter,
    );
}

#[test]
fn profile_batch_has_large_batches_and_more_attempts() {
    check(
        Profile::Batch,
        (Source::Broker, 500),
        RetryPolicy::attempts(6).first_delay(Duration::from_secs(2)),
        Duration::from_secs(300),
        WhenExhausted::DeadLetter,
    );
}

#[test]
fn profile_debug_tries_each_message_once() {
    check(
        Profile::Debug,
        (Source::Broker, 1),
        RetryPolicy::never(),
        Duration::from_secs(3_600),
        WhenExhausted::Skip,
    );
}

#[test]
fn profile_projection_reads_the_event_store() {
    check(
        Profile::Projection,
        (Source::EventStore, 100),
        RetryPolicy::attempts(4),
        Duration::from_secs(30),
        WhenExhausted::DeadLetter,
    );
}

macro_rules! broken {
    ($($name:ident($configure:expr);)*) => {$(
        struct $name;

        impl EventHandler for $name {
            fn routes(on: &mut EventRoutes<Self>) {
                on.event(Self::on_ping);
                let configure: fn(&mut SubscriptionOptions) = $configure;
                configure(on.subscription());
            }
        }

        impl $name {
            async fn on_ping(&self, _: Ping, _: &mut UnitOfWork) -> Result<(), Error> {
                Err(timeout_error())
            }
        }
    )*};
}

broken! {
    Silent(|_| {});
    Fast(|on| { on.profile(Profile::Fast); });
    FastTwice(|on| { on.retry(RetryPolicy::attempts(2)).profile(Profile::Fast); });
}

fn domain() -> DomainBuilder {
    Domain::builder("game").event_from_outside::<Ping>()
}

/// A domain that sets a profile and an option besides it.
fn domain_with_profile_and_retry() -> DomainBuilder {
    domain().subscriptions(|all| {
        all.retry(RetryPolicy::attempts(5)).profile(Profile::Batch);
    })
}

async fn n_attempts(domain: DomainBuilder) -> usize {
    let mut world = World::of(domain);
    world.publish_pings(["1"]).await;
    world.run().await.deliveries
}

#[tokio::test]
async fn profile_defaults_to_production() {
    assert_eq!(n_attempts(domain().event_handler(Silent)).await, 4);
}

#[tokio::test]
async fn profile_of_the_domain_overrides_production() {
    let batch = domain().subscriptions(|all| {
        all.profile(Profile::Batch);
    });

    assert_eq!(n_attempts(batch.event_handler(Silent)).await, 6);
}

#[tokio::test]
async fn option_of_the_domain_overrides_its_profile() {
    assert_eq!(
        n_attempts(domain_with_profile_and_retry().event_handler(Silent)).await,
        5
    );
}

#[tokio::test]
async fn profile_of_the_handler_overrides_options_of_the_domain() {
    assert_eq!(
        n_attempts(domain_with_profile_and_retry().event_handler(Fast)).await,
        3
    );
}

#[tokio::test]
async fn option_of_the_handler_overrides_everything() {
    assert_eq!(
        n_attempts(domain_with_profile_and_retry().event_handler(FastTwice)).await,
        2
    );
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Charge, Refund))]
struct Card {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Card, id = id)]
struct Charge {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Card, id = id)]
struct Refund {
    id: String,
}

/// Has its own subscription options.
struct Cashier;

impl CommandHandler for Cashier {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::charge);
        on.subscription().retry(RetryPolicy::never());
    }
}

impl Cashier {
    async fn charge(&self, _: Charge, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(timeout_error())
    }
}

/// Has no subscription options.
struct Clerk;

impl CommandHandler for Clerk {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::refund);
    }
}

impl Clerk {
    async fn refund(&self, _: Refund, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(timeout_error())
    }
}

fn shop() -> World {
    World::of(
        Domain::builder("shop")
            .aggregate::<Card>()
            .command_handler(Cashier)
            .command_handler(Clerk),
    )
}

#[tokio::test]
async fn command_handler_sets_its_own_retries() {
    let mut world = shop();
    world.app.submit(Charge { id: "c".into() }).await.unwrap();

    assert_eq!(world.run().await.deliveries, 1);
}

#[tokio::test]
async fn command_handler_does_not_inherit_from_another_handler() {
    let mut world = shop();
    world.app.submit(Refund { id: "c".into() }).await.unwrap();

    assert_eq!(world.run().await.deliveries, 4);
}
