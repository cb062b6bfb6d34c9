//! An expectation that is met before the act, and that no act changed.

use ::booking::{PAYMENT_TERM, ReleaseRoom, RoomReleased};
use ::shop::{Inventory, Order, OrderError};
use flow_harness::{
    flow::{Acted, Given},
    prelude::*,
    unit::UnitGiven,
};
use rstest::rstest;

use crate::fixture::{
    FakeMailer, FlakyMailer, book_room, draft, masked_panic_text, mismatch, payment_received,
    place_order, remind, rooms, shop_with_mail, sign_ups, signed_up, stock_received,
};

/// A room is booked, and another one was released.
fn booked(mode: Mode) -> Flow<'static, Given> {
    rooms()
        .mode(mode)
        .given_command(book_room())
        .given_command(::booking::BookRoom {
            booking_id: "b-2".into(),
            guest: "bob".into(),
        })
}

/// An act that is not about what is scheduled for `b-1`.
fn pay_twice(mode: Mode) -> Flow<'static, Acted> {
    let pay = || ::booking::PayRoom {
        booking_id: "b-2".into(),
    };

    booked(mode)
        .given_command(pay())
        .when(pay())
        .then(expect::rejected_matching(|_: &::booking::BookingError| {
            true
        }))
}

fn warnings(flow: Flow<'_, Acted>) -> String {
    let warnings = flow.run().warnings().into_iter();
    let texts: Vec<String> = warnings.map(|warning| warning.text).collect();

    texts.join("\n")
}

