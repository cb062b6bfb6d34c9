//! Long chains and endless chains.

use flow_harness::prelude::*;
use rstest::rstest;

use crate::fixture::{Countdown, Counted, counted, lab};

#[rstest]
fn long_chain_runs_to_its_end(#[values(Mode::Sync, Mode::Engine, Mode::Differential)] mode: Mode) {
    let outcome = lab()
        .mode(mode)
        .when_event(counted(1_000))
        .then_event(counted(0))
        .then_handled_by::<Countdown>()
        .times(1_001)
        .run();

    assert_eq!(outcome.events_of::<Counted>().len(), 1_000);
}

#[test]
fn endless_chain_is_stopped_and_named() {
    let failure = lab()
        .mode(Mode::Engine)
        .budget(20)
        .when_event(counted(1_000))
        .then_settled()
        .try_run()
        .expect_err("over the budget");

    insta::assert_snapshot!(failure.mismatch(), @"
    expected  the flow settles
    found     the flow did not settle within 20 deliveries
              busy     Countdown, called 20 times
              cycle    Counted -> Countdown -> Counted, repeated 20 times
              pending  Countdown on Counted
              fix      break the cycle, or raise the budget with `.budget(..)` if the flow really is this long
    ");
}
