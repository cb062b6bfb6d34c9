//! Runs that are long and do end.

use std::time::Duration;

use flow_harness::prelude::*;

use crate::{
    fixture::mismatch,
    hangs::wheel::{Later, later, wheels},
};

const HOUR: Duration = Duration::from_secs(3_600);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

#[test]
fn year_of_hourly_timers_passes_by_default() {
    for mode in [Mode::Sync, Mode::Engine] {
        FlowHarness::new(wheels)
            .mode(mode)
            .when(later(HOUR))
            .when_time_passes(YEAR)
            .then(expect::scheduled::<Later>())
            .run();
    }
}

#[test]
fn longer_run_says_how_to_raise_the_budget() {
    for mode in [Mode::Sync, Mode::Engine] {
        let wheels = FlowHarness::new(wheels).mode(mode);
        let flow = |wheels: &FlowHarness| {
            let flow = wheels.when(later(HOUR / 2)).when_time_passes(YEAR);
            flow.then(expect::scheduled::<Later>())
        };

        let text = mismatch(flow(&wheels));
        assert!(
            text.contains("raise the budget with `.budget(..)`"),
            "{text}"
        );

        flow(&wheels.budget(20_000)).run();
    }
}
