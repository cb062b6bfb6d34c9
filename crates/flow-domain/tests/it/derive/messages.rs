use flow_domain::{
    Aggregate, Command, Event, Id, Message, PendingEvents,
    message::{FieldSchema, IdKind, MessageName, MessageSchema},
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id)]
struct Order {
    order_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct OrderId(String);

#[derive(Debug, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id, reply = OrderId)]
struct PlaceOrder {
    order_id: String,
    quantity: u32,
    r#type: Option<String>,
    #[serde(skip)]
    seen: bool,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order)]
struct Ping;

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id, version = 2, name = "Placed")]
struct OrderPlaced {
    order_id: u64,
}

#[derive(Debug, Serialize, Deserialize, Id)]
struct PaymentId(Uuid);

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "payment", id = id)]
struct PaymentReceived {
    #[serde(rename = "paymentId")]
    id: PaymentId,
    name: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id, version = 3)]
enum OrderEvent {
    Opened {
        order_id: String,
        quantity: u32,
    },
    #[event(name = "OrderClosed", version = 1)]
    Closed {
        order_id: String,
    },
    #[event(id = to)]
    Moved {
        from: String,
        to: u64,
    },
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, reply = Vec<OrderId>)]
enum OrderCommand {
    CountOrders,
    #[command(id = order_id)]
    CancelOrder {
        order_id: String,
    },
}

fn place_order() -> PlaceOrder {
    PlaceOrder {
        order_id: "ord-1".into(),
        quantity: 2,
        r#type: None,
        seen: false,
    }
}

fn moved() -> OrderEvent {
    OrderEvent::Moved {
        from: "ord-1".into(),
        to: 7,
    }
}

fn payment_received() -> PaymentReceived {
    PaymentReceived {
        id: PaymentId(Uuid::nil()),
        name: "Ada".into(),
    }
}

fn reply_of<C: Command>(_: &C) -> &'static str {
    std::any::type_name::<C::Reply>()
        .rsplit("::")
        .next()
        .unwrap_or_default()
}

#[track_caller]
fn check_name<M: Message>(message: &M, name: &str, aggregate_id: &str) {
    assert_eq!(message.message_name().to_string(), name);
    assert_eq!(message.aggregate_id(), aggregate_id);
}

#[track_caller]
fn check_field<M: Message>(message: &M, name: &str, key: Option<&str>) {
    assert_eq!(message.field_key(name).as_deref(), key);
}

const fn id(name: &'static str) -> FieldSchema {
    FieldSchema::new(name, IdKind::Id)
}

const fn optional_id(name: &'static str) -> FieldSchema {
    FieldSchema::new(name, IdKind::OptionalId)
}

#[test]
fn struct_is_one_message_with_its_name() {
    assert_eq!(PlaceOrder::NAME, "PlaceOrder");
    assert_eq!(PlaceOrder::CATEGORY, "order");
    assert_eq!(
        PlaceOrder::SCHEMAS,
        [MessageSchema::new(
            "order",
            MessageName::new("PlaceOrder", 1),
            Some("order_id"),
            const { &[id("order_id"), id("quantity"), optional_id("type")] }
        )]
    );
    check_name(&place_order(), "PlaceOrder", "ord-1");
}

#[test]
fn a_command_without_an_id_names_no_aggregate() {
    assert_eq!(Ping::SCHEMAS[0].fields, []);
    check_name(&Ping, "Ping", "");
}

#[test]
fn message_name_and_version_can_be_set() {
    assert_eq!(OrderPlaced::NAME, "OrderPlaced");
    assert_eq!(OrderPlaced::SCHEMAS[0].name, MessageName::new("Placed", 2));
    check_name(&OrderPlaced { order_id: 7 }, "Placed.v2", "7");
}

#[test]
fn outside_event_has_its_own_category() {
    assert_eq!(PaymentReceived::CATEGORY, "payment");
    check_name(
        &payment_received(),
        "PaymentReceived",
        "00000000-0000-0000-0000-000000000000",
    );
}

#[test]
fn an_enum_is_one_message_for_each_variant() {
    assert_eq!(OrderEvent::NAME, "OrderEvent");
    assert_eq!(
        OrderEvent::SCHEMAS,
        [
            MessageSchema::new(
                "order",
                MessageName::new("Opened", 3),
                Some("order_id"),
                const { &[id("order_id"), id("quantity")] }
            ),
            MessageSchema::new(
                "order",
                MessageName::new("OrderClosed", 1),
                Some("order_id"),
                const { &[id("order_id")] }
            ),
            MessageSchema::new(
                "order",
                MessageName::new("Moved", 3),
                Some("to"),
                const { &[id("from"), id("to")] }
            ),
        ]
    );
}

#[test]
fn a_variant_names_itself_and_its_id() {
    let (order_id, quantity) = ("ord-1".to_owned(), 2);

    check_name(
        &OrderEvent::Opened { order_id, quantity },
        "Opened.v3",
        "ord-1",
    );
    check_name(
        &OrderEvent::Closed {
            order_id: "ord-1".into(),
        },
        "OrderClosed",
        "ord-1",
    );
    check_name(&moved(), "Moved.v3", "7");
}

#[test]
fn a_variant_of_a_command_needs_no_id() {
    let order_id = "ord-1".to_owned();

    check_name(&OrderCommand::CountOrders, "CountOrders", "");
    check_name(
        &OrderCommand::CancelOrder { order_id },
        "CancelOrder",
        "ord-1",
    );
}

#[test]
fn command_has_its_reply_type() {
    assert_eq!(reply_of(&place_order()), "OrderId");
    assert_eq!(reply_of(&Ping), "()");
    assert_eq!(reply_of(&OrderCommand::CountOrders), "OrderId>");
}

#[test]
fn a_field_is_read_as_a_key() {
    check_field(&place_order(), "order_id", Some("ord-1"));
    check_field(&place_order(), "quantity", Some("2"));
    check_field(&moved(), "to", Some("7"));
}

#[test]
fn field_is_found_by_its_rust_name() {
    check_field(&moved(), "from", Some("ord-1"));
    check_field(&payment_received(), "name", Some("Ada"));
    check_field(
        &payment_received(),
        "id",
        Some("00000000-0000-0000-0000-000000000000"),
    );
    check_field(&payment_received(), "paymentId", None);
}

#[test]
fn missing_field_or_no_id_has_no_key() {
    check_field(&place_order(), "type", None);
    check_field(&place_order(), "total", None);
    check_field(&place_order(), "seen", None);
    check_field(&moved(), "order_id", None);
    check_field(&Ping, "order_id", None);
}
