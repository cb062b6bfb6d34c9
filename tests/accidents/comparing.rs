//! What is almost what was expected is not what was expected.

use ::shop::{OrderDashboard, OrderPlaced, StockLevel, StockReceived, StockReserved};

use crate::{
    fixture::{counted, lab, paid, place, place_as, placed, received, reserved, shop},
    mismatch,
};

#[test]
fn a_pair_is_no_twin() {
    let flow = shop()
        .given_events(received(5))
        .when(place())
        .then_events([placed(), placed()]);

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderPlaced, OrderPlaced
    found     OrderPlaced, StockReserved
              as expected  OrderPlaced
              missing      OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
              unexpected   StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
    "#);
}

#[test]
fn some_are_not_all() {
    let flow = shop()
        .given_events(received(5))
        .when(place())
        .then_events(placed());
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderPlaced
    found     OrderPlaced, StockReserved
              as expected  OrderPlaced
              unexpected   StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
    "#);

    let flow = shop()
        .given_events(received(5))
        .when(place())
        .then_events(reserved());
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  StockReserved
    found     OrderPlaced, StockReserved
              unexpected   OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
              as expected  StockReserved
    "#);
}

#[test]
fn the_order_counts() {
    let flow = shop()
        .given_events(received(5))
        .when(place())
        .then_events((reserved(), placed()));

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  StockReserved, OrderPlaced
    found     OrderPlaced, StockReserved
              moved        StockReserved, expected as number 1, found as number 2
              as expected  OrderPlaced
    ");
}

#[test]
fn each_of_several_equal_events_is_counted() {
    lab()
        .when_event(counted(2))
        .then_events([counted(1), counted(0)])
        .run();

    let flow = lab().when_event(counted(2)).then_events([counted(0)]);
    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  Counted
    found     Counted, Counted
              unexpected   Counted { counted_id: "count-1", left: 1 }
              as expected  Counted
    "#);
}

#[test]
fn expected_and_found_are_not_swapped() {
    let expected = StockReserved {
        quantity: 7,
        ..reserved()
    };

    let flow = shop()
        .given_events(received(5))
        .when(place())
        .then_events((placed(), expected));

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  OrderPlaced, StockReserved
    found     OrderPlaced, StockReserved
              as expected  OrderPlaced
              differs      StockReserved
                           quantity  expected 7, found 2
    ");
}

#[test]
fn an_event_that_was_raised_was_raised() {
    let flow = shop().when(place()).then_no_event::<OrderPlaced>();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no OrderPlaced
    found     OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
    "#);
}

#[test]
fn what_was_raised_in_an_earlier_act_was_raised() {
    let flow = shop()
        .given_events(received(5))
        .when(place())
        .when_event(received(1))
        .then_no_event::<OrderPlaced>();

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  no OrderPlaced
    found     OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
    "#);
}

#[test]
fn what_is_told_from_outside_was_not_raised() {
    let flow = shop().when_event(received(5)).then_event(received(5));

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  StockReceived { product_id: "prod-1", quantity: 5 }
    found     no events at all
    "#);
}

#[test]
fn the_row_of_another_id_is_not_looked_at() {
    let flow = shop()
        .given_events(received(5))
        .given_command(place())
        .when(place_as("ord-2"))
        .then_projection::<OrderDashboard>("ord-3")
        .has(|_| true);

    insta::assert_snapshot!(mismatch(flow), @r#"
    expected  OrderDashboard "ord-3"
    found     nothing under that id; 2 were stored in this flow: OrderDashboard "ord-1", OrderDashboard "ord-2"
    "#);
}

#[test]
fn all_of_none_is_nothing() {
    let flow = shop()
        .when_event(paid())
        .then_projections::<OrderDashboard>()
        .all(|_| true);

    insta::assert_snapshot!(mismatch(flow), @r"
    expected  rows of OrderDashboard, for all of which the closure holds
    found     no rows at all, for which anything holds: `.count(0)` is the word for none
    ");
}

#[test]
fn any_is_not_all_and_all_is_not_any() {
    let rows = || {
        shop()
            .given_events((
                received(5),
                StockReceived {
                    product_id: "prod-2".into(),
                    quantity: 1,
                },
            ))
            .when_event(received(1))
            .then_projections::<StockLevel>()
    };

    rows().any(|row| row.available == 6).run();
    insta::assert_snapshot!(mismatch(rows().all(|row| row.available == 6)), @r#"
    expected  only rows of StockLevel for which the closure holds
    found     { product_id: "prod-2", available: 1, reserved: 0 }
    "#);
    insta::assert_snapshot!(mismatch(rows().any(|row| row.available == 7)), @r#"
    expected  a row of StockLevel for which the closure holds
    found     2 rows, none of them such
              { product_id: "prod-1", available: 6, reserved: 0 }
              { product_id: "prod-2", available: 1, reserved: 0 }
    "#);
}
