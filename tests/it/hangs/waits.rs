//! Handlers that wait: the time limit ends them at once, in every mode.

use std::{future::pending, time::Duration};

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Delivery, Domain, Error, Event,
    EventHandler, EventRoutes, PendingEvents, ProcessManager, ProcessManagerRoutes, Projection,
    Projector, ProjectorRoutes, RetryPolicy, Rows, UnitOfWork, port::BoxFuture, record::EntryKind,
    wiring::DomainBuilder,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Mutex, oneshot},
    time::{interval, sleep, timeout},
};

use crate::fixture::{mismatch, report};

const LIMIT: Duration = Duration::from_millis(100);
const MODES: [Mode; 2] = [Mode::Sync, Mode::Engine];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "call", id = call_id)]
struct Called {
    call_id: String,
}

fn called() -> Called {
    Called {
        call_id: "c-1".into(),
    }
}

type Wait = fn() -> BoxFuture<'static, ()>;

/// Waits for an answer, and says that it takes at most a tenth of a second.
struct Waiter(Wait);

impl EventHandler for Waiter {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_called);
        on.subscription()
            .time_limit(LIMIT)
            .retry(RetryPolicy::never());
    }
}

impl Waiter {
    async fn on_called(&self, _: Called, _: &mut UnitOfWork) -> Result<(), Error> {
        (self.0)().await;
        Ok(())
    }
}

fn calls() -> DomainBuilder {
    Domain::builder("calls").event_from_outside::<Called>()
}

/// A lock that a test holds.
static LINE: Mutex<()> = Mutex::const_new(());

const ENDLESS_WAITS: [(&str, Wait); 7] = [
    ("nothing", || Box::pin(pending())),
    ("a long timer", || {
        Box::pin(async { sleep_for(Duration::from_secs(3_600)).await })
    }),
    ("a timer that repeats", || {
        Box::pin(async {
            let mut ticks = interval(Duration::from_millis(7));
            loop {
                ticks.tick().await;
            }
        })
    }),
    ("a lock of the test", || {
        Box::pin(async { drop(LINE.lock().await) })
    }),
    ("a channel of the test", || {
        Box::pin(async {
            let (sender, receiver) = oneshot::channel::<()>();
            std::mem::forget(sender);
            let _ = receiver.await;
        })
    }),
    ("a task", || {
        Box::pin(async {
            let _ = tokio::spawn(pending::<()>()).await;
        })
    }),
    ("a longer timeout", || {
        Box::pin(async {
            let _ = timeout(Duration::from_secs(5), pending::<()>()).await;
        })
    }),
];

#[expect(
    clippy::disallowed_methods,
    reason = "the handlers of these tests wait for timers"
)]
async fn sleep_for(time: Duration) {
    sleep(time).await;
}

#[test]
fn endless_wait_fails_at_the_time_limit() {
    let _held = LINE.try_lock().expect("no other test uses the lock");

    for (name, wait) in ENDLESS_WAITS {
        for mode in MODES {
            let text = mismatch(
                FlowHarness::new(move || calls().event_handler(Waiter(wait)).build())
                    .mode(mode)
                    .when_event(called())
                    .then_settled(),
            );

            assert!(
                text.contains("Waiter failed on Called: Waiter took longer than 100ms"),
                "{name}, {mode:?}: {text}"
            );
        }
    }
}

#[test]
fn time_limit_report_says_how_to_wait_for_others() {
    let calls = FlowHarness::new(|| {
        calls()
            .event_handler(Waiter(|| Box::pin(pending())))
            .build()
    });

    insta::assert_snapshot!(report(calls.mode(Mode::Sync).when_event(called()).then_settled()), @r#"
    flow failed at step 2: then settled      tests/it/hangs/waits.rs:LINE

      expected  the flow settles without problems
      found     Waiter failed on Called: Waiter took longer than 100ms
                look for a lock that is taken twice, or a channel that nobody uses: such a wait never ends
                tokio's clock measures a time limit. If it is paused, as under `.run()`,
                  timers fire as soon as every task waits: for another thread or the network, write `.await` in a `#[tokio::test]`,
                  or use `tokio::task::spawn_blocking`, which stops the clock while its code runs

    story   1 when   Called { call_id: "c-1" }  accepted, but a handler failed
            2 then   settled                    FAILED

    chain  Called                              call-c-1 @1
           └ Waiter                            FAILED: Waiter took longer than 100ms   <- here

    end    nothing pending · 1 handler failed
    "#);
}

#[test]
fn wait_within_the_time_limit_costs_no_time() {
    for mode in MODES {
        let outcome = FlowHarness::new(|| calls().event_handler(HourlyCaller).build())
            .mode(mode)
            .when_event(called())
            .then_handled_by::<HourlyCaller>()
            .run();

        // The clock of the domain does not move: only the flow moves it.
        let times = outcome.record().entries().iter().map(|entry| entry.time);
        assert_eq!(times.collect::<std::collections::BTreeSet<_>>().len(), 1);
    }
}

/// Waits for an hour, and has the time for it.
struct HourlyCaller;

impl EventHandler for HourlyCaller {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_called);
        on.subscription().time_limit(Duration::from_secs(7_200));
    }
}

