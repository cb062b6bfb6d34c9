//! Everybody who reads an old event gets the event of today.

use std::sync::Arc;

use flow_domain::{
    Domain, Error, Upcast, adapter::memory::MemoryStore, handler::Source, message::Position,
    port::EventStore, record::EntryKind, wiring::DomainBuilder,
};
use pretty_assertions::assert_eq;

use crate::{
    fixture::{CallLog, events_of},
    upcast::fixture::{
        Clerk, Invoice, Paid, Pay, app_on, append, invoices, paid_upcast, paid_v2, received, sums,
        upcasting_invoices, world_on,
    },
};

const GREAT: u128 = 20_000_000_000_000_000_001;

#[tokio::test]
async fn load_folds_events_of_all_versions() {
    let store = Arc::new(MemoryStore::default());
    let app = app_on(&store, upcasting_invoices(Source::Broker));
    append(&app, &[received("1", GREAT), paid_v2("1", 1)]).await;

    app.process(Pay {
        id: "1".into(),
        cents: 1,
    })
    .await
    .unwrap();

    let invoice = app.load::<Invoice>("1").await.unwrap().unwrap();
    assert_eq!(
        (invoice.cents, invoice.currency.as_str()),
        (GREAT + 2, "CHF")
    );
    assert_eq!(sums(&app).await, [("1".to_owned(), GREAT + 2)]);
}

#[tokio::test]
async fn inline_handler_gets_the_event_of_today() {
    let calls = CallLog::default();
    let store = Arc::new(MemoryStore::default());
    let domain = upcasting_invoices(Source::Broker).event_handler(Clerk(calls.clone()));
    let app = app_on(&store, domain);

    append(&app, &[received("1", 5), paid_v2("1", 6)]).await;

    assert_eq!(
        calls.take(),
        ["1 5 EUR (Shop.Received.v1)", "1 6 USD (Shop.Paid.v2)"]
    );
}

async fn check_subscription(source: Source) {
    let calls = CallLog::default();
    let store = Arc::new(MemoryStore::default());
    let domain = upcasting_invoices(source).event_handler(Clerk(calls.clone()));
    let mut world = world_on(&store, domain);
    append(&world.app, &[received("1", 5), paid_v2("1", GREAT)]).await;
    world
        .app
        .process(Pay {
            id: "1".into(),
            cents: 7,
        })
        .await
        .unwrap();

    let report = world.run().await;

    assert!(report.remaining.is_quiet(), "{}", report.remaining);
    assert_eq!(
        calls.take(),
        [
            "1 5 EUR (Shop.Received.v1)".to_owned(),
            format!("1 {GREAT} USD (Shop.Paid.v2)"),
            "1 7 CHF (as it is)".to_owned(),
        ]
    );
    assert_eq!(sums(&world.app).await, [("1".to_owned(), GREAT + 12)]);
}

#[tokio::test]
async fn broker_subscription_gets_the_event_of_today() {
    check_subscription(Source::Broker).await;
}

#[tokio::test]
async fn store_subscription_gets_the_event_of_today() {
    check_subscription(Source::EventStore).await;
}

#[tokio::test]
async fn restarted_subscription_reads_unsettled_events_again() {
    let calls = CallLog::default();
    let store = Arc::new(MemoryStore::default());
    let domain = || upcasting_invoices(Source::EventStore).event_handler(Clerk(calls.clone()));
    let mut world = world_on(&store, domain());
    append(&world.app, &[received("1", 5)]).await;
    world.next_pending("Clerk").await;

    world.replace_engine();
    let _ = world.run().await;

    assert_eq!(calls.take(), ["1 5 EUR (Shop.Received.v1)"]);
}

