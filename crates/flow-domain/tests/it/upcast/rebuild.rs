//! A rebuild that cannot read an event leaves the rows as they are.

use std::sync::Arc;

use flow_domain::{App, Upcast, adapter::memory::MemoryStore, handler::Source};
use pretty_assertions::assert_eq;

use crate::upcast::fixture::{
    Paid, Sum, app_on, append, invoices, paid_v2, paid_v4, received, stored, sums,
    upcasting_invoices,
};

/// Stores three invoices of yesterday, and their rows.
async fn store_of_yesterday() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::default());
    let app = app_on(&store, upcasting_invoices(Source::Broker));
    append(
        &app,
        &[received("1", 100), paid_v2("2", 100), received("3", 1)],
    )
    .await;
    assert_eq!(sums(&app).await.len(), 3);

    store
}

async fn rebuild_error(app: &App) -> String {
    let rows = sums(app).await;

    let err = app.rebuild::<Sum>().await.unwrap_err();

    assert!(err.is_unreadable_event());
    assert_eq!(sums(app).await, rows, "the rows are as they were");
    err.with_causes().to_string()
}

#[tokio::test]
async fn rebuild_makes_the_same_rows_of_older_events() {
    let store = store_of_yesterday().await;
    let app = app_on(&store, upcasting_invoices(Source::Broker));

    let rebuilt = app.rebuild::<Sum>().await.unwrap();

    assert!(rebuilt.is_complete(), "{rebuilt}");
    assert_eq!(rebuilt.to_string(), "3 rows from 3 events, 0 changed");
}

