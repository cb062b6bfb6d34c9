//! An expectation that cannot fail, or that covers more than it checks.

use ::booking::{BookingHandler, ServerDown};
use ::shop::{OrderDashboard, OrderError, OrderStatus};
use flow_domain::model::{AnyCommand, IntoMessages};
use flow_harness::{
    outcome::{Problem, ProblemKind},
    prelude::*,
};

use crate::fixture::{
    book_room, dashboard, masked_panic_text, mismatch, place_order, place_order_with_id, rooms,
    rooms_with_mail_down, shop, stock_received,
};

#[test]
fn rejected_covers_only_the_command_that_it_checks() {
    fn flow(
        commands: impl IntoMessages<AnyCommand>,
    ) -> flow_harness::Flow<'static, flow_harness::flow::Acted> {
        shop()
            .given_events(stock_received(9))
            .given_command(place_order_with_id("ord-1"))
            .when_all(commands)
            .then_rejected(OrderError::AlreadyPlaced)
    }
    let (new, again) = (place_order_with_id("ord-2"), place_order_with_id("ord-1"));

    flow((new.clone(), again.clone())).run();
    insta::assert_snapshot!(mismatch(flow((again.clone(), again))), @"
    expected  no problem, or a `then` that covers it
    found     PlaceOrder was rejected: the order is already placed
              If the test expects this, add `.then_rejected(..)`
    ");
}

