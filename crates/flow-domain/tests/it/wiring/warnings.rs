//! Warnings about wiring that is allowed but probably wrong.

use flow_domain::{Domain, EventHandler, EventRoutes, Projector, ProjectorRoutes};

use crate::wiring::fixture::{
    Order, OrderCommandHandler, OrderDashboard, OrderPlaced, project, react, wiring_warnings_text,
};

struct Mailer;

impl EventHandler for Mailer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
    }
}

struct OrderDashboardProjector;

impl Projector for OrderDashboardProjector {
    type Projection = OrderDashboard;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(project::<Self, OrderDashboard, OrderPlaced>);
    }
}

#[test]
fn domain_without_mistakes_has_no_warnings() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .projection::<OrderDashboard>()
        .command_handler(OrderCommandHandler)
        .projector(OrderDashboardProjector);

    insta::assert_snapshot!(wiring_warnings_text(domain), @"");
}

#[test]
fn event_without_a_handler_is_a_warning() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .command_handler(OrderCommandHandler);

    insta::assert_snapshot!(wiring_warnings_text(domain), @r#"no handler is subscribed to the event `OrderPlaced` of `Order`. If this is known, say why: `.acknowledge(WarningSelector::unhandled_event::<..>(), "..")`"#);
}

#[test]
fn command_without_a_handler_is_a_warning() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(Mailer);

    insta::assert_snapshot!(wiring_warnings_text(domain), @r#"no handler for the command `PlaceOrder` of `Order`: processing the command will fail. If this is known, say why: `.acknowledge(WarningSelector::unhandled_command::<..>(), "..")`"#);
}

#[test]
fn projection_without_a_projector_is_a_warning() {
    let domain = Domain::builder("shop").projection::<OrderDashboard>();

    insta::assert_snapshot!(wiring_warnings_text(domain), @r#"no projector writes the projection `OrderDashboard`: the projection will always be empty. If this is known, say why: `.acknowledge(WarningSelector::projection_without_projector::<..>(), "..")`"#);
}
