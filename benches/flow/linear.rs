//! Measures whether the cost of a delivery depends on how many there are, and what a harness of its
//! own costs a test.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    UnitOfWork, WiringErrors,
};
use flow_harness::{Flow, FlowFailure, FlowHarness, expect::aggregate, flow::Acted, prelude::*};
use serde::{Deserialize, Serialize};

use crate::{
    measure::{fastest_rounds, figure, ratio},
    place_order,
};

const MINUTE: Duration = Duration::from_secs(60);

/// An aggregate that beats once a minute, for ever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Beat), events(Beaten))]
struct Heart {
    id: String,
    n_beats: u32,
    #[serde(skip)]
    pending_events: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Heart, id = id)]
struct Beat {
    id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Heart, id = id)]
struct Beaten {
    id: String,
}

struct HeartHandler;

impl CommandHandler for HeartHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::beat).raises::<Beaten>();
    }
}

impl HeartHandler {
    async fn beat(&self, command: Beat, work: &mut UnitOfWork) -> Result<(), Error> {
        let found = work.find::<Heart>(&command.id).await?;
        let mut heart = found.unwrap_or_else(|| Heart {
            id: command.id.clone(),
            n_beats: 0,
            pending_events: PendingEvents::default(),
        });

        heart.n_beats += 1;
        heart.raise(Beaten {
            id: command.id.clone(),
        });
        work.process_after(MINUTE, Beat { id: command.id })?;
        work.add(heart)
    }
}

fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("body")
        .aggregate::<Heart>()
        .command_handler(HeartHandler)
        .build()
}

/// The time of each part of a flow.
struct Times {
    run: Duration,
    fail: Duration,
    print: Duration,
}

pub(crate) fn measure(quick: bool) {
    let rounds = if quick { 1 } else { 10 };
    let (few, many) = if quick { (10, 100) } else { (1_000, 10_000) };

    for (mode, name) in [(Mode::Sync, "sync"), (Mode::Engine, "engine")] {
        let harness = FlowHarness::new(domain).mode(mode).budget(1_000_000);
        let of_few = fastest_times(&harness, few, rounds);
        let of_many = fastest_times(&harness, many, rounds);

        figure(
            &format!("{name}-fail-and-print-10000"),
            of_many.fail + of_many.print,
        );
        for (part, many, few) in [
            ("run", of_many.run, of_few.run),
            ("fail", of_many.fail, of_few.fail),
            ("print", of_many.print, of_few.print),
        ] {
            let name = format!("{name}-{part}-10000-over-1000-per-delivery");
            ratio(&name, many / 10, few);
        }

        measure_own_harness(mode, name, quick);
    }
}

/// Compares a harness that each flow makes for itself with one that all flows share.
fn measure_own_harness(mode: Mode, name: &str, quick: bool) {
    let (rounds, n_flows) = if quick { (1, 10) } else { (30, 1_000) };
    let shared = FlowHarness::new(place_order::domain).mode(mode);

    let [own, shared] = fastest_rounds(
        rounds,
        n_flows,
        [
            &mut || place_order::flow(&FlowHarness::new(place_order::domain).mode(mode)),
            &mut || place_order::flow(&shared),
        ],
    );
    ratio(&format!("{name}-own-harness-over-shared"), own, shared);
}

/// Returns the time of each part in its fastest round.
fn fastest_times(harness: &FlowHarness, n: u32, rounds: usize) -> Times {
    let mut best = Times {
        run: Duration::MAX,
        fail: Duration::MAX,
        print: Duration::MAX,
    };
    for _ in 0..rounds {
        let (run, ()) = timed(|| drop(beats(harness, n, n + 1).run()));
        let (fail, failure) = timed(|| fail(harness, n));
        let (print, _) = timed(|| black_box(failure.to_string()));

        best.run = best.run.min(run);
        best.fail = best.fail.min(fail);
        best.print = best.print.min(print);
    }
    best
}

fn fail(harness: &FlowHarness, n: u32) -> FlowFailure {
    beats(harness, n, 0)
        .try_run()
        .expect_err("another number of beats is expected")
}

/// Returns a flow with `n` timers that expects `n_expected` beats.
fn beats<'t>(harness: &FlowHarness, n: u32, n_expected: u32) -> Flow<'t, Acted> {
    harness
        .given_command(Beat { id: "h-1".into() })
        .when_time_passes(MINUTE * n)
        .then(aggregate::<Heart>("h-1").has(move |heart| heart.n_beats == n_expected))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}