#[test]
fn dead_letters_do_not_cover_a_failed_command() {
    let flow = rooms()
        .with_fault(Fault::handler::<BookingHandler>().fails(ServerDown))
        .when(book_room())
        .then(ExpectNothing(expect::dead_letters()));

    insta::assert_snapshot!(mismatch(flow), @"
    expected  no problem, or a `then` that covers it
    found     BookRoom failed: the scripted attempt failed: the mail server is down
              If the test expects this, add `.then(expect::handler_failed::<BookingHandler>(..))`
    ");
}

/// Covers what the inner expectation covers, and checks nothing.
struct ExpectNothing<X>(X);

impl<X: Expectation> Expectation for ExpectNothing<X> {
    fn check(&self, _: &Outcome) -> Result<(), Mismatch> {
        Ok(())
    }

    fn covers(&self, problem: &Problem<'_>, outcome: &Outcome) -> bool {
        self.0.covers(problem, outcome)
    }
}

#[test]
fn nothing_pending_in_one_place_does_not_cover_other_places() {
    let flow = rooms_with_mail_down(0)
        .paused()
        .when(book_room())
        .then(expect::pending(0).for_handler::<::booking::GuestMailer>());

    insta::assert_snapshot!(mismatch(flow), @"
    expected  nothing pending at the end of the flow
    found     the outbox has 1 message to publish
              End the flow with `.when_engine_runs()` and an expectation. If the test expects pending messages, add `.then(expect::pending(..))`
    ");
}

#[test]
fn none_does_not_waive_the_change_for_other_checks() {
    let flow = shop()
        .given_command(place_order())
        .when_event(stock_received(1))
        .then(
            expect::projections::<OrderDashboard>()
                .any(|row| row.status == OrderStatus::Cancelled)
                .none(|row| row.status == OrderStatus::Placed),
        );

    insta::assert_snapshot!(mismatch(flow), @"
    expected  rows of OrderDashboard, changed by an act
    found     the rows are from before the first act, and no act changed any of them: the step would pass without any act
              If the test expects this, add `.unchanged()`
    ");
}

#[test]
fn like_needs_a_field() {
    let flow = shop()
        .given_events(stock_received(9))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .like(json!({}));

    insta::assert_snapshot!(mismatch(flow), @"
    expected  at least one field to compare
    found     an empty object, which every state is like
    ");
}

#[test]
fn like_of_another_shape_names_the_whole_value() {
    let flow = shop()
        .given_events(stock_received(9))
        .when(place_order())
        .then_projection::<OrderDashboard>("ord-1")
        .like(json!([]));

    let failure = flow.try_run().unwrap_err();

    let cause = failure.diagnosis().unwrap().cause.to_string();
    assert!(
        cause.ends_with("was the last to set the whole value"),
        "{cause}"
    );
}

#[test]
fn accepted_count_needs_commands() {
    let flow = shop()
        .given_nothing()
        .when_time_passes(std::time::Duration::from_secs(1))
        .then(expect::accepted_count(1));

    insta::assert_snapshot!(mismatch(flow), @"
    expected  commands of a `.when_all(..)`
    found     one act
              Expect its result with `.then_accepted()` or `.then_rejected(..)`
    ");
}

/// Covers and checks what a tuple does.
struct RejectedWithoutEvents;

impl RejectedWithoutEvents {
    fn parts() -> impl Expectation {
        (
            expect::rejected(OrderError::AlreadyPlaced),
            expect::no_events(),
        )
    }
}

impl Expectation for RejectedWithoutEvents {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        Self::parts().check(outcome)
    }

    fn covers(&self, problem: &Problem<'_>, outcome: &Outcome) -> bool {
        assert_eq!(problem.kind, ProblemKind::Rejection);
        Self::parts().covers(problem, outcome)
    }
}

#[test]
fn tuple_in_an_expectation_covers_its_problems() {
    shop()
        .given_events(stock_received(9))
        .given_command(place_order())
        .when(place_order())
        .then(RejectedWithoutEvents)
        .run();
}

#[test]
fn stored_state_is_not_read_outside_of_then() {
    let outcome = shop()
        .given_events(stock_received(9))
        .when(place_order())
        .then_accepted()
        .run();

    let row = expect::projection::<OrderDashboard>("ord-1").is(dashboard(OrderStatus::Placed));
    insta::assert_snapshot!(row.check(&outcome).unwrap_err(), @r#"
    expected  OrderDashboard "ord-1"
    found     not read, because only a `then` reads stored states
    "#);
}

mod unit {
    use ::shop::{Inventory, Order};
    use flow_domain::Error;

    use super::*;
    use crate::fixture::draft;

    #[track_caller]
    fn check_does_not_apply(expectation: impl Expectation) {
        let text = masked_panic_text(|| {
            unit::<Order>()
                .given_aggregate(draft())
                .when(Order::place)
                .then(expectation)
        });

        assert!(text.contains("a unit test has no handlers"), "{text}");
    }

    #[test]
    fn unit_test_has_no_handlers() {
        check_does_not_apply(expect::pending(0));
        check_does_not_apply(expect::pending(0).in_outbox());
        check_does_not_apply(expect::dead_letters().none());
        check_does_not_apply(expect::commands(place_order()));
        check_does_not_apply(expect::no_commands());
        check_does_not_apply(expect::no_handler_failure::<::shop::OrderCommandHandler>());
        check_does_not_apply(expect::accepted_count(1));
        check_does_not_apply(expect::not_scheduled::<::shop::CancelOrder>());
        check_does_not_apply(expect::chain(["PlaceOrder", "OrderPlaced"]));
        check_does_not_apply(expect::handled_by::<::shop::OrderCommandHandler>());
    }

    #[test]
    fn unit_test_has_one_aggregate() {
        let text = masked_panic_text(|| {
            unit::<Order>()
                .given_aggregate(draft())
                .when(Order::place)
                .then(expect::aggregate::<Order>("ord-2").absent())
        });

        insta::assert_snapshot!(text, @r#"
        unit test of Order failed: then Order "ord-2" absent      tests/it/guards/expectations.rs:LINE

          expected  Order "ord-2"
          found     a unit test has only Order "ord-1"; use a `FlowHarness` for more
        "#);
    }

    #[test]
    fn unit_unchanged_compares_with_the_state_before() {
        unit::<Order>()
            .given_aggregate(draft())
            .when(Order::confirm)
            .then((
                expect::rejected_matching(|_: &OrderError| true),
                expect::aggregate::<Order>("ord-1").unchanged(),
            ));

        let text = masked_panic_text(|| {
            unit::<Inventory>()
                .given_nothing()
                .when(|inventory| inventory.receive(5))
                .then(expect::aggregate::<Inventory>("").unchanged())
        });
        insta::assert_snapshot!(text, @r#"
        unit test of Inventory failed: then Inventory "" unchanged      tests/it/guards/expectations.rs:LINE

          expected  Inventory "" { product_id: "", available: 0, reserved: {} }, as before the last act
          found     Inventory "" { product_id: "", available: 5, reserved: {} }
                    available  expected 0, found 5
        "#);
    }

    #[test]
    fn unit_failure_cannot_be_expected() {
        let text = masked_panic_text(|| {
            drop(
                unit::<Order>()
                    .given_aggregate(draft())
                    .when(|_| Err::<(), Error>(Error::setup("the disk is full")))
                    .then_no_events(),
            );
        });

        insta::assert_snapshot!(text, @"
        Order failed, and no `then` can cover it      tests/it/guards/expectations.rs:LINE

          expected  no problem, or a `then` that covers it
          found     the method failed: the disk is full
                    Only a rejection can be expected: let the method return a `Rejection`
        ");
    }
}
