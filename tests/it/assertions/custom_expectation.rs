//! Custom expectations of the user.

use flow_harness::{
    outcome::{Problem, ProblemKind},
    prelude::*,
};
use shop::{Inventory, OrderDashboard, OrderPlaced, OrderStatus, StockReserved};

use crate::{
    assertions::order_flows::{ordered, ordered_twice},
    fixture::{mismatch, place_order, shop, stock_received},
};

/// Expects at most this number of events.
struct AtMost(usize);

impl Expectation for AtMost {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        match outcome.events().len() {
            n_events if n_events <= self.0 => Ok(()),
            n_events => Err(Mismatch::new(
                format!("at most {} events", self.0),
                format!("{n_events} events"),
            )),
        }
    }
}

#[test]
fn then_takes_an_expectation() {
    ordered().then(AtMost(2)).run();

    insta::assert_snapshot!(mismatch(ordered().then(AtMost(1))), @r"
    expected  at most 1 events
    found     2 events
    ");
}

#[test]
fn then_takes_a_closure() {
    let expects = |expected: usize| {
        move |outcome: &Outcome| match outcome.acts().len() {
            found if found == expected => Ok(()),
            found => Err(Mismatch::new(
                format!("{expected} acts"),
                format!("{found} acts"),
            )),
        }
    };

    ordered().then(expects(1)).run();

    insta::assert_snapshot!(mismatch(ordered().then(expects(2))), @r"
    expected  2 acts
    found     1 acts
    ");
}

#[test]
fn custom_expectation_covers_no_problem_by_default() {
    insta::assert_snapshot!(mismatch(ordered_twice().then(AtMost(0))), @"
    expected  no problem, or a `then` that covers it
    found     PlaceOrder was rejected: the order is already placed
              If the test expects this, add `.then_rejected(..)`
    ");
}

/// Expects any rejection.
struct RejectionExpected;

impl Expectation for RejectionExpected {
    fn describe(&self) -> String {
        "refused".into()
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let act = outcome.last_act();
        act.error()
            .map(|_| ())
            .ok_or_else(|| Mismatch::new("refused", "accepted"))
    }

    fn covers(&self, problem: &Problem<'_>, _: &Outcome) -> bool {
        problem.kind == ProblemKind::Rejection
    }
}

#[test]
fn custom_expectation_can_cover_a_rejection() {
    ordered_twice().then(RejectionExpected).run();

    insta::assert_snapshot!(mismatch(ordered().then(RejectionExpected)), @r"
    expected  refused
    found     accepted
    ");
}

/// Expects that the order is placed and that its customer sees it.
struct Placed(&'static str);

impl Expectation for Placed {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        let placed = (
            expect::event_matching::<OrderPlaced>(|event| event.order_id == self.0),
            expect::projection::<OrderDashboard>(self.0)
                .has(|row| row.status == OrderStatus::Placed),
        );
        placed.check(outcome)
    }
}

#[test]
fn custom_expectation_can_read_stored_state() {
    ordered().then(Placed("ord-1")).run();

    insta::assert_snapshot!(mismatch(ordered().then(Placed("ord-2"))), @r#"
    expected  OrderPlaced for which the closure returns true
    found     OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }
    "#);
}

#[test]
fn each_expectation_of_a_tuple_is_a_step() {
    let outcome = shop()
        .mode(Mode::Sync)
        .given_events(stock_received(100))
        .when(place_order())
        .then((
            AtMost(2),
            (expect::accepted(), expect::no_event::<OrderPlaced>()),
        ))
        .try_run()
        .unwrap_err();

    assert_eq!(outcome.n_failed(), 1);
    insta::assert_snapshot!(crate::fixture::mask_line_numbers(&outcome.to_string()), @r#"
    flow failed at step 5: then no event OrderPlaced      tests/it/assertions/custom_expectation.rs:LINE

      expected  no OrderPlaced
      found     OrderPlaced { order_id: "ord-1", customer_id: "cust-1", product_id: "prod-1", quantity: 2, total_cents: 9995 }

    why    OrderCommandHandler handled PlaceOrder and raised OrderPlaced

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            3 then   AtMost                                                       ok
            4 then   accepted                                                     ok
            5 then   no event OrderPlaced                                         FAILED

    chain  PlaceOrder                          OrderCommandHandler  stored Order "ord-1"   <- here
           └ OrderPlaced                       order-ord-1 @1
             ├ InventoryEventHandler           handled
             │ └ StockReserved                 inventory-prod-1 @2
             │   ├ Fulfilment                  stored Fulfilment "ord-1"
             │   └ StockLevelProjector         wrote StockLevel "prod-1"
             ├ Fulfilment                      stored Fulfilment "ord-1"
             └ OrderDashboardProjector         wrote OrderDashboard "ord-1"

    end    nothing pending · no handlers failed
    rerun  cargo test assertions::custom_expectation::each_expectation_of_a_tuple_is_a_step
    "#);
}

#[test]
fn helper_function_returns_an_expectation() {
    fn reserved(quantity: u32) -> impl Expectation {
        (
            expect::event_matching::<StockReserved>(move |event| event.quantity == quantity),
            expect::aggregate::<Inventory>("prod-1")
                .has(move |stock| stock.available == 100 - quantity),
        )
    }

    ordered().then(reserved(2)).run();
    insta::assert_snapshot!(mismatch(ordered().then(reserved(3))), @r#"
    expected  StockReserved for which the closure returns true
    found     StockReserved { product_id: "prod-1", order_id: "ord-1", quantity: 2 }
    "#);
}
