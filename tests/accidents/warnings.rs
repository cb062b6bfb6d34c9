//! What is no failure and may well be a mistake is a warning.

use ::booking::RoomReleased;
use ::shop::{OrderCancelled, OrderConfirmed, PaymentReceived};
use flow_harness::{prelude::*, run::Warning};

use crate::fixture::{Counted, ask, book, lab, paid, place, received, rooms, shop, without_lines};

fn texts(outcome: &Outcome) -> Vec<String> {
    let warnings = outcome.warnings().into_iter();
    warnings.map(|warning| warning.text).collect()
}

#[test]
fn that_there_is_no_event_that_no_handler_can_raise_is_a_warning() {
    let line = line!() + 4;
    let outcome = shop()
        .given_events(received(5))
        .when(place())
        .then_no_event::<PaymentReceived>()
        .run();

    let warning: &Warning = &outcome.warnings()[0];
    assert_eq!(warning.location.expect("it is about a step").line(), line);
    insta::assert_snapshot!(without_lines(&warning.to_string()), @"tests/accidents/warnings.rs:LINE: no handler says that it raises PaymentReceived, for it comes from outside: that there is none is so whatever happens. If a handler does raise it, its routes say so with `.raises::<PaymentReceived>()`");
}

#[test]
fn an_event_that_a_handler_says_it_raises_is_worth_to_be_missed() {
    let outcome = shop()
        .given_events(received(5))
        .when(place())
        .then_no_event::<OrderConfirmed>()
        .then_no_event::<OrderCancelled>()
        .run();
    assert_eq!(texts(&outcome), [""; 0]);

    let outcome = rooms().when(book()).then_no_event::<RoomReleased>().run();
    assert_eq!(texts(&outcome), [""; 0]);
}

#[test]
fn where_handlers_do_not_say_what_they_raise_nothing_is_known() {
    let outcome = lab().when(ask("why?")).then_no_event::<Counted>().run();

    assert_eq!(texts(&outcome), [""; 0]);
}

#[test]
fn an_engine_that_had_nothing_to_do_is_a_warning() {
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

    insta::assert_snapshot!(texts(&paused).concat(), @"the engine had nothing to do");
    insta::assert_snapshot!(texts(&unpaused).concat(), @"the engine had nothing to do: it runs after every act, unless the harness is `.paused()`");
    assert_eq!(texts(&busy), [""; 0]);
}

/// Warns in any case, and is met or not.
struct Warns(bool);

impl Expectation for Warns {
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
fn an_expectation_of_ones_own_can_warn() {
    let outcome = shop().when_event(paid()).then(Warns(true)).run();

    assert_eq!(texts(&outcome), ["PaymentReceived says nothing"]);
}

#[test]
fn an_expectation_that_is_not_met_fails_and_does_not_warn() {
    let failure = shop()
        .when_event(paid())
        .then(Warns(false))
        .try_run()
        .expect_err("it is not met");

    let outcome = failure.outcome().expect("the domain could be built");
    assert_eq!(texts(outcome), [""; 0]);
}
