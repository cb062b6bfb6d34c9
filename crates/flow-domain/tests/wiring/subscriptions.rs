//! What is said of subscriptions and cannot work.

use std::time::Duration;

use flow_domain::{
    CommandHandler, CommandRoutes, Domain, EventHandler, EventRoutes, RetryPolicy,
    handler::{CircuitBreaker, Profile, Source},
    wiring::DomainBuilder,
};

use crate::fixture::{
    Inventory, Order, OrderPlaced, PlaceOrder, ReserveStock, decide, react, wiring_errors_text,
};

struct Mailer;

impl EventHandler for Mailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
    }
}

struct ImpossibleMailer;

impl EventHandler for ImpossibleMailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
        on.subscription()
            .batch_size(0)
            .concurrency(0)
            .retry(
                RetryPolicy::attempts(0)
                    .jitter_percent(101)
                    .first_delay(Duration::from_secs(600)),
            )
            .time_limit(Duration::ZERO)
            .circuit_breaker(Some(CircuitBreaker {
                threshold: 0,
                pause: Duration::ZERO,
            }))
            .origin("oder");
    }
}

struct SilentStoreReader;

impl EventHandler for SilentStoreReader {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
        on.subscription()
            .source(Source::EventStore)
            .unordered()
            .once();
    }
}

struct ProfiledStoreReader;

impl EventHandler for ProfiledStoreReader {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
        on.subscription().profile(Profile::Projection);
    }
}

struct ParallelStoreReader;

impl EventHandler for ParallelStoreReader {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
        on.subscription()
            .profile(Profile::Projection)
            .concurrency(4);
    }
}

struct PatientMailer;

impl EventHandler for PatientMailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
        on.subscription().retry(RetryPolicy::attempts(9)).once();
    }
}

struct PatientCommandHandler;

impl CommandHandler for PatientCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, PlaceOrder>);
        on.subscription().retry(RetryPolicy::attempts(9));
    }
}

struct StoreReadingCommandHandler;

impl CommandHandler for StoreReadingCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, PlaceOrder>);
        on.command(decide::<Self, ReserveStock>);
        on.subscription().source(Source::EventStore).origin("order");
    }
}

fn orders() -> DomainBuilder {
    Domain::builder("shop").aggregate::<Order>()
}

#[test]
fn invalid_settings_of_a_handler_are_all_reported() {
    let domain = orders().event_handler(ImpossibleMailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 9 wiring mistakes

      1. `ImpossibleMailer` says `.batch_size(0)`, so that no message is ever read
         write `.batch_size(1)` or more, or remove it

      2. `ImpossibleMailer` says `.concurrency(0)`, so that no message is ever handled
         write `.concurrency(1)` or more, or remove it

      3. `ImpossibleMailer` says `RetryPolicy::attempts(0)`, so that no message is ever tried
         write the number of all attempts, or `RetryPolicy::never()` for one

      4. `ImpossibleMailer` says `.jitter_percent(101)`, but no delay can be shortened by more than all of it
         write `.jitter_percent(100)` or less

      5. `ImpossibleMailer` waits 600s after the first failure, but 300s at most
         write a `.longest_delay(..)` of 600s or more, or a shorter `.first_delay(..)`

      6. `ImpossibleMailer` says `.time_limit(..)` with no time at all, so that every attempt fails
         write how long one attempt may take: `.time_limit(Duration::from_secs(30))`

      7. `ImpossibleMailer` says `CircuitBreaker { threshold: 0, .. }`, but only a failure can make it pause
         write `threshold: 1` or more, or `.circuit_breaker(None)` for none

      8. `ImpossibleMailer` says `CircuitBreaker { pause: Duration::ZERO, .. }`, which pauses for no time
         write how long: `pause: Duration::from_secs(60)`, or `.circuit_breaker(None)` for none

      9. `ImpossibleMailer` says `.origin("oder")`, a category that no aggregate and no event from outside has
         did you mean `order`?
    "#);
}

#[test]
fn invalid_domain_settings_are_reported_once() {
    let domain = orders()
        .subscriptions(|all| {
            all.batch_size(0).origin("invoice");
        })
        .event_handler(Mailer)
        .event_handler(PatientMailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 2 wiring mistakes

      1. `.subscriptions(..)` says `.batch_size(0)`, so that no message is ever read
         write `.batch_size(1)` or more, or remove it

      2. `.subscriptions(..)` says `.origin("invoice")`, a category that no aggregate and no event from outside has
         register the aggregate that has it, or remove the origin
    "#);
}

#[test]
fn event_store_subscription_has_one_reader() {
    let domain = orders().event_handler(ParallelStoreReader);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `ParallelStoreReader` reads from the event store with `.concurrency(4)`, but there one reader keeps the checkpoint
         write `.concurrency(1)`, or `.source(Source::Broker)`
    ");
}

#[test]
fn domain_concurrency_excludes_event_store_readers() {
    let domain = orders()
        .subscriptions(|all| {
            all.concurrency(4);
        })
        .event_handler(SilentStoreReader);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `SilentStoreReader` reads from the event store with `.concurrency(4)`, but there one reader keeps the checkpoint
         write `.concurrency(1)`, or `.source(Source::Broker)`
    ");
}

#[test]
fn parallel_event_store_domain_is_reported_once() {
    let domain = orders()
        .subscriptions(|all| {
            all.profile(Profile::Projection).concurrency(4);
        })
        .event_handler(Mailer)
        .event_handler(PatientMailer);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `.subscriptions(..)` reads from the event store with `.concurrency(4)`, but there one reader keeps the checkpoint
         write `.concurrency(1)`, or `.source(Source::Broker)`
    ");
}

#[test]
fn profile_handler_inherits_nothing_from_the_domain() {
    let domain = orders()
        .subscriptions(|all| {
            all.concurrency(4);
        })
        .event_handler(ProfiledStoreReader)
        .build();

    assert!(domain.is_ok());
}

#[test]
fn the_event_store_can_be_read_without_order() {
    let domain = orders().event_handler(SilentStoreReader).build();

    assert!(domain.is_ok());
}

#[test]
fn command_subscription_rejects_event_store_and_origin() {
    let domain = orders()
        .aggregate::<Inventory>()
        .command_handler(StoreReadingCommandHandler);

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 2 wiring mistakes

      1. `StoreReadingCommandHandler` says `.origin("order")`, but handles commands, which are never let go
         remove it, or refuse the command in the method

      2. `StoreReadingCommandHandler` reads from the event store, where there are no commands
         remove `.source(Source::EventStore)`, or name another profile than `Projection`
    "#);
}

#[test]
fn command_subscription_reads_from_the_broker() {
    let domain = orders()
        .subscriptions(|all| {
            all.source(Source::EventStore);
        })
        .command_handler(PatientCommandHandler)
        .event_handler(Mailer)
        .build();

    assert!(domain.is_ok());
}
