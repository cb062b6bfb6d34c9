//! Injected faults and their effects.

use ::booking::{
    Booking, BookingError, BookingHandler, GuestMailer, PAYMENT_TERM, Room, RoomListProjector,
    ServerDown, Status,
};
use ::shop::{
    Inventory, InventoryEventHandler, MailHandler, Order, OrderCommandHandler, OrderStatus,
};
use flow_harness::prelude::*;
use rstest::rstest;

use crate::fixture::{
    FakeMailer, FlakyMailer, book_room, mask_line_numbers, pay_room, payment_received, place_order,
    rooms, shop, shop_with_mail, stock_received,
};

#[test]
fn retried_handler_succeeds() {
    rooms()
        .given_command(book_room())
        .with_fault(
            Fault::handler::<GuestMailer>()
                .fails(ServerDown)
                .on_attempts(1..=4),
        )
        .when_time_passes(PAYMENT_TERM)
        .then(expect::attempts::<GuestMailer>(5))
        .then(expect::resource(|mailer: &FlakyMailer| {
            mailer.state().sent == ["ada"]
        }))
        .run();
}

#[test]
fn retry_follows_a_panic() {
    shop()
        .mode(Mode::Engine)
        .given_events(stock_received(100))
        .with_fault(Fault::handler::<InventoryEventHandler>().panics("out of memory"))
        .when(place_order())
        .then(expect::attempts::<InventoryEventHandler>(2))
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .run();
}

#[test]
fn inline_failure_is_not_retried() {
    shop()
        .given_events(stock_received(100))
        .with_fault(Fault::handler::<InventoryEventHandler>().panics("out of memory"))
        .when(place_order())
        .then(expect::handler_failed_with_message::<InventoryEventHandler>("out of memory"))
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 100)
        .unchanged()
        .run();
}

#[test]
fn conflict_is_a_lost_race_and_no_failed_attempt() {
    let outcome = shop()
        .mode(Mode::Engine)
        .given_events(stock_received(100))
        .with_fault(Fault::append("inventory-prod-1").conflicts())
        .when(place_order())
        .then(expect::attempts::<InventoryEventHandler>(1))
        .then(expect::handled_by::<InventoryEventHandler>().times(1))
        .then(expect::no_handler_failure::<InventoryEventHandler>())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .run();

    let times: Vec<_> = outcome
        .record()
        .entries()
        .iter()
        .map(|entry| entry.time)
        .collect();
    assert!(times.iter().all(|time| *time == times[0]), "no time passed");
}

/// The lost race is in the chain and the summary. It is no cause: the second call explains the state.
#[test]
fn report_shows_a_lost_race_and_does_not_blame_it() {
    let failure = shop()
        .given_events(stock_received(100))
        .with_fault(Fault::append("inventory-prod-1").conflicts())
        .when(place_order())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 100)
        .try_run()
        .expect_err("two are reserved");

    insta::assert_snapshot!(mask_line_numbers(&failure.to_string()), @r#"
    flow failed at step 4: then Inventory "prod-1" has      tests/it/engine/faults.rs:LINE

      expected  Inventory "prod-1" for which the closure returns true
      found     Inventory "prod-1" { product_id: "prod-1", available: 98, reserved: {"ord-1":2} }

    why    perhaps: InventoryEventHandler handled OrderPlaced and raised StockReserved, the last event to set `available`, `reserved`
           StockReceived from the test flow was the last event to set `product_id`

    story   1 given  StockReceived { product_id: "prod-1", quantity: 100 }
            2 fault  an append to inventory-prod-1 conflicts
            3 when   PlaceOrder { order_id: "ord-1", customer_id: "cust-1", .. }  accepted
            4 then   Inventory "prod-1" has                                       FAILED

    chain  PlaceOrder                          OrderCommandHandler  stored Order "ord-1"
           └ OrderPlaced                       order-ord-1 @1
             ├ InventoryEventHandler           lost a race: InventoryEventHandler could not write stream `inventory-prod-1`: expected the loa ..
             │ └ StockReserved                 rolled back
             ├ InventoryEventHandler           handled (after 1 lost race)   <- here
             │ └ StockReserved                 inventory-prod-1 @2
             │   ├ Fulfilment                  stored Fulfilment "ord-1"
             │   └ StockLevelProjector         wrote StockLevel "prod-1"
             ├ Fulfilment                      stored Fulfilment "ord-1"
             └ OrderDashboardProjector         wrote OrderDashboard "ord-1"

    end    nothing pending · no handlers failed · 1 race lost
    rerun  cargo test engine::faults::report_shows_a_lost_race_and_does_not_blame_it
    "#);
}

