//! Lanes without a reader.

use flow_domain::{
    Domain, EventHandler, EventRoutes,
    handler::{Profile, Source},
    message::Priority,
    wiring::DomainBuilder,
};

use crate::wiring::fixture::{
    Order, OrderCommandHandler, OrderPlaced, react, wiring_errors_text, wiring_warnings_text,
};

struct Mailer;

impl EventHandler for Mailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
        on.subscription().source(Source::EventStore);
    }
}

struct Courier;

impl EventHandler for Courier {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
        on.subscription().profile(Profile::Projection);
    }
}

struct Cashier;

impl EventHandler for Cashier {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
    }
}

fn with_lanes() -> DomainBuilder {
    Domain::builder("shop")
        .aggregate::<Order>()
        .lanes_below(Priority::NORMAL)
}

#[test]
fn lanes_need_a_broker_subscription() {
    let domain = with_lanes().event_handler(Mailer).event_handler(Courier);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `.lanes_below(..)` has no effect, because every handler reads from the event store, in the order of commit: `Mailer`, `Courier`
         write `.source(Source::Broker)` in the handlers that must read urgent messages first, or remove `.lanes_below(..)`
    ");
}

#[test]
fn lanes_need_a_broker_even_if_the_domain_chose_the_event_store() {
    let domain = with_lanes()
        .subscriptions(|all| {
            all.source(Source::EventStore);
        })
        .event_handler(Cashier);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `.lanes_below(..)` has no effect, because every handler reads from the event store, in the order of commit: `Cashier`
         write `.source(Source::Broker)` in the handlers that must read urgent messages first, or remove `.lanes_below(..)`
    ");
}

#[test]
fn lanes_of_commands_only_are_a_warning() {
    let domain = with_lanes()
        .command_handler(OrderCommandHandler)
        .event_handler(Mailer);

    insta::assert_snapshot!(wiring_warnings_text(domain), @r#"the lanes apply only to commands, because every other handler reads from the event store, in the order of commit: `Mailer`. If this is known, say why: `.acknowledge(WarningSelector::lanes_for_commands_only(), "..")`"#);
}

#[test]
fn lanes_with_one_subscription_are_accepted() {
    let domain = with_lanes()
        .command_handler(OrderCommandHandler)
        .event_handler(Mailer)
        .event_handler(Cashier);

    insta::assert_snapshot!(wiring_warnings_text(domain), @"");
}

#[test]
fn lanes_without_events_are_accepted() {
    let domain = with_lanes().command_handler(OrderCommandHandler).build();

    assert!(domain.is_ok());
}
