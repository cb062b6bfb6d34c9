//! What is said of subscriptions and cannot work.

use std::time::Duration;

use flow_domain::{
    CommandHandler, CommandRoutes, Domain, EventHandler, EventRoutes, RetryPolicy,
    handler::{CircuitBreaker, Profile, Source},
    wiring::DomainBuilder,
};

use crate::fixture::{
    Inventory, Order, OrderPlaced, PlaceOrder, ReserveStock, decide, react, refusal,
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
fn all_that_a_handler_says_and_that_cannot_work_is_told() {
    let domain = orders().event_handler(ImpossibleMailer);

    insta::assert_snapshot!(refusal(domain), @r#"
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
fn what_the_domain_says_of_all_is_told_once_and_not_of_every_handler() {
    let domain = orders()
        .subscriptions(|all| {
            all.batch_size(0).origin("invoice");
        })
        .event_handler(Mailer)
        .event_handler(PatientMailer);

    insta::assert_snapshot!(refusal(domain), @r#"
    the domain `shop` has 2 wiring mistakes

      1. `.subscriptions(..)` says `.batch_size(0)`, so that no message is ever read
         write `.batch_size(1)` or more, or remove it

      2. `.subscriptions(..)` says `.origin("invoice")`, a category that no aggregate and no event from outside has
         register the aggregate that has it, or remove the origin
    "#);
}

#[test]
fn one_reader_keeps_the_checkpoint_of_the_event_store() {
    let domain = orders().event_handler(ParallelStoreReader);

    insta::assert_snapshot!(refusal(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `ParallelStoreReader` reads from the event store with `.concurrency(4)`, but there one reader keeps the checkpoint
         write `.concurrency(1)`, or `.source(Source::Broker)`
    ");
}

#[test]
fn the_concurrency_of_the_domain_is_not_for_a_handler_that_reads_from_the_event_store() {
    let domain = orders()
        .subscriptions(|all| {
            all.concurrency(4);
        })
        .event_handler(SilentStoreReader);

    insta::assert_snapshot!(refusal(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `SilentStoreReader` reads from the event store with `.concurrency(4)`, but there one reader keeps the checkpoint
         write `.concurrency(1)`, or `.source(Source::Broker)`
    ");
}

#[test]
fn a_domain_that_reads_all_from_the_event_store_in_parallel_is_told_once() {
    let domain = orders()
        .subscriptions(|all| {
            all.profile(Profile::Projection).concurrency(4);
        })
        .event_handler(Mailer)
        .event_handler(PatientMailer);

    insta::assert_snapshot!(refusal(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. `.subscriptions(..)` reads from the event store with `.concurrency(4)`, but there one reader keeps the checkpoint
         write `.concurrency(1)`, or `.source(Source::Broker)`
    ");
}

#[test]
fn a_handler_that_names_a_profile_takes_nothing_from_the_domain() {
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
fn commands_are_not_in_the_event_store_and_have_no_origin_to_choose() {
    let domain = orders()
        .aggregate::<Inventory>()
        .command_handler(StoreReadingCommandHandler);

    insta::assert_snapshot!(refusal(domain), @r#"
    the domain `shop` has 2 wiring mistakes

      1. `StoreReadingCommandHandler` says `.origin("order")`, but handles commands, which are never let go
         remove it, or refuse the command in the method

      2. `StoreReadingCommandHandler` reads from the event store, where there are no commands
         remove `.source(Source::EventStore)`, or name another profile than `Projection`
    "#);
}

#[test]
fn commands_come_through_the_broker_even_if_all_subscriptions_read_the_event_store() {
    let domain = orders()
        .subscriptions(|all| {
            all.source(Source::EventStore);
        })
        .command_handler(PatientCommandHandler)
        .event_handler(Mailer)
        .build();

    assert!(domain.is_ok());
}