#[test]
fn cause_of_an_accepted_command_is_the_call_that_won() {
    let failure = rooms()
        .given_command(book_room())
        .with_fault(Fault::append("booking-b-1").conflicts())
        .when(pay_room())
        .then_rejected(BookingError::NotBooked(Status::Paid))
        .try_run()
        .expect_err("it is accepted");

    let cause = &failure.diagnosis().expect("there is a cause").cause;
    insta::assert_snapshot!(cause, @r#"BookingHandler handled PayRoom; effects: RoomPaid, Booking "b-1""#);
}

/// The command is a part of the unit of work that lost the race, so its first handling does not count.
#[test]
fn nested_command_in_a_lost_race_is_rolled_back() {
    shop()
        .given_events(stock_received(100))
        .given_command(place_order())
        .with_fault(Fault::append("order-ord-1").conflicts())
        .when_event(payment_received())
        .then(expect::handled_by::<OrderCommandHandler>().times(1))
        .run();
}

#[test]
fn conflict_in_every_try_fails_the_attempt() {
    shop()
        .mode(Mode::Engine)
        .given_events(stock_received(100))
        .with_fault(Fault::append("inventory-prod-1").conflicts().times(100))
        .when(place_order())
        .then(expect::attempts::<InventoryEventHandler>(2))
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .run();
}

#[test]
fn inline_handler_that_loses_races_is_called_again() {
    shop()
        .given_events(stock_received(100))
        .with_fault(Fault::append("inventory-prod-1").conflicts().times(99))
        .when(place_order())
        .then(expect::attempts::<InventoryEventHandler>(1))
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .run();
}

#[test]
fn failed_publish_is_retried() {
    shop()
        .mode(Mode::Engine)
        .given_events(stock_received(100))
        .with_fault(Fault::publish().fails().times(3))
        .when(place_order())
        .then_aggregate::<Inventory>("prod-1")
        .has(|inventory| inventory.available == 98)
        .then_settled()
        .run();
}

#[test]
fn crashed_engine_redelivers_an_unacknowledged_message() {
    rooms()
        .given_command(book_room())
        .with_fault(Fault::crash_after::<GuestMailer>().commits())
        .when_time_passes(PAYMENT_TERM)
        .then(expect::attempts::<GuestMailer>(1))
        .then(expect::resource(|mailer: &FlakyMailer| {
            mailer.state().sent == ["ada"]
        }))
        .then_projection::<Room>("b-1")
        .run();
}

#[test]
fn restarted_engine_loses_no_message() {
    rooms()
        .given_command(book_room())
        .with_fault(Fault::restart_after(1))
        .when_time_passes(PAYMENT_TERM)
        .then_handled_by::<RoomListProjector>()
        .times(1)
        .then_handled_by::<GuestMailer>()
        .times(1)
        .run();
}

#[test]
fn conflicting_command_fails() {
    let failure = rooms()
        .with_fault(Fault::append("booking-b-1").conflicts())
        .when(book_room())
        .then_accepted()
        .try_run()
        .expect_err("it conflicts");

    insta::assert_snapshot!(failure.mismatch(), @"
    expected  BookRoom is accepted
    found     BookRoom failed: BookingHandler could not write stream `booking-b-1`: expected the loaded version, found a newer version, from a scripted fault
    ");
}

#[test]
fn fault_that_is_never_reached_fails_the_flow() {
    let failure = shop()
        .mode(Mode::Engine)
        .given_events(stock_received(100))
        .with_fault(
            Fault::handler::<OrderCommandHandler>()
                .panics("never")
                .nth(2),
        )
        .when(place_order())
        .then_aggregate::<Order>("ord-1")
        .try_run()
        .expect_err("it is called once");

    insta::assert_snapshot!(failure.mismatch(), @"
    expected  the fault happens: OrderCommandHandler panics: never, at occurrence 2
    found     the run reached the point of the fault only once
    ");
}

#[test]
fn fault_after_the_act_fails() {
    let failure = shop()
        .when(place_order())
        .with_fault(Fault::handler::<OrderCommandHandler>().panics("too late"))
        .then_aggregate::<Order>("ord-1")
        .try_run()
        .expect_err("it was called before");

    insta::assert_snapshot!(failure.mismatch(), @"
    expected  the fault happens: OrderCommandHandler panics: too late
    found     the run never reached the point of the fault
              no act follows the fault: move the fault before the act
    ");
}

#[test]
fn engine_fault_fails_in_sync_mode() {
    let failure = shop()
        .with_fault(Fault::publish().fails())
        .when_event(stock_received(100))
        .then_settled()
        .try_run()
        .expect_err("nothing is published");

    insta::assert_snapshot!(failure.mismatch(), @"
    expected  the fault happens: publishing fails
    found     the run never reached the point of the fault
              the fault needs an engine, and `Mode::Sync` has none
    ");
}

#[test]
fn fault_of_an_unknown_handler_fails() {
    let failure = shop()
        .with_fault(Fault::handler::<BookingHandler>().panics("never"))
        .when_event(stock_received(100))
        .then_settled()
        .try_run()
        .expect_err("another domain");

    insta::assert_snapshot!(failure.mismatch(), @r"
    expected  a fault that can happen: BookingHandler panics: never
    found     there is no handler BookingHandler in the domain
    ");
}

#[rstest]
fn resource_fault_fails_one_call(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let outcome = shop_with_mail(FakeMailer::default)
        .mode(mode)
        .given_events(stock_received(100))
        .given_command(place_order())
        .with_fault(Fault::resource::<FakeMailer>().fails_at_call(1))
        .when_event(payment_received())
        .then(|_: &Outcome| Ok(()))
        .try_run();

    match mode {
        Mode::Engine => assert_eq!(
            outcome
                .expect("tried again")
                .resource::<FakeMailer>()
                .sent()
                .len(),
            1
        ),
        _ => assert!(outcome.is_err(), "inline it is not tried again"),
    }
}

#[test]
fn resource_fault_makes_the_handler_retry() {
    shop_with_mail(FakeMailer::default)
        .mode(Mode::Engine)
        .given_events(stock_received(100))
        .given_command(place_order())
        .with_fault(Fault::resource::<FakeMailer>().fails_at_call(1))
        .when_event(payment_received())
        .then(expect::attempts::<MailHandler>(2))
        .then_aggregate::<Order>("ord-1")
        .has(|order| order.status == OrderStatus::Confirmed)
        .run();
}

#[test]
fn story_shows_the_fault() {
    let outcome = rooms()
        .with_fault(
            Fault::handler::<RoomListProjector>()
                .fails(ServerDown)
                .times(2),
        )
        .when(book_room())
        .then_aggregate::<Booking>("b-1")
        .run();

    insta::assert_snapshot!(outcome.story(), @r#"
    1 fault  RoomListProjector fails: the mail server is down, 2 times
    2 when   BookRoom { booking_id: "b-1", guest: "ada" }               accepted
             clock +2s 537ms 400us to 2026-01-01T00:00:02.537400000Z: only waiting attempts were left
    3 then   Booking "b-1"                                              ok
    "#);
}