#[tokio::test]
async fn store_keeps_what_was_written() {
    let store = Arc::new(MemoryStore::default());
    let app = app_on(&store, upcasting_invoices(Source::Broker));
    append(&app, &[received("1", GREAT)]).await;

    let raw = store
        .read_category(None, Position::START, 10)
        .await
        .unwrap();
    let current = events_of(&app).await;

    let written = format!(r#"{{"id":"1","sum":{GREAT}}}"#);
    assert_eq!(raw[0].envelope.message.as_json(), written);
    assert_eq!(raw[0].envelope.metadata.upcast_from, None);
    assert_eq!(
        current[0].metadata().message_type.to_string(),
        "Shop.Paid.v3"
    );
    assert_eq!(
        current[0].envelope.message.as_json(),
        format!(r#"{{"cents":{GREAT},"currency":"EUR","id":"1"}}"#)
    );
    assert_eq!(current[0].envelope.as_stored(), &*raw[0].envelope);
}

#[tokio::test]
async fn fork_of_the_store_upcasts_too() {
    let store = Arc::new(MemoryStore::default());
    let app = world_on(&store, upcasting_invoices(Source::Broker)).app;
    append(&app, &[received("1", 5)]).await;

    let fork = app.fork().unwrap();
    let forked_store = app.store().fork().unwrap();

    let events = forked_store.read_category(None, Position::START, 10);
    assert_eq!(events.await.unwrap(), events_of(&app).await);
    assert_eq!(fork.load::<Invoice>("1").await.unwrap().unwrap().cents, 5);
}

#[tokio::test]
async fn record_names_the_stored_type() {
    let store = Arc::new(MemoryStore::default());
    let mut world = world_on(&store, upcasting_invoices(Source::Broker));
    append(&world.app, &[received("1", 5)]).await;

    let appended = world.entry_lines(|kind| matches!(kind, EntryKind::Appended(_)));

    assert_eq!(appended.len(), 1);
    assert!(
        appended[0].ends_with("upcast from Shop.Received.v1"),
        "{appended:?}"
    );
}

/// The first step makes an event that cannot be decoded, unless it is corrected.
fn broken_invoices(source: Source, is_corrected: bool, calls: &CallLog) -> DomainBuilder {
    let upcast = Upcast::to::<Paid>()
        .was("Received", 1..=1)
        .from(1, move |json| match json.get("sum").cloned() {
            Some(sum) if !is_corrected => json.set("currency", sum),
            _ => json.set("currency", "EUR"),
        })
        .from(2, |json| json.rename("sum", "cents"));

    invoices()
        .upcast(upcast)
        .event_handler(Clerk(calls.clone()))
        .subscriptions(move |all| {
            all.source(source);
        })
}

async fn check_replay(source: Source) {
    let calls = CallLog::default();
    let store = Arc::new(MemoryStore::default());
    let mut world = world_on(&store, broken_invoices(source, false, &calls));
    append(&world.app, &[received("1", 5)]).await;
    let _ = world.run().await;
    let dead_letters = world.dead_letter_lines().await.join("\n");
    insta::allow_duplicates! {
        insta::assert_snapshot!(dead_letters, @"
        Clerk: deserializing `Paid` failed: invalid type: integer `5`, expected a string at line 1 column 23
        SumProjector: deserializing `Paid` failed: invalid type: integer `5`, expected a string at line 1 column 23
        ");
    }

    let mut world = world_on(&store, broken_invoices(source, true, &calls));
    world.app.dead_letters().replay_all().await.unwrap();
    let _ = world.run().await;

    assert_eq!(calls.take(), ["1 5 EUR (Shop.Received.v1)"]);
    assert_eq!(sums(&world.app).await, [("1".to_owned(), 5)]);
    assert!(world.dead_letter_lines().await.is_empty());
}

#[tokio::test]
async fn replay_of_a_dead_letter_uses_the_corrected_step() {
    check_replay(Source::Broker).await;
    check_replay(Source::EventStore).await;
}

fn failing_invoices(source: Source) -> DomainBuilder {
    let upcast = Upcast::to::<Paid>()
        .from(1, |json| json.rename("id", "sum"))
        .from(2, |_| panic!("no step"));

    invoices().upcast(upcast).subscriptions(move |all| {
        all.source(source);
    })
}

#[tokio::test]
async fn failed_step_is_the_failure_of_one_event() {
    for source in [Source::Broker, Source::EventStore] {
        let store = Arc::new(MemoryStore::default());
        let old = world_on(&store, upcasting_invoices(source));
        append(&old.app, &[paid_v2("1", 5)]).await;
        old.app
            .process(Pay {
                id: "2".into(),
                cents: 7,
            })
            .await
            .unwrap();

        let mut world = world_on(&store, failing_invoices(source));
        let _ = world.run().await;

        assert_eq!(sums(&world.app).await, [("2".to_owned(), 7)]);
        let dead_letters = world.dead_letter_lines().await.join("\n");
        insta::allow_duplicates! {
            insta::assert_snapshot!(dead_letters, @"SumProjector: upcasting `Shop.Paid.v2` failed: the step from version 2 failed: panicked: no step");
        }
    }
}

#[tokio::test]
async fn load_names_the_step_that_failed() {
    let store = Arc::new(MemoryStore::default());
    let old = app_on(&store, upcasting_invoices(Source::Broker));
    append(&old, &[received("1", 5), paid_v2("2", 5)]).await;
    let upcast = Upcast::to::<Paid>()
        .was("Received", 1..=1)
        .from(1, |json| json.rename("id", "sum"))
        .from(2, |_| panic!("no step"));
    let app = app_on(&store, invoices().upcast(upcast));

    let text = |err: Error| err.with_causes().to_string();
    let first = app.load::<Invoice>("1").await.map_err(text).unwrap_err();
    let second = app.load::<Invoice>("2").await.unwrap_err();

    assert!(second.is_codec());
    insta::assert_snapshot!(first, @"upcasting `Shop.Received.v1` failed: the step from version 1 failed: cannot rename the field `id`: the object has a field `sum` already");
    insta::assert_snapshot!(second, @"upcasting `Shop.Paid.v2` failed");
}

#[tokio::test]
async fn event_without_an_upcast_is_named_with_the_missing_step() {
    let store = Arc::new(MemoryStore::default());
    let old = app_on(&store, upcasting_invoices(Source::Broker));
    append(&old, &[paid_v2("1", 5)]).await;
    let app = app_on(&store, invoices());

    let err = app.load::<Invoice>("1").await.unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"the event `Shop.Paid.v2` of `invoice-1` is older than version 3, and nothing upcasts it: add `.upcast(Upcast::to::<Paid>().from(2, ..))` to the domain");
}

#[tokio::test]
async fn other_domain_name_does_not_matter() {
    let store = Arc::new(MemoryStore::default());
    let old = app_on(&store, upcasting_invoices(Source::Broker));
    append(&old, &[received("1", 5)]).await;
    let renamed = Domain::builder("store")
        .aggregate::<Invoice>()
        .upcast(paid_upcast());

    let app = app_on(&store, renamed);

    assert_eq!(app.load::<Invoice>("1").await.unwrap().unwrap().cents, 5);
    let events = events_of(&app).await;
    assert_eq!(
        events[0].metadata().message_type.to_string(),
        "Store.Paid.v3"
    );
}