impl HourlyCaller {
    async fn on_called(&self, _: Called, _: &mut UnitOfWork) -> Result<(), Error> {
        sleep_for(Duration::from_secs(3_600)).await;
        Ok(())
    }
}

/// A phone, whose commands and process never end.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = call_id, commands(Dial))]
struct Phone {
    call_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Phone, id = call_id)]
struct Dial {
    call_id: String,
}

fn dial() -> Dial {
    Dial {
        call_id: "c-1".into(),
    }
}

struct DialHandler;

impl CommandHandler for DialHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::dial);
    }
}

impl DialHandler {
    async fn dial(&self, _: Dial, _: &mut UnitOfWork) -> Result<(), Error> {
        pending().await
    }
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Conversation {}

impl ProcessManager for Conversation {
    const KEY: &'static str = "call_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_called);
        on.subscription().retry(RetryPolicy::never());
    }
}

impl Conversation {
    async fn on_called(&mut self, _: Called, _: &mut UnitOfWork) -> Result<(), Error> {
        pending().await
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = call_id)]
struct CallRow {
    call_id: String,
}

struct CallProjector;

impl Projector for CallProjector {
    type Projection = CallRow;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_called);
        on.subscription().retry(RetryPolicy::never());
    }
}

impl CallProjector {
    async fn on_called(&self, _: Called, _: &mut Rows<'_, CallRow>) -> Result<(), Error> {
        pending().await
    }
}

#[test]
fn default_time_limit_holds_for_every_handler() {
    let phone = || {
        let builder = Domain::builder("calls").aggregate::<Phone>();
        builder.command_handler(DialHandler).build()
    };
    let process = || calls().process_manager::<Conversation>().build();
    let projection = || {
        let builder = calls().projection::<CallRow>();
        builder.projector(CallProjector).build()
    };

    for mode in MODES {
        let texts = [
            mismatch(
                FlowHarness::new(phone)
                    .mode(mode)
                    .when(dial())
                    .then_settled(),
            ),
            mismatch(
                FlowHarness::new(process)
                    .mode(mode)
                    .when_event(called())
                    .then_settled(),
            ),
            mismatch(
                FlowHarness::new(projection)
                    .mode(mode)
                    .when_event(called())
                    .then_settled(),
            ),
        ];

        let expected = [
            "DialHandler took longer than 30s",
            "Conversation failed on Called: Conversation took longer than 30s",
            "CallProjector failed on Called: CallProjector took longer than 30s",
        ];
        for (text, expected) in texts.iter().zip(expected) {
            assert!(text.contains(expected), "{mode:?}: {text}");
        }
    }
}

/// Fails, and never stops to say so.
struct Complainer;

impl EventHandler for Complainer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_called);
        on.subscription()
            .time_limit(LIMIT)
            .retry(RetryPolicy::never());
    }

    async fn handle_error(&self, _: &Error, _: &Delivery) -> Result<(), Error> {
        pending().await
    }
}

impl Complainer {
    async fn on_called(&self, _: Called, _: &mut UnitOfWork) -> Result<(), Error> {
        Err(Error::setup("the line is dead"))
    }
}

#[test]
fn handle_error_ends_at_the_time_limit() {
    for mode in MODES {
        let outcome = FlowHarness::new(|| calls().event_handler(Complainer).build())
            .mode(mode)
            .when_event(called())
            .then(expect::handler_failed_with_message::<Complainer>(
                "the line is dead",
            ))
            .then(expect::handler_failed_with_message::<Complainer>(
                "the call took longer than 100ms",
            ))
            .run();

        let is_reported = outcome.record().entries().iter().any(|entry| {
            matches!(&entry.kind, EntryKind::HandleErrorFailed { reason }
                if reason == "the call took longer than 100ms")
        });
        assert!(is_reported, "{mode:?}");
    }
}

#[test]
fn concurrent_commands_that_wait_fail_at_the_limit() {
    let phone = || {
        let builder = Domain::builder("calls").aggregate::<Phone>();
        builder.command_handler(DialHandler).build()
    };

    for mode in MODES {
        let flow = FlowHarness::new(phone)
            .mode(mode)
            .when_all((dial(), dial()));
        let text = mismatch(flow.then_settled());

        assert!(text.contains("DialHandler took longer than 30s"), "{text}");
    }
}
