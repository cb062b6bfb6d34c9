use flow_domain::{Projection, message::Payload};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = order_id)]
struct OrderDashboard {
    order_id: String,
    r#type: String,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = customer_id, name = "Customers")]
#[serde(rename_all = "camelCase")]
struct CustomerRow {
    customer_id: u64,
    #[serde(rename = "fullName")]
    name: String,
    #[serde(skip)]
    cached: bool,
    #[serde(default)]
    n_orders: u32,
}

#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = id)]
#[serde(rename_all(serialize = "SCREAMING-KEBAB-CASE", deserialize = "snake_case"))]
struct MixedCase {
    id: String,
    #[serde(alias = "n")]
    n_visits: u32,
}

#[test]
fn a_projection_is_named_after_its_type() {
    assert_eq!(OrderDashboard::NAME, "OrderDashboard");
    assert_eq!(CustomerRow::NAME, "Customers");
}

#[test]
fn a_row_is_identified_by_the_key_of_its_id() {
    let row = OrderDashboard {
        order_id: "ord-1".into(),
        r#type: "retail".into(),
    };

    assert_eq!(row.id(), "ord-1");
    assert_eq!(CustomerRow::default().id(), "0");
}

#[test]
fn field_names_are_those_in_json() {
    assert_eq!(OrderDashboard::FIELDS, ["order_id", "type"]);
    assert_eq!(CustomerRow::FIELDS, ["customerId", "fullName", "nOrders"]);
    assert_eq!(MixedCase::FIELDS, ["ID", "N-VISITS"]);
}

#[test]
fn fields_are_those_that_serde_writes() {
    let row = Payload::encode("CustomerRow", &CustomerRow::default()).unwrap();

    assert_eq!(
        row.as_json(),
        r#"{"customerId":0,"fullName":"","nOrders":0}"#
    );
}