#[tokio::test]
async fn rebuild_without_upcasts_keeps_the_rows() {
    let store = store_of_yesterday().await;

    let err = rebuild_error(&app_on(&store, invoices())).await;

    insta::assert_snapshot!(err, @r#"the rebuild changed no row: it cannot read the event `Shop.Received.v1` at position 1 in `invoice-1`: the event `Shop.Received.v1` of `invoice-1` is not registered: list it in `#[aggregate(.., events(..))]`, or add it with `.event_from_outside::<..>()`; if it has another name today, add `.was("Received", ..)` to its `Upcast`; if nobody needs it any more, add `.retired("Received")`"#);
}

#[tokio::test]
async fn rebuild_with_an_older_version_keeps_the_rows() {
    let store = Arc::new(MemoryStore::default());
    let app = app_on(&store, upcasting_invoices(Source::Broker));
    append(&app, &[paid_v2("2", 100)]).await;

    let err = rebuild_error(&app_on(&store, invoices())).await;

    insta::assert_snapshot!(err, @"the rebuild changed no row: it cannot read the event `Shop.Paid.v2` at position 1 in `invoice-2`: the event `Shop.Paid.v2` of `invoice-2` is older than version 3, and nothing upcasts it: add `.upcast(Upcast::to::<Paid>().from(2, ..))` to the domain");
}

#[tokio::test]
async fn rebuild_with_undecodable_events_keeps_the_rows() {
    let store = store_of_yesterday().await;
    let no_currency = Upcast::to::<Paid>()
        .was("Received", 1..=1)
        .from(1, |_| Ok(()))
        .from(2, |json| json.rename("sum", "cents"));

    let err = rebuild_error(&app_on(&store, invoices().upcast(no_currency))).await;

    insta::assert_snapshot!(err, @"the rebuild changed no row: it cannot read the event `Shop.Received.v1` at position 1 in `invoice-1` (correct its `Upcast`): deserializing `Paid` failed: missing field `currency` at line 1 column 22");
}

#[tokio::test]
async fn rebuild_with_a_failing_step_keeps_the_rows() {
    let store = store_of_yesterday().await;
    let failing = Upcast::to::<Paid>()
        .was("Received", 1..=1)
        .from(1, |json| json.rename("id", "sum"))
        .from(2, |json| json.rename("sum", "cents"));

    let err = rebuild_error(&app_on(&store, invoices().upcast(failing))).await;

    insta::assert_snapshot!(err, @"the rebuild changed no row: it cannot read the event `Shop.Received.v1` at position 1 in `invoice-1` (correct its `Upcast`): upcasting `Shop.Received.v1` failed: the step from version 1 failed: cannot rename the field `id`: the object has a field `sum` already");
}

#[tokio::test]
async fn rebuild_with_a_newer_event_keeps_the_rows() {
    let store = store_of_yesterday().await;
    let app = app_on(&store, upcasting_invoices(Source::Broker));
    let result = app.append_stored(&[paid_v4("1")]).await;
    assert_eq!(result.failures.len(), 1);

    let err = rebuild_error(&app).await;

    insta::assert_snapshot!(err, @"the rebuild changed no row: it cannot read the event `Shop.Paid.v4` at position 4 in `invoice-1`: the event `Shop.Paid.v4` of `invoice-1` is newer than version 3, which this program knows: run a program that knows version 4");
}

#[tokio::test]
async fn rebuild_skips_retired_events() {
    let store = store_of_yesterday().await;
    let app = app_on(&store, upcasting_invoices(Source::Broker).retired("Noted"));
    append(&app, &[stored("invoice-1", "Shop.Noted.v7", "{}")]).await;

    let rebuilt = app.rebuild::<Sum>().await.unwrap();

    assert!(rebuilt.is_complete(), "{rebuilt}");
    let (stale, _) = app.stale_rows(&["Sum"]).await.unwrap();
    assert_eq!(stale, []);
}

/// The same invoices, before and after a field was added to their event.
macro_rules! version {
    ($module:ident, { $($field:ident: $ty:ty),* }) => {
        mod $module {
            use flow_domain::{
                Aggregate, Apply, Domain, Error, Event, PendingEvents, Projection, Projector,
                ProjectorRoutes, Rows, wiring::DomainBuilder,
            };
            use serde::{Deserialize, Serialize};

            #[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
            #[aggregate(id = id, event_sourced, events(Paid))]
            pub(super) struct Invoice {
                pub(super) id: String,
                #[serde(skip)]
                raised: PendingEvents,
            }

            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
            #[event(part_of = Invoice, id = id)]
            pub(super) struct Paid {
                pub(super) id: String,
                pub(super) cents: u64,
                $(pub(super) $field: $ty),*
            }

            impl Apply<Paid> for Invoice {
                fn apply(&mut self, event: &Paid) {
                    self.id.clone_from(&event.id);
                }
            }

            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
            #[projection(id = id)]
            pub(super) struct Sum {
                pub(super) id: String,
                pub(super) cents: u64,
            }

            struct SumProjector;

            impl Projector for SumProjector {
                type Projection = Sum;

                fn routes(on: &mut ProjectorRoutes<Self>) {
                    on.event(Self::on_paid);
                }
            }

            impl SumProjector {
                async fn on_paid(&self, event: Paid, rows: &mut Rows<'_, Sum>) -> Result<(), Error> {
                    let row = Sum { id: event.id.clone(), cents: event.cents };
                    rows.change_or_insert(event.id, || row.clone(), |_| {}).await
                }
            }

            pub(super) fn domain() -> DomainBuilder {
                Domain::builder("shop")
                    .aggregate::<Invoice>()
                    .projection::<Sum>()
                    .projector(SumProjector)
            }
        }
    };
}

version!(before, {});
version!(after, { currency: String });

#[tokio::test]
async fn rebuild_after_a_new_field_without_a_version_keeps_the_rows() {
    let store = Arc::new(MemoryStore::default());
    let old = app_on(&store, before::domain());
    for n in 1..=3 {
        let paid = before::Paid {
            id: format!("i-{n}"),
            cents: 100,
        };
        old.publish(paid).await.unwrap();
    }
    let new = app_on(&store, after::domain());
    let rows = new.view::<after::Sum>().query().all().await.unwrap();

    let err = new.rebuild::<after::Sum>().await.unwrap_err();

    assert_eq!(rows.len(), 3);
    assert_eq!(new.view::<after::Sum>().query().all().await.unwrap(), rows);
    insta::assert_snapshot!(err.with_causes(), @"the rebuild changed no row: it cannot read the event `Shop.Paid.v1` at position 1 in `invoice-i-1` (to read older events, give the event a new `version` and an `Upcast`): deserializing `Paid` failed: missing field `currency` at line 1 column 24");
    assert!(
        new.load::<after::Invoice>("i-1")
            .await
            .unwrap_err()
            .is_codec()
    );
}
