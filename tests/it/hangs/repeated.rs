//! What repeats a flow, a cycle or a check has a bound, too.

use std::sync::atomic::{AtomicUsize, Ordering};

use flow_domain::{
    Aggregate, Domain, Error, Event, EventHandler, EventRoutes, PendingEvents, RetryPolicy,
    UnitOfWork, WiringErrors, handler::CircuitBreaker,
};
use flow_harness::{
    fault::{Fault, StepFault},
    prelude::*,
};
use serde::{Deserialize, Serialize};

use crate::fixture::{Tally, counted, lab, mismatch};

#[test]
fn fault_at_every_step_has_a_bound() {
    for fault in [StepFault::Fails, StepFault::Restarts] {
        let flow = lab()
            .mode(Mode::Engine)
            .budget(50)
            .when_event(counted(3))
            .when_redelivered(10);
        let text = mismatch(flow.then_settled().fault_at_every_step(fault));

        insta::allow_duplicates! {
            insta::assert_snapshot!(text, @"
            expected  at most 500 deliveries in all runs, which is 10 times the budget
            found     10816 deliveries: 104 runs, each with 104 deliveries
                      Write a shorter flow, inject one fault with `.with_fault(..)`, or allow more with `.budget(..)`
            ");
        }
    }
}

#[test]
fn idle_engine_cycles_end() {
    let paused = || lab().mode(Mode::Engine).paused();

    paused()
        .when_event(counted(0))
        .when_engine_cycles(usize::MAX)
        .then_settled()
        .run();
}

/// Reads rows that do not exist, one after the other, and may ignore that it fails.
#[derive(Debug)]
struct EndlessReader {
    ignores_failures: bool,
}

impl Expectation for EndlessReader {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        for nth in 0.. {
            let row = expect::projection::<Tally>(format!("t-{nth}")).absent();
            let result = row.check(outcome);
            if !self.ignores_failures {
                result?;
            }
        }
        Ok(())
    }

    fn describe(&self) -> String {
        "no rows".to_owned()
    }
}

/// Reads this number of rows that do not exist, and counts its checks.
#[derive(Debug)]
struct Reader(usize, AtomicUsize);

impl Expectation for Reader {
    fn check(&self, outcome: &Outcome) -> Result<(), Mismatch> {
        self.1.fetch_add(1, Ordering::Relaxed);
        for nth in 0..self.0 {
            let row = expect::projection::<Tally>(format!("t-{nth}")).absent();
            row.check(outcome)?;
        }

        let n_checks = self.1.load(Ordering::Relaxed);
        assert_eq!(n_checks, 1, "each check repeats all reads");
        Ok(())
    }

    fn describe(&self) -> String {
        "no rows".to_owned()
    }
}

#[test]
fn expectation_reads_many_states_in_one_check() {
    for mode in [Mode::Sync, Mode::Engine] {
        let reader = Reader(10_000, AtomicUsize::new(0));
        lab().mode(mode).when_event(counted(0)).then(reader).run();
    }
}

#[test]
fn expectation_that_reads_for_ever_ends() {
    for (mode, ignores_failures) in [
        (Mode::Sync, false),
        (Mode::Sync, true),
        (Mode::Engine, false),
        (Mode::Engine, true),
    ] {
        let reader = EndlessReader { ignores_failures };
        let text = mismatch(lab().mode(mode).when_event(counted(0)).then(reader));

        insta::allow_duplicates! {
            insta::assert_snapshot!(text, @"
            expected  an expectation that reads at most 10000 states
            found     it asks for another state
                      End the loop that reads states, or split the step. To check all rows, add `.then(expect::projections::<P>())`
            ");
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "parcel", id = parcel_id)]
struct Sent {
    parcel_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "truck", id = truck_id)]
struct Filled {
    truck_id: String,
    n_parcels: usize,
}

/// Sends all parcels of a truck.
struct Sender;

impl EventHandler for Sender {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_filled);
    }
}

impl Sender {
    async fn on_filled(&self, filled: Filled, work: &mut UnitOfWork) -> Result<(), Error> {
        for nth in 0..filled.n_parcels {
            let parcel_id = format!("p-{nth}");
            work.raise(Sent { parcel_id })?;
        }
        Ok(())
    }
}

/// Loses each parcel. Its circuit breaker opens after a few.
struct Loser;

impl EventHandler for Loser {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_sent);
        on.subscription()
            .retry(RetryPolicy::never())
            .circuit_breaker(Some(CircuitBreaker::DEFAULT));
    }
}

impl Loser {
    async fn on_sent(&self, _: Sent, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(Error::failed("the delivery", "the parcel is lost"))
    }
}

fn post() -> Result<Domain, WiringErrors> {
    Domain::builder("post")
        .event_from_outside::<Filled>()
        .event_from_outside::<Sent>()
        .event_handler(Sender)
        .event_handler(Loser)
        .build()
}

#[test]
fn many_failures_with_a_circuit_breaker_end() {
    FlowHarness::new(post)
        .mode(Mode::Engine)
        .when_event(Filled {
            truck_id: "t-1".into(),
            n_parcels: 1_000,
        })
        .then(expect::dead_letters().count(1_000))
        .run();
}

/// Writes a state, and never stops to try it.
struct Rival;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = seat_id, events(Taken))]
struct Seat {
    seat_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Seat, id = seat_id)]
struct Taken {
    seat_id: String,
}

impl EventHandler for Rival {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_sent);
        on.subscription()
            .retry(RetryPolicy::never())
            .conflict_tries(u32::MAX);
    }
}

impl Rival {
    async fn on_sent(&self, _: Sent, work: &mut UnitOfWork) -> Result<(), Error> {
        let seat_id = "s-1".to_owned();
        let found: Option<Seat> = work.find(&seat_id).await?;
        let mut seat = found.unwrap_or_default();
        seat.seat_id.clone_from(&seat_id);
        seat.raise(Taken { seat_id });
        work.add(seat)
    }
}

#[test]
fn conflicts_without_an_end_stop() {
    let theatre = || {
        Domain::builder("theatre")
            .aggregate::<Seat>()
            .event_from_outside::<Sent>()
            .event_handler(Rival)
            .build()
    };

    for mode in [Mode::Sync, Mode::Engine] {
        let flow = FlowHarness::new(theatre)
            .mode(mode)
            .with_fault(Fault::append("seat-s-1").conflicts().times(u32::MAX))
            .when_event(Sent {
                parcel_id: "p-1".into(),
            });
        let text = mismatch(flow.then_settled());

        assert!(
            text.contains("all 10000 tries met a conflict"),
            "{mode:?}: {text}"
        );
    }
}