#[rstest]
fn given_schedule_needs_an_act(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let released = || {
        sign_ups()
            .mode(mode)
            .given_events(signed_up(60))
            .when(remind("bob"))
    };
    let scheduled = released().then(expect::scheduled::<crate::fixture::Remind>());
    let times = released().then(expect::scheduled_times::<crate::fixture::Remind>(1));

    insta::allow_duplicates! {
        insta::assert_snapshot!(mismatch(scheduled), @"
        expected  Remind is scheduled, because of an act
        found     it is scheduled from before the first act, and no act changed that: the step would pass without any act
                  If the test expects this, add `.unchanged()`
        ");
        insta::assert_snapshot!(mismatch(times), @"
        expected  Remind is scheduled 1 time, because of an act
        found     it is scheduled from before the first act, and no act changed that: the step would pass without any act
                  If the test expects this, add `.unchanged()`
        ");
    }
    released()
        .then(expect::scheduled::<crate::fixture::Remind>().unchanged())
        .then(expect::scheduled_times::<crate::fixture::Remind>(1).unchanged())
        .run();
}

#[rstest]
fn changed_schedule_is_not_unchanged(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let cancelled = booked(mode).when(::booking::PayRoom {
        booking_id: "b-2".into(),
    });
    let flow = cancelled.then(expect::scheduled::<ReleaseRoom>().unchanged());

    insta::allow_duplicates! {
        insta::assert_snapshot!(mismatch(flow), @"
        expected  ReleaseRoom is scheduled, as before the last act
        found     the last act scheduled, cancelled or delivered one
        ");
    }
}

#[rstest]
fn schedule_that_an_act_changes_passes(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let cancelled = booked(mode).when(::booking::PayRoom {
        booking_id: "b-2".into(),
    });
    let still_scheduled = booked(mode).when_time_passes(PAYMENT_TERM / 2);

    for flow in [cancelled, still_scheduled, pay_twice(mode)] {
        flow.then(expect::scheduled::<ReleaseRoom>()).run();
    }
}

#[rstest]
fn resource_that_is_met_by_a_fresh_one_is_a_warning(
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let flow = || rooms().mode(mode).when(book_room());
    let any = flow().then(expect::resource(|_: &FlakyMailer| true));
    let unchanged = flow()
        .then(expect::resource(|mailer: &FlakyMailer| mailer.state().sent.is_empty()).unchanged());
    let of_rejected = pay_twice(mode).then(expect::resource(|_: &FlakyMailer| true));

    insta::allow_duplicates! {
        insta::assert_snapshot!(warnings(any), @"the `Debug` text of FlakyMailer is as before the acts, so this expectation may pass without them. If the test expects this, add `.unchanged()`");
    }
    assert_eq!(warnings(unchanged), "");
    assert_eq!(warnings(of_rejected), "");
}

#[rstest]
fn closure_that_panics_on_a_fresh_resource_does_no_harm(
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let first_guest = |mailer: &FlakyMailer| {
        let state = mailer.state();
        state.sent[0] == "ada"
    };

    let flow = rooms()
        .mode(mode)
        .given_command(book_room())
        .when_time_passes(PAYMENT_TERM)
        .then(expect::event_matching(|event: &RoomReleased| {
            event.guest == "ada"
        }))
        .then(expect::resource(first_guest));

    assert_eq!(warnings(flow), "");
}

/// The given step has sent the mail, and the act sends nothing.
#[rstest]
fn resource_that_only_given_steps_changed_is_a_warning(
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    let has_sent = |mailer: &FakeMailer| mailer.sent().len() == 1;
    let paid = || {
        shop_with_mail(FakeMailer::default)
            .mode(mode)
            .given_events(stock_received(5))
            .given_command(place_order())
            .given_events(payment_received())
            .when_event(stock_received(7))
    };
    let unchanged = paid().then(expect::resource(has_sent).unchanged());

    insta::allow_duplicates! {
        insta::assert_snapshot!(warnings(paid().then(expect::resource(has_sent))), @"the `Debug` text of FakeMailer is as before the acts, so this expectation may pass without them. If the test expects this, add `.unchanged()`");
    }
    assert_eq!(warnings(unchanged), "");
}

#[test]
fn resource_that_an_act_changes_is_not_unchanged() {
    let paid = || {
        shop_with_mail(FakeMailer::default)
            .given_events(stock_received(5))
            .given_command(place_order())
            .when_event(payment_received())
    };
    let has_sent = |mailer: &FakeMailer| mailer.sent().len() == 1;
    let unchanged = paid().then(expect::resource(has_sent).unchanged());

    assert_eq!(warnings(paid().then(expect::resource(has_sent))), "");
    insta::assert_snapshot!(warnings(unchanged), @"the acts changed the `Debug` text of FakeMailer: remove `.unchanged()`");
}

fn stocked() -> UnitGiven<Inventory> {
    unit::<Inventory>().given_events(stock_received(5))
}

#[test]
fn unit_check_of_an_unchanged_aggregate_fails() {
    let same = || {
        let mut inventory = Inventory::empty("prod-1");
        inventory.receive(5);
        inventory
    };
    let texts = [
        masked_panic_text(|| drop(stocked().when(|_| ()).has(|stock| stock.available == 5))),
        masked_panic_text(|| drop(stocked().when(|_| ()).like(json!({ "available": 5 })))),
        masked_panic_text(|| drop(stocked().when(|_| ()).then_no_events().is(same()))),
        masked_panic_text(|| {
            let placed = unit::<Order>().given_aggregate(draft());
            let unchanged = placed.when(|_| Ok::<(), OrderError>(())).then_accepted();
            unchanged.has(|order| order.quantity == 2).aggregate()
        }),
    ];

    insta::assert_snapshot!(texts.join("\n\n"), @r#"
    unit test of Inventory failed: then Inventory "prod-1" has      tests/it/guards/met_before_acts.rs:LINE

      expected  Inventory, changed by the method
      found     the method changed nothing: the assertion would pass without it
                If the test expects this, add `.unchanged()`

    unit test of Inventory failed: then Inventory "prod-1" like      tests/it/guards/met_before_acts.rs:LINE

      expected  Inventory, changed by the method
      found     the method changed nothing: the assertion would pass without it
                If the test expects this, add `.unchanged()`

    unit test of Inventory failed: then Inventory "prod-1" is      tests/it/guards/met_before_acts.rs:LINE

      expected  Inventory, changed by the method
      found     the method changed nothing: the assertion would pass without it
                If the test expects this, add `.unchanged()`

    unit test of Order failed: then Order "ord-1" has      tests/it/guards/met_before_acts.rs:LINE

      expected  Order, changed by the method
      found     the method changed nothing: the assertion would pass without it
                If the test expects this, add `.unchanged()`
    "#);
}

#[test]
fn unit_check_says_that_nothing_changes() {
    let empty = || stocked().when(|stock| stock.release("ord-1"));

    empty().has(|stock| stock.available == 5).unchanged();
    empty().unchanged().like(json!({ "available": 5 }));
    empty().unchanged();
    unit::<Order>()
        .given_aggregate(draft())
        .when(Order::confirm)
        .then(expect::rejected_matching(|_: &OrderError| true))
        .has(|order| order.quantity == 2);

    let text = masked_panic_text(|| stocked().when(|stock| stock.receive(1)).unchanged());
    insta::assert_snapshot!(text, @r#"
    unit test of Inventory failed: then Inventory "prod-1" unchanged      tests/it/guards/met_before_acts.rs:LINE

      expected  Inventory "prod-1" { product_id: "prod-1", available: 5, reserved: {} }, as before the last act
      found     Inventory "prod-1" { product_id: "prod-1", available: 6, reserved: {} }
                available  expected 5, found 6
    "#);
}

#[test]
fn unit_method_that_cannot_reject_is_always_accepted() {
    let texts = [
        masked_panic_text(|| stocked().when(|stock| stock.receive(1)).then_accepted()),
        masked_panic_text(|| stocked().when(|stock| stock.receive(1)).then_reply(())),
        masked_panic_text(|| {
            let received = stocked().when(|stock| stock.receive(1));
            received.then(expect::settled())
        }),
    ];

    insta::assert_snapshot!(texts.join("\n\n"), @"
    unit test of Inventory failed: then accepted      tests/it/guards/met_before_acts.rs:LINE

      expected  an expectation that can fail
      found     the method returns no `Result`, so it is always accepted
                Expect what it changes: `.then_events(..)`, `.then_no_events()` or `.has(..)`

    unit test of Inventory failed: then reply ()      tests/it/guards/met_before_acts.rs:LINE

      expected  an expectation that can fail
      found     the method returns no `Result`, so it is always accepted
                Expect what it changes: `.then_events(..)`, `.then_no_events()` or `.has(..)`

    unit test of Inventory failed: then settled      tests/it/guards/met_before_acts.rs:LINE

      expected  an expectation that can fail
      found     the method returns no `Result`, so it is always accepted
                Expect what it changes: `.then_events(..)`, `.then_no_events()` or `.has(..)`
    ");
}
