//! An engine that runs for long keeps no more than events, states and rows.
//!
//! The short form runs in virtual time. With `FLOW_SOAK` set, it runs for ten minutes of real time, with
//! 10,000 commands a second. See `scripts/soak`.

use std::time::Duration;

use flow_domain::{
    Aggregate, App, Command, CommandHandler, CommandRoutes, Domain, Engine, Error, Event,
    EventHandler, EventRoutes, PendingEvents, UnitOfWork,
    message::{MessageKind, Processing},
    port::OutboxState,
    record::{Table, TableKind},
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::production::fixture::{World, pass_time, seconds, spawn_engine};

/// A table in a restaurant. It exists while guests sit there.
#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Sit, Leave), events(Left))]
struct Seat {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[command(part_of = Seat, id = id)]
struct Sit {
    id: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[command(part_of = Seat, id = id)]
struct Leave {
    id: String,
    is_noticed: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[event(part_of = Seat, id = id)]
struct Left {
    id: String,
}

struct SeatHandler;

impl CommandHandler for SeatHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::sit);
        on.command(Self::leave);
        on.subscription().once();
    }
}

impl SeatHandler {
    async fn sit(&self, command: Sit, work: &mut UnitOfWork) -> Result<(), Error> {
        work.add(Seat {
            id: command.id,
            raised: PendingEvents::default(),
        })
    }

    async fn leave(&self, command: Leave, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut seat = work.load::<Seat>(&command.id).await?;
        if command.is_noticed {
            seat.raise(Left { id: command.id });
        }
        work.remove(seat)
    }
}

struct Waiter;

impl EventHandler for Waiter {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_left);
        on.subscription().once();
    }
}

impl Waiter {
    async fn on_left(&self, _: Left, _work: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

/// What a store and a broker keep.
#[derive(Clone, Copy, Debug)]
struct Contents {
    published: usize,
    in_topics: usize,
    in_inboxes: usize,
    events: u64,
    resident_mib: u64,
}

async fn contents(world: &World) -> Contents {
    let published = world.store.rows(&[OutboxState::Published], usize::MAX);
    let mut in_topics = 0;
    for kind in [MessageKind::Command, MessageKind::Event] {
        in_topics += world.n_in_topic("seat", kind).await;
    }
    let mut in_inboxes = 0;
    for handler in ["SeatHandler", "Waiter"] {
        let inbox = Table::new(TableKind::Inbox, handler);
        in_inboxes += world.store.count(inbox, &[]).await.unwrap();
    }

    Contents {
        published: published.await.unwrap().len(),
        in_topics,
        in_inboxes,
        events: world.store.last_position().await.unwrap().as_u64(),
        resident_mib: resident_mib(),
    }
}

/// Returns the memory of this process, or 0 where nobody says it.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

/// Submits two commands for each seat: guests sit down and leave. Some are noticed.
async fn submit_pair(app: &App, n: u64) {
    let id = format!("seat-{n}");
    app.submit(Sit { id: id.clone() }).await.unwrap();
    let is_noticed = n.is_multiple_of(10);
    app.submit(Leave { id, is_noticed }).await.unwrap();
}

#[expect(clippy::print_stderr, reason = "the long form is a measurement")]
fn print(when: &str, history: &[Contents]) {
    eprintln!("{when}: {:?}", history.last());
}

/// Runs an engine, and looks each minute what the store and the broker have.
async fn soak(rate: u64, minutes: u64) -> Vec<Contents> {
    let world = World::new();
    let domain = Domain::builder("inn")
        .aggregate::<Seat>()
        .command_handler(SeatHandler)
        .event_handler(Waiter);
    let app = world.app_with(domain, Processing::Async);
    let engine = Engine::new(app.clone()).trim_topics(true);
    let engine = spawn_engine(engine.keep_handled(seconds(60)));

    let (start, mut n_pairs) = (Instant::now(), 0);
    let mut history = Vec::new();
    for minute in 1..=minutes {
        while start.elapsed() < seconds(60 * minute) {
            let due = start.elapsed().as_millis() * u128::from(rate) / 2_000;
            while u128::from(n_pairs) < due {
                submit_pair(&app, n_pairs).await;
                n_pairs += 1;
            }
            pass_time(Duration::from_millis(20)).await;
        }

        history.push(contents(&world).await);
        print(
            &format!("minute {minute}, {} commands", 2 * n_pairs),
            &history,
        );
    }

    pass_time(seconds(150)).await;
    let health = app.health().await.unwrap();
    assert_eq!(
        (health.lag(), health.outbox, health.dead_letters),
        (0, 0, 0)
    );
    engine.stop().await;
    assert_eq!(
        world.store.forget(Duration::ZERO).await.unwrap(),
        0,
        "inboxes or versions"
    );
    let rest = contents(&world).await;
    assert_eq!((rest.published, rest.in_topics, rest.in_inboxes), (0, 0, 0));
    history.push(rest);
    print("at the end", &history);
    history
}

#[track_caller]
fn check_flat(history: &[Contents], rate: usize) {
    for contents in &history[1..] {
        // A minute, and the intervals at which the engine looks. A command is published once.
        assert!(contents.published <= rate * 75, "{contents:?}");
        assert!(contents.in_topics <= rate * 15, "{contents:?}");
        assert!(contents.in_inboxes <= rate * 75, "{contents:?}");
    }
}

#[test]
fn soak_keeps_only_the_events() {
    let is_long = std::env::var_os("FLOW_SOAK").is_some();
    if !is_long {
        let mut paused = tokio::runtime::Builder::new_current_thread();
        let runtime = paused.enable_time().start_paused(true).build().unwrap();
        return check_flat(&runtime.block_on(soak(20, 4)), 20);
    }

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_time()
        .build()
        .unwrap();
    let history = runtime.block_on(soak(10_000, 10));
    check_flat(&history, 10_000);

    // From the third minute on, the data of a minute goes as the data of another comes.
    let (early, late) = (history[2], history[9]);
    let event_mib = (late.events - early.events) / 1024;
    assert!(
        late.resident_mib <= early.resident_mib + event_mib + 100,
        "{early:?} {late:?}"
    );
}
