//! Events of a newer version than the program knows.

use std::{sync::Arc, time::Duration};

use flow_domain::{
    Error, Event, EventHandler, EventRoutes, RetryPolicy, UnitOfWork,
    adapter::memory::MemoryStore,
    handler::Source,
    message::{Envelope, Position, Recorded},
    port::EventStore,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    engine::fixture::{World, fail_first_attempts},
    fixture::CallLog,
    upcast::fixture::{
        Clerk, Closed, Invoice, Pay, app_on, append, paid_v2, paid_v4, received, stored, sums,
        upcasting_invoices, world_on,
    },
};

/// Notes each closed invoice.
struct Archivist(CallLog);

impl EventHandler for Archivist {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_closed);
    }
}

impl Archivist {
    async fn on_closed(&self, event: Closed, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("closed {}", event.id));
        Ok(())
    }
}

fn closed(id: &str) -> flow_domain::testing::StoredEvent {
    let content = format!(r#"{{"id":"{id}"}}"#);
    stored(&format!("invoice-{id}"), "Shop.Closed.v1", &content)
}

/// Returns what remains after the run.
async fn check_pause(source: Source) -> String {
    let calls = CallLog::default();
    let store = Arc::new(MemoryStore::default());
    let domain = upcasting_invoices(source)
        .event_handler(Clerk(calls.clone()))
        .event_handler(Archivist(calls.clone()));
    let mut world = world_on(&store, domain);
    append(
        &world.app,
        &[
            received("1", 5),
            paid_v4("1"),
            paid_v2("1", 6),
            closed("1"),
            received("2", 7),
        ],
    )
    .await;

    let report = world.run().await;

    // The archivist has no method for any version of the event, so its stream goes on.
    assert_eq!(
        calls.take(),
        [
            "1 5 EUR (Shop.Received.v1)",
            "closed 1",
            "2 7 EUR (Shop.Received.v1)"
        ]
    );
    assert_eq!(sums(&world.app).await, [("1".into(), 5), ("2".into(), 7)]);
    assert_eq!(world.dead_letter_lines().await, [""; 0]);
    assert!(report.failures.is_empty());
    assert!(!report.remaining.is_quiet());
    let remaining = report.remaining.to_string();

    // A second run tries nothing again, because no time has passed.
    assert_eq!(world.run().await.deliveries, 0);
    remaining
}

#[tokio::test]
async fn newer_event_from_the_broker_pauses_its_stream() {
    insta::assert_snapshot!(check_pause(Source::Broker).await, @"
    SumProjector has 2 messages to handle
    SumProjector waits in `invoice-1` for a program that knows Shop.Paid.v4
    Clerk has 2 messages to handle
    Clerk waits in `invoice-1` for a program that knows Shop.Paid.v4
    ");
}

#[tokio::test]
async fn newer_event_from_the_store_pauses_its_stream() {
    insta::assert_snapshot!(check_pause(Source::EventStore).await, @"
    SumProjector has 2 messages to handle
    SumProjector waits in `invoice-1` for a program that knows Shop.Paid.v4
    Clerk has 2 messages to handle
    Clerk waits in `invoice-1` for a program that knows Shop.Paid.v4
    ");
}

/// The payment of tomorrow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Invoice, id = id, name = "Paid", version = 4)]
struct PaidTomorrow {
    id: String,
    amount: (u128, String),
}

/// Notes the payments of tomorrow.
struct ClerkOfTomorrow(CallLog);

impl EventHandler for ClerkOfTomorrow {
    fn name() -> &'static str {
        "Clerk"
    }

    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_paid);
    }
}

impl ClerkOfTomorrow {
    async fn on_paid(&self, event: PaidTomorrow, work: &mut UnitOfWork) -> Result<(), Error> {
        let (amount, currency) = event.amount;
        let attempt = work.metadata().upcast_from.is_some();
        self.0
            .note(format!("{} {amount} {currency} {attempt}", event.id));
        Ok(())
    }
}

pub(super) mod tomorrow {
    //! The program of tomorrow.

    use flow_domain::{Domain, Upcast, handler::Source, json::Json, wiring::DomainBuilder};

    use super::{ClerkOfTomorrow, PaidTomorrow};
    use crate::{fixture::CallLog, upcast::fixture::Closed};

    pub(crate) fn invoices(source: Source, calls: &CallLog) -> DomainBuilder {
        let upcast = Upcast::to::<PaidTomorrow>()
            .was("Received", 1..=1)
            .from(1, |json| json.set("currency", "EUR"))
            .from(2, |json| json.rename("sum", "cents"))
            .from(3, |json| {
                let part = |field| json.get(field).cloned().unwrap_or_default();
                let amount = Json::Array(vec![part("cents"), part("currency")]);
                json.remove("cents")?;
                json.remove("currency")?;
                json.set("amount", amount)
            });

        Domain::builder("shop")
            .event_from_outside::<PaidTomorrow>()
            .event_from_outside::<Closed>()
            .upcast(upcast)
            .event_handler(ClerkOfTomorrow(calls.clone()))
            .subscriptions(move |all| {
                all.source(source);
            })
    }
}

