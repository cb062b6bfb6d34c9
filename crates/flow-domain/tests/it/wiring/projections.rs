//! Projectors without a projection, or without a route.

use flow_domain::{Domain, Projector, ProjectorRoutes};

use crate::wiring::fixture::{Order, OrderDashboard, OrderPlaced, project, wiring_errors_text};

struct OrderDashboardProjector;

impl Projector for OrderDashboardProjector {
    type Projection = OrderDashboard;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(project::<Self, OrderDashboard, OrderPlaced>);
    }
}

struct IdleProjector;

impl Projector for IdleProjector {
    type Projection = OrderDashboard;

    fn routes(_on: &mut ProjectorRoutes<Self>) {}
}

#[test]
fn projector_without_its_projection_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .projector(OrderDashboardProjector);

    insta::assert_snapshot!(wiring_errors_text(domain), @"
    the domain `shop` has 1 wiring mistake

      1. `OrderDashboardProjector` writes the projection `OrderDashboard`, which is not registered
         add `.projection::<OrderDashboard>()` to the domain
    ");
}

#[test]
fn projector_without_routes_is_a_mistake() {
    let domain = Domain::builder("shop")
        .projection::<OrderDashboard>()
        .projector(IdleProjector);

    insta::assert_snapshot!(wiring_errors_text(domain), @r"
    the domain `shop` has 1 wiring mistake

      1. the projector `IdleProjector` has no routes, so it is never called
         name its methods in `routes`: `on.event(Self::the_method)`
    ");
}
