//! What is allowed but may be a mistake.

use flow_domain::{Domain, EventHandler, EventRoutes, Projector, ProjectorRoutes};

use crate::fixture::{
    Order, OrderCommandHandler, OrderDashboard, OrderPlaced, project, react, warnings,
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
fn a_well_wired_domain_has_no_warnings() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .projection::<OrderDashboard>()
        .command_handler(OrderCommandHandler)
        .projector(OrderDashboardProjector);

    insta::assert_snapshot!(warnings(domain), @"");
}

#[test]
fn an_event_that_nobody_handles_is_told() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .command_handler(OrderCommandHandler);

    insta::assert_snapshot!(warnings(domain), @"nobody handles the event `OrderPlaced` of `Order`");
}

#[test]
fn a_command_that_nobody_handles_is_told() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .event_handler(Mailer);

    insta::assert_snapshot!(warnings(domain), @"nobody handles the command `PlaceOrder` of `Order`: processing it will fail");
}

#[test]
fn a_projection_that_no_projector_keeps_is_told() {
    let domain = Domain::builder("shop").projection::<OrderDashboard>();

    insta::assert_snapshot!(warnings(domain), @"no projector keeps the projection `OrderDashboard`: it will always be empty");
}