#[tokio::test]
async fn newer_program_goes_on_where_the_older_one_waits() {
    let calls = CallLog::default();
    let store = Arc::new(MemoryStore::default());
    let source = Source::EventStore;
    let domain = upcasting_invoices(source).event_handler(Clerk(calls.clone()));
    let mut old = world_on(&store, domain);
    append(&old.app, &[received("1", 5), paid_v4("1"), paid_v2("1", 6)]).await;
    let _ = old.run().await;
    assert_eq!(calls.take(), ["1 5 EUR (Shop.Received.v1)"]);

    let mut new = world_on(&store, tomorrow::invoices(source, &calls));
    let _ = new.run().await;

    assert_eq!(calls.take(), ["1 1 CHF false", "1 6 USD true"]);
    assert!(new.engine.remaining().await.unwrap().is_quiet());
}

#[tokio::test]
async fn pause_does_not_end_the_retries_of_other_streams() {
    for source in [Source::Broker, Source::EventStore] {
        let calls = CallLog::default();
        let store = Arc::new(MemoryStore::default());
        let domain = upcasting_invoices(source)
            .event_handler(Clerk(calls.clone()))
            .subscriptions(|all| {
                let minute = Duration::from_secs(60);
                all.retry(RetryPolicy::attempts(4).first_delay(minute));
            });
        // The retries come later than the next attempt of the paused stream.
        let mut world = World::with_store(Arc::clone(&store) as _, domain, |app| {
            app.interceptor(fail_first_attempts("Clerk", "invoice-2", 3))
        });
        append(&world.app, &[paid_v4("1"), received("2", 7)]).await;

        let report = world.run().await;

        assert_eq!(calls.take(), ["2 7 EUR (Shop.Received.v1)"]);
        assert_eq!(world.dead_letter_lines().await, [""; 0]);
        assert_eq!(report.remaining.backlogs.len(), 2);
        assert!(report.stall.is_none());
    }
}

#[tokio::test]
async fn replay_of_a_newer_dead_letter_fails_again() {
    for source in [Source::Broker, Source::EventStore] {
        let calls = CallLog::default();
        let store = Arc::new(MemoryStore::default());
        let domain = tomorrow::invoices(source, &calls);
        let mut new = World::with_store(Arc::clone(&store) as _, domain, |app| {
            app.interceptor(fail_first_attempts("Clerk", "invoice-1", 9))
        });
        append(&new.app, &[paid_v4("1")]).await;
        let _ = new.run().await;
        assert_eq!(new.dead_letter_lines().await.len(), 1);

        // The deployment is rolled back.
        let domain = upcasting_invoices(source).event_handler(Clerk(calls.clone()));
        let mut old = world_on(&store, domain);
        old.app.dead_letters().replay_all().await.unwrap();
        let _ = old.run().await;

        let lines = old.dead_letter_lines().await;
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("run a program that knows version 4"));
        assert_eq!(calls.take(), [""; 0]);
    }
}

#[tokio::test]
async fn load_of_a_stream_with_a_newer_event_is_an_error() {
    let store = Arc::new(MemoryStore::default());
    let mut world = world_on(&store, upcasting_invoices(Source::Broker));
    append(&world.app, &[received("1", 5), paid_v4("1")]).await;
    let _ = world.run().await;

    let err = world.app.load::<Invoice>("1").await.unwrap_err();

    assert!(err.is_newer_event());
    insta::assert_snapshot!(err, @"the event `Shop.Paid.v4` of `invoice-1` is newer than version 3, which this program knows: run a program that knows version 4");
    let pay = Pay {
        id: "1".into(),
        cents: 1,
    };
    assert!(world.app.process(pay).await.unwrap_err().is_newer_event());
}

#[tokio::test]
async fn inline_delivery_of_a_newer_event_is_a_failure() {
    let store = Arc::new(MemoryStore::default());
    let app = app_on(&store, upcasting_invoices(Source::Broker));

    let result = app.append_stored(&[paid_v4("1")]).await;

    assert_eq!(result.failures.len(), 1);
    insta::assert_snapshot!(result.failures[0], @"SumProjector failed on Paid: the event `Shop.Paid.v4` of `invoice-1` is newer than version 3, which this program knows: run a program that knows version 4");
}

/// Gets all events that have no method of their own.
struct Auditor(CallLog);

impl EventHandler for Auditor {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_closed);
        on.all(Self::on_any);
    }
}

impl Auditor {
    async fn on_closed(&self, event: Closed, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("closed {}", event.id));
        Ok(())
    }

    async fn on_any(&self, event: Envelope, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(event.metadata.message_type.to_string());
        Ok(())
    }
}

#[tokio::test]
async fn method_for_every_event_gets_newer_events_without_a_method() {
    let calls = CallLog::default();
    let store = Arc::new(MemoryStore::default());
    let domain = upcasting_invoices(Source::Broker).event_handler(Auditor(calls.clone()));
    let mut world = world_on(&store, domain);
    let closed_v2 = stored("invoice-1", "Shop.Closed.v2", "{}");
    append(&world.app, &[paid_v4("1"), closed_v2, received("1", 1)]).await;

    let _ = world.run().await;

    assert_eq!(calls.take(), ["Shop.Paid.v4"]);
    let raw: Vec<Recorded> = store
        .read_category(None, Position::START, 10)
        .await
        .unwrap();
    assert_eq!(raw.len(), 3);
}
