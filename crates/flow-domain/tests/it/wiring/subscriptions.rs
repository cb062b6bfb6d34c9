//! Subscription settings that cannot work.

use std::time::Duration;

use flow_domain::{
    CommandHandler, CommandRoutes, Domain, EventHandler, EventRoutes, RetryPolicy,
    handler::{CircuitBreaker, Profile, Source},
    wiring::DomainBuilder,
};

use crate::wiring::fixture::{
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
            .conflict_tries(0)
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
    the domain `shop` has 10 wiring mistakes

      1. `ImpossibleMailer` sets `.batch_size(0)`, so no message is ever read
         write `.batch_size(1)` or more, or remove `.batch_size(0)`

      2. `ImpossibleMailer` sets `.concurrency(0)`, so no message is ever handled
         write `.concurrency(1)` or more, or remove `.concurrency(0)`

      3. `ImpossibleMailer` sets `RetryPolicy::attempts(0)`, so no message is ever handled
         write the number of all attempts, or `RetryPolicy::never()` for one attempt

      4. `ImpossibleMailer` sets `.jitter_percent(101)`, but a delay cannot be shortened by more than 100 percent
         write `.jitter_percent(100)` or less

      5. `ImpossibleMailer` sets a first delay of 600s, which is longer than the longest delay of 300s
         write a `.longest_delay(..)` of 600s or more, or a shorter `.first_delay(..)`

      6. `ImpossibleMailer` sets `.conflict_tries(0)`, so no message is ever handled
         write the number of all tries, or `.conflict_tries(1)` to repeat nothing

      7. `ImpossibleMailer` sets a `.time_limit(..)` of zero, so every attempt fails
         write how long one attempt may take: `.time_limit(Duration::from_secs(30))`

      8. `ImpossibleMailer` sets `CircuitBreaker { threshold: 0, .. }`, but a circuit breaker opens only after a failure
         write `threshold: 1` or more, or `.circuit_breaker(None)` for none

      9. `ImpossibleMailer` sets `CircuitBreaker { pause: Duration::ZERO, .. }`, so the circuit breaker never pauses
         write how long it pauses: `pause: Duration::from_secs(60)`, or `.circuit_breaker(None)` for none

     10. `ImpossibleMailer` sets `.origin("oder")`, but no aggregate and no event from outside has this category
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

      1. `.subscriptions(..)` sets `.batch_size(0)`, so no message is ever read
         write `.batch_size(1)` or more, or remove `.batch_size(0)`

      2. `.subscriptions(..)` sets `.origin("invoice")`, but no aggregate and no event from outside has this category
         register the aggregate that has it, or remove `.origin(..)`
    "#);
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

      1. `StoreReadingCommandHandler` sets `.origin("order")`, but commands are never skipped because of their origin
         remove `.origin(..)`, or reject the command in the method

      2. `StoreReadingCommandHandler` reads from the event store, but the event store has no commands
         remove `.source(Source::EventStore)`, or use a profile other than `Projection`
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
