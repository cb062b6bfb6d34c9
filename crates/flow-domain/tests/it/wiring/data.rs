//! The wiring of a domain as data.

use flow_domain::{
    Aggregate, Apply, CommandHandler, CommandRoutes, Domain, Event, PendingEvents, ProcessManager,
    ProcessManagerRoutes, Projector, ProjectorRoutes, record::HandlerKind, wiring::Wiring,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::wiring::fixture::{
    Order, OrderDashboard, OrderPlaced, PlaceOrder, advance, decide, project,
};

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = account_id, event_sourced, events(Charged))]
struct Account {
    account_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id, version = 2)]
struct Charged {
    account_id: String,
    order_id: String,
}

impl Apply<Charged> for Account {
    fn apply(&mut self, _event: &Charged) {}
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "parcel", id = parcel_id)]
struct ParcelLost {
    parcel_id: String,
    of_order: String,
}

struct OrderCommandHandler;

impl CommandHandler for OrderCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(decide::<Self, PlaceOrder>)
            .raises::<OrderPlaced>();
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Fulfilment;

impl ProcessManager for Fulfilment {
    const KEY: &'static str = "order_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(advance::<Self, Charged>);
        on.event_by("of_order", advance::<Self, ParcelLost>)
            .issues::<PlaceOrder>();
    }
}

struct OrderDashboardProjector;

impl Projector for OrderDashboardProjector {
    type Projection = OrderDashboard;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(project::<Self, OrderDashboard, OrderPlaced>);
    }
}

fn wiring() -> Wiring {
    Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Account>()
        .event_from_outside::<ParcelLost>()
        .projection::<OrderDashboard>()
        .command_handler(OrderCommandHandler)
        .process_manager::<Fulfilment>()
        .projector(OrderDashboardProjector)
        .build()
        .unwrap()
        .wiring()
}

#[test]
fn wiring_lists_aggregates_with_their_messages() {
    let wiring = wiring();

    let [order, account] = &wiring.aggregates[..] else {
        panic!("{:?}", wiring.aggregates)
    };

    assert_eq!((order.name, order.category), ("Order", "order"));
    assert_eq!(order.commands, ["PlaceOrder"]);
    assert_eq!(order.events, ["OrderPlaced"]);
    assert!(!order.event_sourced);
    assert_eq!((account.name, account.category), ("Account", "account"));
    assert_eq!(account.events, ["Charged.v2"]);
    assert!(account.event_sourced);
}

#[test]
fn wiring_lists_the_handler_of_a_command() {
    let wiring = wiring();

    let [command] = &wiring.commands[..] else {
        panic!("{:?}", wiring.commands)
    };

    assert_eq!(command.command, "PlaceOrder");
    assert_eq!(command.category, "order");
    assert_eq!(command.handler, "OrderCommandHandler");
    assert_eq!(command.raises, ["OrderPlaced"]);
    assert_eq!(command.issues, [""; 0]);
}

#[test]
fn wiring_lists_event_handlers_in_delivery_order() {
    let wiring = wiring();

    let [charged, parcel_lost, order_placed] = &wiring.subscriptions[..] else {
        panic!("{:?}", wiring.subscriptions)
    };

    assert_eq!(
        (&*charged.event, charged.category),
        ("Charged.v2", "account")
    );
    assert_eq!(charged.kind, HandlerKind::ProcessManager);
    assert_eq!((charged.key, charged.starts), (Some("order_id"), true));
    assert_eq!(
        (&*parcel_lost.event, parcel_lost.handler),
        ("ParcelLost", "Fulfilment")
    );
    assert_eq!(
        (parcel_lost.key, parcel_lost.starts),
        (Some("of_order"), false)
    );
    assert_eq!(parcel_lost.issues, ["PlaceOrder"]);
    assert_eq!(order_placed.kind, HandlerKind::Projector);
    assert_eq!(order_placed.projection, Some("OrderDashboard"));
    assert_eq!(order_placed.key, None);
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one value")]
fn wiring_serializes_to_json() {
    let json = serde_json::to_string_pretty(&wiring()).unwrap();

    insta::assert_snapshot!(json, @r#"
    {
      "domain": "shop",
      "aggregates": [
        {
          "name": "Order",
          "category": "order",
          "event_sourced": false,
          "commands": [
            "PlaceOrder"
          ],
          "events": [
            "OrderPlaced"
          ]
        },
        {
          "name": "Account",
          "category": "account",
          "event_sourced": true,
          "commands": [],
          "events": [
            "Charged.v2"
          ]
        }
      ],
      "events_from_outside": [
        "ParcelLost"
      ],
      "projections": [
        "OrderDashboard"
      ],
      "commands": [
        {
          "command": "PlaceOrder",
          "category": "order",
          "handler": "OrderCommandHandler",
          "raises": [
            "OrderPlaced"
          ],
          "issues": []
        }
      ],
      "subscriptions": [
        {
          "event": "Charged.v2",
          "category": "account",
          "handler": "Fulfilment",
          "kind": "process_manager",
          "projection": null,
          "key": "order_id",
          "starts": true,
          "raises": [],
          "issues": []
        },
        {
          "event": "ParcelLost",
          "category": "parcel",
          "handler": "Fulfilment",
          "kind": "process_manager",
          "projection": null,
          "key": "of_order",
          "starts": false,
          "raises": [],
          "issues": [
            "PlaceOrder"
          ]
        },
        {
          "event": "OrderPlaced",
          "category": "order",
          "handler": "OrderDashboardProjector",
          "kind": "projector",
          "projection": "OrderDashboard",
          "key": null,
          "starts": false,
          "raises": [],
          "issues": []
        }
      ],
      "handlers": [
        {
          "handler": "Fulfilment",
          "kind": "process_manager",
          "subscription": "Fulfilment",
          "source": "broker",
          "batch_size": 100,
          "concurrency": 1,
          "ordered": true,
          "attempts": 4,
          "when_exhausted": "dead_letter",
          "origin": null,
          "once": false
        },
        {
          "handler": "OrderDashboardProjector",
          "kind": "projector",
          "subscription": "OrderDashboardProjector",
          "source": "broker",
          "batch_size": 100,
          "concurrency": 1,
          "ordered": true,
          "attempts": 4,
          "when_exhausted": "dead_letter",
          "origin": null,
          "once": false
        },
        {
          "handler": "OrderCommandHandler",
          "kind": "command_handler",
          "subscription": "order:command",
          "source": "broker",
          "batch_size": 100,
          "concurrency": 1,
          "ordered": true,
          "attempts": 4,
          "when_exhausted": "dead_letter",
          "origin": null,
          "once": false
        }
      ]
    }
    "#);
}
