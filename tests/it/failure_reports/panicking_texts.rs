//! Reports of a flow in which the text of an expectation or of an error panics.

use std::{error, fmt};

use ::booking::{BookingHandler, RoomListProjector};
use ::shop::Inventory;
use flow_harness::prelude::*;
use rstest::rstest;

use crate::fixture::{
    book_room, failure, masked_panic_text, mismatch, order_confirmed, place_order, report, rooms,
    shop,
};

/// Its description or its warning panics.
struct Broken {
    is_met: bool,
}

impl Expectation for Broken {
    fn check(&self, _: &Outcome) -> Result<(), Mismatch> {
        if self.is_met {
            return Ok(());
        }
        Err(Mismatch::new("a whole glass", "a broken one"))
    }

    fn describe(&self) -> String {
        assert!(self.is_met, "the label broke");
        "a whole glass".to_owned()
    }

    fn warning(&self, _: &Outcome) -> Option<String> {
        panic!("the bell broke")
    }
}

#[test]
fn description_that_panics_does_not_hide_the_report() {
    let flow = shop().when(place_order()).then(Broken { is_met: false });

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 2: then an expectation whose description panicked at tests/it/failure_repor ..      tests/it/failure_reports/panicking_texts.rs:LINE

      expected  a whole glass
      found     a broken one

    story   1 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }             accepted
            2 then   an expectation whose description panicked at tests/it/failure_repor ..  FAILED

    chain  PlaceOrder                             OrderCommandHandler  stored Order "ord-1"
           └ OrderPlaced                          order-ord-1 @1
             ├ InventoryEventHandler              handled
             │ └ StockRefused                     inventory-prod-1 @1
             │   └ Fulfilment                     stored Fulfilment "ord-1"
             │     └ CancelOrder                  OrderCommandHandler  stored Order "ord-1"
             │       └ OrderCancelled             order-ord-1 @2
             │         ├ InventoryEventHandler    handled, stored nothing
             │         └ OrderDashboardProjector  wrote OrderDashboard "ord-1"
             ├ Fulfilment                         stored Fulfilment "ord-1"
             └ OrderDashboardProjector            wrote OrderDashboard "ord-1"

    end    nothing pending · no handlers failed
    "#);
}

#[test]
fn description_that_panics_does_not_hide_a_unit_report() {
    let text = masked_panic_text(|| {
        unit::<Inventory>()
            .given_nothing()
            .when(|inventory| inventory.receive(1))
            .then(Broken { is_met: false })
    });

    insta::assert_snapshot!(text, @"
    unit test of Inventory failed: then an expectation whose description panicked at tests/it/failure_reports/panicking_texts.rs:LINE: the label broke      tests/it/failure_reports/panicking_texts.rs:LINE

      expected  a whole glass
      found     a broken one
    ");
}

#[test]
fn warning_that_panics_fails_its_step() {
    let flow = shop()
        .when(place_order())
        .then(Broken { is_met: true })
        .then_event(order_confirmed());

    let failure = failure(flow);

    assert_eq!(failure.n_failed(), 2);
    assert!(
        failure.mismatch().found.ends_with(": the bell broke"),
        "{failure}"
    );
}

/// An error that cannot be printed.
#[derive(Clone, Debug)]
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("words failed")
    }
}

impl error::Error for Unspeakable {}

#[rstest]
fn error_that_panics_when_printed_does_not_hide_the_report(
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let flow = rooms()
        .mode(mode)
        .with_fault(Fault::handler::<BookingHandler>().fails(Unspeakable))
        .when(book_room())
        .then_accepted();

    insta::allow_duplicates! {
        insta::assert_snapshot!(mismatch(flow), @"
        expected  BookRoom is accepted
        found     BookRoom failed: the scripted attempt failed: an error whose `Display` panicked: words failed
        ");
    }
}

#[test]
fn failure_that_panics_when_printed_does_not_hide_the_report() {
    let flow = rooms()
        .mode(Mode::Sync)
        .with_fault(Fault::handler::<RoomListProjector>().fails(Unspeakable))
        .when(book_room())
        .then_settled();

    insta::assert_snapshot!(report(flow), @r#"
    flow failed at step 3: then settled      tests/it/failure_reports/panicking_texts.rs:LINE

      expected  the flow settles without problems
      found     RoomListProjector failed on RoomBooked: the scripted attempt failed: an error whose `Display` panicked: words failed

    story   1 fault  RoomListProjector fails: an error whose `Display` panicked at tests ..
            2 when   BookRoom { booking_id: "b-1", guest: "ada" }                            accepted, but a handler failed
            3 then   settled                                                                 FAILED

    chain  BookRoom                            BookingHandler  stored Booking "b-1"
           └ RoomBooked                        booking-b-1 @1
             ├ PaymentDeadline                 stored PaymentDeadline "b-1"
             │ └ ReleaseRoom                   scheduled for 2026-01-04T00:00:00Z
             └ RoomListProjector               FAILED: the scripted attempt failed: an error whose `Display` panicked: words failed   <- here

    end    nothing pending · 1 handler failed · 1 scheduled (ReleaseRoom)
    "#);
}
