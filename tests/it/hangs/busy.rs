//! Handlers that never wait, or that wait very often: a limit of their own ends them.

use std::time::Duration;

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Delivery, Domain, Error, Event,
    EventHandler, EventRoutes, PendingEvents, Projection, Projector, ProjectorRoutes, RetryPolicy,
    Rows, UnitOfWork, WiringErrors, record::EntryKind,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::mpsc,
    task::yield_now,
    time::{advance, interval},
};

use crate::fixture::{mismatch, panic_message};

const MODES: [Mode; 2] = [Mode::Sync, Mode::Engine];

/// Asks [`Clerk`] to do something again and again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "task", id = task_id)]
struct Asked {
    task_id: String,
    what: String,
}

fn asked(what: &str) -> Asked {
    Asked {
        task_id: "t-1".into(),
        what: what.into(),
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "note", id = note_id)]
struct Noted {
    note_id: String,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = file_id, commands(Open))]
struct File {
    file_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = File, id = file_id)]
struct Open {
    file_id: String,
}

fn open() -> Open {
    Open {
        file_id: "f".into(),
    }
}

struct FileHandler;

impl CommandHandler for FileHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::open);
    }
}

impl FileHandler {
    async fn open(&self, _: Open, _: &mut UnitOfWork) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = task_id)]
struct TaskRow {
    task_id: String,
}

/// Does what it is asked until it fails or is stopped.
struct Clerk;

impl EventHandler for Clerk {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_asked);
        on.subscription().retry(RetryPolicy::attempts(10));
    }

    async fn handle_error(&self, _: &Error, delivery: &Delivery) -> Result<(), Error> {
        let Ok(asked) = delivery.message::<Asked>() else {
            return Ok(());
        };
        if asked.what == "yield in handle_error" {
            loop {
                yield_now().await;
            }
        }
        Ok(())
    }
}

impl Clerk {
    async fn on_asked(&self, asked: Asked, work: &mut UnitOfWork) -> Result<(), Error> {
        let command = work.process_after(Duration::from_secs(1), open())?;

        loop {
            match asked.what.as_str() {
                "yield" => yield_now().await,
                "receive" => {
                    let (sender, mut receiver) = mpsc::unbounded_channel();
                    while sender.send(()).is_ok() {
                        receiver.recv().await;
                    }
                }
                "tick" => {
                    let mut ticks = interval(Duration::from_micros(1));
                    loop {
                        ticks.tick().await;
                    }
                }
                "advance" => advance(Duration::from_nanos(1)).await,
                "read a row" => while work.view::<TaskRow>().get("t-2").await?.is_none() {},
                "read rows" => while work.view::<TaskRow>().query().all().await?.is_empty() {},
                "count rows" => while work.view::<TaskRow>().count().await? == 0 {},
                "find" => while work.find::<File>("f-2").await?.is_none() {},
                "find and forget errors" => {
                    while let Ok(None) | Err(_) = work.find::<File>("f-2").await {}
                }
                "raise" => work.raise(Noted {
                    note_id: "n-1".into(),
                })?,
                "submit" => drop(work.submit(open())?),
                "process" => work.process(open()).await?,
                "raise and forget errors" => drop(work.raise(Noted {
                    note_id: "n-1".into(),
                })),
                "process and forget errors" => drop(work.process(open()).await),
                "cancel" => work.cancel(command),
                "yield in handle_error" => return Err(Error::setup("nobody knows how")),
                "rest, and ask again" => {
                    for _ in 0..9_000 {
                        yield_now().await;
                    }
                    return work.raise(asked);
                }
                _ => return Ok(()),
            }
        }
    }
}

/// Puts the same row again and again.
struct TaskProjector;

impl Projector for TaskProjector {
    type Projection = TaskRow;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_asked);
    }
}

impl TaskProjector {
    async fn on_asked(&self, asked: Asked, rows: &mut Rows<'_, TaskRow>) -> Result<(), Error> {
        if asked.what == "put" {
            loop {
                rows.put(TaskRow {
                    task_id: "t-1".into(),
                })
                .await?;
            }
        }
        Ok(())
    }
}

