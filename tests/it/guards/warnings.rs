//! Warnings: likely mistakes that do not fail the flow.

use ::booking::RoomReleased;
use ::shop::{OrderCancelled, OrderConfirmed, PaymentReceived};
use flow_harness::{outcome::Warning, prelude::*};

use crate::fixture::{
    Counted, ask, book_room, lab, mask_line_numbers, payment_received, place_order, rooms, shop,
    stock_received,
};

const NO_WARNINGS: [&str; 0] = [];

fn warning_texts(outcome: &Outcome) -> Vec<String> {
    outcome
        .warnings()
        .into_iter()
        .map(|warning| warning.text)
        .collect()
}

#[test]
fn then_no_event_warns_about_an_outside_event() {
    let line = line!() + 4;
    let outcome = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then(expect::no_event::<PaymentReceived>())
        .run();

    let warning: &Warning = &outcome.warnings()[0];
    assert_eq!(
        warning
            .location
            .expect("the warning is about a step")
            .line(),
        line
    );
    insta::assert_snapshot!(mask_line_numbers(&warning.to_string()), @"tests/it/guards/warnings.rs:LINE: no handler declares that it raises PaymentReceived (the event comes from outside the domain), so this expectation probably always passes. If a handler raises it, declare it in the routes: `.raises::<PaymentReceived>()`");
}

#[test]
fn then_no_event_of_a_declared_event_gives_no_warning() {
    let outcome = shop()
        .given_events(stock_received(5))
        .when(place_order())
        .then(expect::no_event::<OrderConfirmed>())
        .then(expect::no_event::<OrderCancelled>())
        .run();
    assert_eq!(warning_texts(&outcome), NO_WARNINGS);

    let outcome = rooms()
        .when(book_room())
        .then(expect::no_event::<RoomReleased>())
        .run();
    assert_eq!(warning_texts(&outcome), NO_WARNINGS);
}

#[test]
fn then_no_event_without_declarations_gives_no_warning() {
    // No handler of the lab declares what it raises.
    let outcome = lab()
        .when(ask("why?"))
        .then_no_events()
        .then(expect::no_event::<Counted>())
        .run();

    assert_eq!(warning_texts(&outcome), NO_WARNINGS);
}

#[test]
fn idle_engine_gives_a_warning() {
    let paused_without_messages = rooms()
        .paused()
        .given_command(book_room())
        .when_engine_runs()
        .then(expect::pending(0))
        .run();
    let not_paused = rooms()
        .when(book_room())
        .when_engine_runs()
        .then_settled()
        .run();
    let paused_with_messages = rooms()
        .paused()
        .when(book_room())
        .when_engine_runs()
        .then_settled()
        .run();

    insta::assert_snapshot!(warning_texts(&paused_without_messages).concat(), @"the engine had nothing to do");
    insta::assert_snapshot!(warning_texts(&not_paused).concat(), @"the engine had nothing to do: it runs after every act, unless the harness is `.paused()`");
    assert_eq!(warning_texts(&paused_with_messages), NO_WARNINGS);
}

/// An expectation that always warns.
struct WarningExpectation {
    passes: bool,
}

impl Expectation for WarningExpectation {
    fn describe(&self) -> String {
        "a warning".to_owned()
    }

    fn check(&self, _: &Outcome) -> Result<(), Mismatch> {
        if self.passes {
            return Ok(());
        }
        Err(Mismatch::new("to be met", "it is not"))
    }

    fn warning(&self, outcome: &Outcome) -> Option<String> {
        Some(format!("{} says nothing", outcome.last_act().name()))
    }
}

#[test]
fn custom_expectation_can_warn() {
    let outcome = shop()
        .when_event(payment_received())
        .then(WarningExpectation { passes: true })
        .run();

    assert_eq!(warning_texts(&outcome), ["PaymentReceived says nothing"]);
}

#[test]
fn custom_expectation_that_fails_does_not_warn() {
    let failure = shop()
        .when_event(payment_received())
        .then(WarningExpectation { passes: false })
        .try_run()
        .expect_err("the expectation fails");

    let outcome = failure.outcome().expect("the domain could be built");
    assert_eq!(warning_texts(outcome), NO_WARNINGS);
}
