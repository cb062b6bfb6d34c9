use flow_domain::{
    Aggregate, Command, Event, Message, PendingEvents,
    message::{Envelope, Payload},
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::derive::event_sourced::{envelope, replay};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(PlaceOrder, Ping), events(OrderPlaced, OrderClosed))]
struct SalesOrder {
    order_id: u64,
    placed: bool,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = SalesOrder, id = order_id)]
struct PlaceOrder {
    order_id: u64,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = SalesOrder)]
struct Ping;

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = SalesOrder, id = order_id)]
struct OrderPlaced {
    order_id: u64,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = SalesOrder, id = order_id)]
struct OrderClosed {
    order_id: u64,
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = r#type, category = "bin", name = "Trash")]
struct Bin {
    r#type: String,
    #[serde(default, skip)]
    thrown: flow_domain::model::PendingEvents,
}

fn sales_order() -> SalesOrder {
    SalesOrder {
        order_id: 7,
        placed: false,
        raised: PendingEvents::default(),
    }
}

#[test]
fn an_aggregate_is_named_after_its_type() {
    assert_eq!(SalesOrder::NAME, "SalesOrder");
    assert_eq!(SalesOrder::CATEGORY, "sales_order");
    assert_eq!(OrderPlaced::CATEGORY, "sales_order");
}

#[test]
fn aggregate_name_and_category_can_be_set() {
    assert_eq!(Bin::NAME, "Trash");
    assert_eq!(Bin::CATEGORY, "bin");
}

#[test]
fn an_aggregate_knows_its_commands_and_events() {
    assert_eq!(SalesOrder::COMMANDS, [PlaceOrder::SCHEMAS, Ping::SCHEMAS]);
    assert_eq!(
        SalesOrder::EVENTS,
        [OrderPlaced::SCHEMAS, OrderClosed::SCHEMAS]
    );
    assert!(Bin::COMMANDS.is_empty());
    assert!(Bin::EVENTS.is_empty());
}

#[test]
fn aggregate_id_is_the_key_of_its_id_field() {
    let bin = Bin {
        r#type: "paper".into(),
        thrown: PendingEvents::default(),
    };

    assert_eq!(sales_order().id(), "7");
    assert_eq!(bin.id(), "paper");
    assert_eq!(bin.raised(), ());
}

#[test]
fn pending_events_are_compared_in_order() {
    let mut order = sales_order();

    order.raise(OrderPlaced { order_id: 7 });
    order.raise(OrderClosed { order_id: 7 });

    let expected = (OrderPlaced { order_id: 7 }, OrderClosed { order_id: 7 });
    assert_eq!(order.raised(), expected);
    let swapped = (OrderClosed { order_id: 7 }, OrderPlaced { order_id: 7 });
    assert_ne!(order.raised(), swapped);
    assert_ne!(order.raised(), OrderPlaced { order_id: 7 });
}

#[test]
fn pending_events_are_not_part_of_the_state() {
    let mut order = sales_order();

    order.raise(OrderPlaced { order_id: 7 });

    let stored = Payload::encode("SalesOrder", &order).unwrap();
    assert_eq!(stored.as_json(), r#"{"order_id":7,"placed":false}"#);
}

#[test]
fn state_aggregate_is_not_folded() {
    let event: Envelope = envelope("sales_order-7", &OrderPlaced { order_id: 7 });

    let err = replay(&mut sales_order(), &event).unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"`SalesOrder` is stored as state: it is not folded from events");
    const { assert!(!SalesOrder::EVENT_SOURCED) };
    assert!(SalesOrder::initial().is_none());
}