fn office() -> Result<Domain, WiringErrors> {
    Domain::builder("office")
        .aggregate::<File>()
        .projection::<TaskRow>()
        .event_from_outside::<Asked>()
        .event_from_outside::<Noted>()
        .command_handler(FileHandler)
        .event_handler(Clerk)
        .projector(TaskProjector)
        .build()
}

#[test]
fn loop_without_a_wait_ends() {
    for mode in MODES {
        for what in [
            "yield",
            "receive",
            "tick",
            "advance",
            "read a row",
            "read rows",
            "count rows",
            "find",
            "find and forget errors",
            "raise",
            "submit",
            "process",
            "raise and forget errors",
            "process and forget errors",
            "cancel",
            "put",
        ] {
            let office = FlowHarness::new(office).mode(mode);
            let text = mismatch(office.when_event(asked(what)).then_settled());

            assert!(
                text.contains("made 10000 steps in one call, so it probably never ends"),
                "{what}: {text}"
            );
        }
    }
}

#[test]
fn loop_without_a_wait_says_what_to_do() {
    for mode in MODES {
        let office = FlowHarness::new(office).mode(mode);
        let text = mismatch(office.when_event(asked("yield")).then_settled());

        insta::allow_duplicates! {
            insta::assert_snapshot!(text, @"
            expected  the flow settles without problems
            found     Clerk failed on Asked: Clerk made 10000 steps in one call, so it probably never ends: end the loop that reads, sends or waits, or raise the budget with `.budget(..)` if it really is this long
            ");
        }
    }
}

#[test]
fn long_loop_needs_a_larger_budget() {
    let office = FlowHarness::new(office).mode(Mode::Sync).budget(20_000);
    let text = mismatch(office.when_event(asked("yield")).then_settled());

    assert!(text.contains("made 20000 steps"), "{text}");
}

/// Without a limit of the act, 10,000 calls would make 90 million steps.
#[test]
fn steps_of_all_calls_of_an_act_end() {
    let office = FlowHarness::new(office).mode(Mode::Sync);
    let flow = office.when_event(asked("rest, and ask again"));

    insta::assert_snapshot!(mismatch(flow.then_settled()), @"
    expected  the flow settles without problems
    found     Clerk failed on Asked: the handlers made too many steps in this act, and Clerk the last one, so it probably never ends: end the loop that reads, sends or waits, or raise the budget with `.budget(..)` if it really is this long
    ");
}

#[test]
fn handle_error_without_a_wait_ends() {
    for mode in MODES {
        let office = FlowHarness::new(office).mode(mode);
        let outcome = office
            .when_event(asked("yield in handle_error"))
            .then(expect::handler_failed_with_message::<Clerk>(
                "nobody knows how",
            ))
            .then(expect::handler_failed_with_message::<Clerk>("10000 steps"))
            .run();

        let is_reported = outcome.record().entries().iter().any(|entry| {
            matches!(&entry.kind, EntryKind::HandleErrorFailed { reason }
                if reason.starts_with("Clerk made 10000 steps"))
        });
        assert!(is_reported, "{mode:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn loop_without_a_wait_ends_in_an_async_test() {
    let flow = FlowHarness::new(office).when_event(asked("yield"));
    let panic = tokio::spawn(flow.then_settled().into_future())
        .await
        .expect_err("the handler never ends")
        .into_panic();

    let text = panic_message(&*panic);
    assert!(text.contains("made 10000 steps in one call"), "{text}");
}

/// Reads the same row again and again, for at most a tenth of a second.
struct Reader;

impl EventHandler for Reader {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_asked);
        on.subscription()
            .time_limit(Duration::from_millis(100))
            .retry(RetryPolicy::never());
    }
}

impl Reader {
    async fn on_asked(&self, _: Asked, work: &mut UnitOfWork) -> Result<(), Error> {
        while work.view::<TaskRow>().get("t-2").await?.is_none() {}
        Ok(())
    }
}

#[tokio::test]
async fn loop_on_a_clock_that_runs_ends_at_the_time_limit() {
    let reads = || {
        Domain::builder("reads")
            .projection::<TaskRow>()
            .event_from_outside::<Asked>()
            .event_handler(Reader)
            .projector(TaskProjector)
            .build()
    };

    FlowHarness::new(reads)
        .when_event(asked("read"))
        .then(expect::handler_failed_with_message::<Reader>(
            "Reader took longer than 100ms",
        ))
        .await;
}
