//! What is no failure and may well be a mistake is a warning.

use ::booking::RoomReleased;
use ::shop::{OrderCancelled, OrderConfirmed, PaymentReceived};
use flow_harness::{prelude::*, run::Warning};

use crate::fixture::{
    Counted, ask, book, lab, mask_line_numbers, paid, place, received, rooms, shop,
};

fn warning_texts(outcome: &Outcome) -> Vec<String> {
    outcome
        .warnings()
        .into_iter()
        .map(|warning| warning.text)
        .collect()
}

#[test]
fn then_no_event_of_an_outside_event_is_a_warning() {
    let line = line!() + 4;
    let outcome = shop()
        .given_events(received(5))
        .when(place())
        .then_no_event::<PaymentReceived>()
        .run();

    let warning: &Warning = &outcome.warnings()[0];
    assert_eq!(warning.location.expect("it is about a step").line(), line);
    insta::assert_snapshot!(mask_line_numbers(&warning.to_string()), @"tests/guards/warnings.rs:LINE: no handler says that it raises PaymentReceived, for it comes from outside: that there is none is so whatever happens. If a handler does raise it, its routes say so with `.raises::<PaymentReceived>()`");
}

#[test]
fn then_no_event_of_a_declared_event_gives_no_warning() {
    let outcome = shop()
        .given_events(received(5))
        .when(place())
        .then_no_event::<OrderConfirmed>()
        .then_no_event::<OrderCancelled>()
        .run();
    assert_eq!(warning_texts(&outcome), [""; 0]);

    let outcome = rooms().when(book()).then_no_event::<RoomReleased>().run();
    assert_eq!(warning_texts(&outcome), [""; 0]);
}

#[test]
fn then_no_event_without_declarations_gives_no_warning() {
    let outcome = lab().when(ask("why?")).then_no_event::<Counted>().run();

    assert_eq!(warning_texts(&outcome), [""; 0]);
}

#[test]
fn idle_engine_is_a_warning() {
    let paused = rooms()
        .paused()
        .given_command(book())
        .when_engine_runs()
        .then_pending(0)
        .run();
    let unpaused = rooms().when(book()).when_engine_runs().then_settled().run();
    let busy = rooms()
        .paused()
        .when(book())
        .when_engine_runs()
        .then_settled()
        .run();

    insta::assert_snapshot!(warning_texts(&paused).concat(), @"the engine had nothing to do");
    insta::assert_snapshot!(warning_texts(&unpaused).concat(), @"the engine had nothing to do: it runs after every act, unless the harness is `.paused()`");
    assert_eq!(warning_texts(&busy), [""; 0]);
}

/// Warns in any case, and is met or not.
struct WarningExpectation(bool);

impl Expectation for WarningExpectation {
    fn describe(&self) -> String {
        "a warning".to_owned()
    }

    fn check(&self, _: &Outcome) -> Result<(), Mismatch> {
        let unmet = || Mismatch::new("to be met", "it is not");
        self.0.then_some(()).ok_or_else(unmet)
    }

    fn warning(&self, outcome: &Outcome) -> Option<String> {
        Some(format!("{} says nothing", outcome.last_act().name()))
    }
}

#[test]
fn custom_expectation_can_warn() {
    let outcome = shop()
        .when_event(paid())
        .then(WarningExpectation(true))
        .run();

    assert_eq!(warning_texts(&outcome), ["PaymentReceived says nothing"]);
}

#[test]
fn custom_expectation_that_fails_does_not_warn() {
    let failure = shop()
        .when_event(paid())
        .then(WarningExpectation(false))
        .try_run()
        .expect_err("it is not met");

    let outcome = failure.outcome().expect("the domain could be built");
    assert_eq!(warning_texts(outcome), [""; 0]);
}
