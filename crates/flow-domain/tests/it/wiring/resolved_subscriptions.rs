//! The resolved subscriptions of handlers, as data.

use flow_domain::{
    CommandHandler, CommandRoutes, Domain, EventHandler, EventRoutes, Projector, ProjectorRoutes,
    RetryPolicy,
    handler::{Profile, Source, WhenExhausted},
    record::HandlerKind,
    wiring::HandlerWiring,
};
use pretty_assertions::assert_eq;

use crate::wiring::fixture::{
    Inventory, Order, OrderDashboard, OrderPlaced, PlaceOrder, ReserveStock, decide, project, react,
};

struct OrderCommandHandler;

impl CommandHandler for OrderCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, PlaceOrder>);
        on.command(decide::<Self, ReserveStock>);
        on.subscription().batch_size(7).retry(RetryPolicy::never());
    }
}

struct Mailer;

impl EventHandler for Mailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
        on.subscription().unordered().origin("inventory");
    }
}

struct OrderDashboardProjector;

impl Projector for OrderDashboardProjector {
    type Projection = OrderDashboard;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(project::<Self, OrderDashboard, OrderPlaced>);
        on.subscription().profile(Profile::Projection);
    }
}

fn handlers() -> Vec<HandlerWiring> {
    Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Inventory>()
        .projection::<OrderDashboard>()
        .subscriptions(|all| {
            all.profile(Profile::Debug)
                .source(Source::EventStore)
                .origin("order")
                .once();
        })
        .command_handler(OrderCommandHandler)
        .event_handler(Mailer)
        .projector(OrderDashboardProjector)
        .build()
        .unwrap()
        .wiring()
        .handlers
}

#[test]
fn unset_settings_come_from_domain_and_profile() {
    let mailer = &handlers()[0];

    assert_eq!(
        (mailer.handler, mailer.kind),
        ("Mailer", HandlerKind::EventHandler)
    );
    assert_eq!(mailer.subscription, "Mailer");
    assert_eq!(mailer.source, Source::EventStore);
    assert_eq!((mailer.batch_size, mailer.concurrency), (1, 1));
    assert_eq!(
        (mailer.attempts, mailer.when_exhausted),
        (1, WhenExhausted::Skip)
    );
    assert_eq!((mailer.origin, mailer.once), (Some("inventory"), true));
    assert!(!mailer.ordered);
}

#[test]
fn profile_of_a_handler_replaces_the_domain_settings() {
    let projector = &handlers()[1];

    assert_eq!(projector.handler, "OrderDashboardProjector");
    assert_eq!(projector.source, Source::EventStore);
    assert_eq!((projector.batch_size, projector.attempts), (100, 4));
    assert_eq!((projector.origin, projector.once), (None, false));
    assert!(projector.ordered);
}

#[test]
fn command_handler_has_a_subscription_for_each_category() {
    let handlers = handlers();

    let [orders, stock] = &handlers[2..] else {
        panic!("{handlers:?}")
    };

    assert_eq!(
        (&*orders.subscription, orders.source),
        ("order:command", Source::Broker)
    );
    assert_eq!(
        (&*stock.subscription, stock.source),
        ("inventory:command", Source::Broker)
    );
    assert_eq!((orders.batch_size, orders.attempts), (7, 1));
    assert_eq!((orders.origin, orders.once), (None, true));
}
