//! Queries on projections.

use flow_domain::{
    Domain, Error, Event, Projection, Projector, ProjectorRoutes, Rows, View, field,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::runtime::fixture::World;

#[derive(Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = order_id)]
struct OrderDashboard {
    order_id: String,
    status: String,
    total_cents: u64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Unregistered {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "order", id = order_id)]
struct OrderSeen {
    order_id: String,
    status: String,
    total_cents: u64,
}

struct OrderDashboardProjector;

impl Projector for OrderDashboardProjector {
    type Projection = OrderDashboard;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_order_seen);
    }
}

impl OrderDashboardProjector {
    async fn on_order_seen(
        &self,
        event: OrderSeen,
        rows: &mut Rows<'_, OrderDashboard>,
    ) -> Result<(), Error> {
        let OrderSeen {
            order_id,
            status,
            total_cents,
        } = event;

        rows.put(OrderDashboard {
            order_id,
            status,
            total_cents,
        })
        .await
    }
}

fn order_seen(order_id: &str, status: &str, total_cents: u64) -> OrderSeen {
    OrderSeen {
        order_id: order_id.into(),
        status: status.into(),
        total_cents,
    }
}

/// Returns a world with four orders: two placed, one draft, one shipped.
async fn shop() -> World {
    let domain = Domain::builder("shop")
        .event_from_outside::<OrderSeen>()
        .projection::<OrderDashboard>()
        .projector(OrderDashboardProjector);
    let world = World::new(domain);
    let orders = [
        order_seen("ord-4", "shipped", 900),
        order_seen("ord-2", "placed", 300),
        order_seen("ord-1", "placed", 700),
        order_seen("ord-3", "draft", 300),
    ];

    world.app.publish(orders).await.expect("all are projected");

    world
}

async fn dashboard() -> View<OrderDashboard> {
    shop().await.app.view()
}

fn ids(rows: Result<Vec<OrderDashboard>, Error>) -> Vec<String> {
    rows.expect("the query can be answered")
        .into_iter()
        .map(|row| row.order_id)
        .collect()
}

#[tokio::test]
async fn row_is_read_by_its_id() {
    let dashboard = dashboard().await;

    let row = dashboard.get("ord-3").await.unwrap().unwrap();

    assert_eq!((&*row.status, row.total_cents), ("draft", 300));
    assert_eq!(dashboard.get("ord-9").await.unwrap(), None);
}

#[tokio::test]
async fn a_row_exists_or_not() {
    let dashboard = dashboard().await;

    assert!(dashboard.exists("ord-1").await.unwrap());
    assert!(!dashboard.exists("ord-9").await.unwrap());
}

#[tokio::test]
async fn the_first_row_by_id_is_found_by_a_condition() {
    let dashboard = dashboard().await;

    let placed = dashboard.find(field("status").equals("placed")).await;
    let missing = dashboard.find(field("status").equals("lost")).await;

    assert_eq!(placed.unwrap().unwrap().order_id, "ord-1");
    assert_eq!(missing.unwrap(), None);
}

#[tokio::test]
async fn rows_are_counted() {
    let dashboard = dashboard().await;
    let placed = || dashboard.query().filter(field("status").equals("placed"));

    assert_eq!(dashboard.count().await.unwrap(), 4);
    assert_eq!(placed().count().await.unwrap(), 2);
    assert_eq!(placed().limit(1).offset(1).count().await.unwrap(), 2);
}

#[tokio::test]
async fn rows_come_by_id_unless_asked_otherwise() {
    let all = dashboard().await.query().all().await;

    assert_eq!(ids(all), ["ord-1", "ord-2", "ord-3", "ord-4"]);
}

#[tokio::test]
async fn a_row_must_meet_every_condition() {
    let found = dashboard()
        .await
        .query()
        .filter(field("total_cents").at_most(700))
        .filter(field("status").differs_from("draft"))
        .all()
        .await;

    assert_eq!(ids(found), ["ord-1", "ord-2"]);
}

#[tokio::test]
async fn numbers_are_compared_by_size() {
    let dashboard = dashboard().await;
    let total = || field("total_cents");

    let greater = dashboard.query().filter(total().greater_than(300)).all();
    assert_eq!(ids(greater.await), ["ord-1", "ord-4"]);

    let at_least = dashboard.query().filter(total().at_least(900)).all();
    assert_eq!(ids(at_least.await), ["ord-4"]);

    let less = dashboard.query().filter(total().less_than(700)).all();
    assert_eq!(ids(less.await), ["ord-2", "ord-3"]);
}

#[tokio::test]
async fn rows_are_ordered_by_one_field_after_the_other_and_then_by_id() {
    let dashboard = dashboard().await;

    let highest_first = dashboard.query().order_by_descending("total_cents");
    assert_eq!(
        ids(highest_first.all().await),
        ["ord-4", "ord-1", "ord-2", "ord-3"]
    );

    let by_both = dashboard.query().order_by("total_cents").order_by("status");
    assert_eq!(
        ids(by_both.all().await),
        ["ord-3", "ord-2", "ord-1", "ord-4"]
    );
}

#[tokio::test]
async fn a_page_is_a_limit_after_an_offset() {
    let dashboard = dashboard().await;
    let by_total = || dashboard.query().order_by("total_cents");

    assert_eq!(ids(by_total().limit(2).all().await), ["ord-2", "ord-3"]);
    let second = by_total().offset(2).limit(1).all().await;
    assert_eq!(ids(second), ["ord-1"]);
    assert_eq!(ids(by_total().offset(3).all().await), ["ord-4"]);
    assert_eq!(ids(by_total().offset(9).all().await), [""; 0]);
    assert_eq!(ids(by_total().limit(0).all().await), [""; 0]);
}

#[tokio::test]
async fn a_condition_on_an_unknown_field_is_refused() {
    let condition = field("state").equals("placed");

    let err = dashboard().await.find(condition).await.unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"OrderDashboard has no field `state`: it has `order_id`, `status`, `total_cents`");
}

#[tokio::test]
async fn an_order_by_an_unknown_field_is_refused() {
    let query = dashboard().await.query().order_by("age");

    let err = query.all().await.unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"OrderDashboard has no field `age`: it has `order_id`, `status`, `total_cents`");
}

#[tokio::test]
async fn unregistered_projection_cannot_be_read() {
    let view = shop().await.app.view::<Unregistered>();

    let err = view.get("1").await.unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"the projection `Unregistered` is not registered: add `.projection::<Unregistered>()` to the domain");
    assert!(view.exists("1").await.unwrap_err().is_setup());
    assert!(view.count().await.unwrap_err().is_setup());
    assert!(view.query().all().await.unwrap_err().is_setup());
}
