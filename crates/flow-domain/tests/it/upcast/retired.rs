//! Events that are stored and that nobody needs any more.

use std::sync::Arc;

use flow_domain::{
    Error, EventHandler, EventRoutes, UnitOfWork, adapter::memory::MemoryStore, handler::Source,
    message::Envelope,
};
use pretty_assertions::assert_eq;

use crate::{
    fixture::CallLog,
    upcast::fixture::{
        Invoice, Pay, app_on, append, received, stored, upcasting_invoices, world_on,
    },
};

/// Notes the type of every event.
struct Auditor(CallLog);

impl EventHandler for Auditor {
    fn routes(on: &mut EventRoutes<Self>) {
        on.all(Self::on_any);
    }
}

impl Auditor {
    async fn on_any(&self, event: Envelope, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(event.metadata.message_type.to_string());
        Ok(())
    }
}

fn noted(id: &str) -> flow_domain::testing::StoredEvent {
    stored(&format!("invoice-{id}"), "Shop.Noted.v2", "7")
}

#[tokio::test]
async fn load_skips_retired_events_and_counts_them() {
    let store = Arc::new(MemoryStore::default());
    let app = app_on(&store, upcasting_invoices(Source::Broker).retired("Noted"));
    append(
        &app,
        &[noted("1"), received("1", 5), noted("1"), noted("2")],
    )
    .await;

    for cents in [1, 2] {
        let id = "1".into();
        app.process(Pay { id, cents }).await.unwrap();
    }

    let invoice = app.load::<Invoice>("1").await.unwrap().unwrap();
    assert_eq!(invoice.cents, 8);
    assert_eq!(app.load::<Invoice>("2").await.unwrap(), None);
}

#[tokio::test]
async fn handlers_skip_retired_events() {
    for source in [Source::Broker, Source::EventStore] {
        let calls = CallLog::default();
        let store = Arc::new(MemoryStore::default());
        let domain = upcasting_invoices(source)
            .retired("Noted")
            .event_handler(Auditor(calls.clone()));
        let mut world = world_on(&store, domain);
        append(&world.app, &[noted("1"), received("1", 5)]).await;

        let report = world.run().await;

        assert!(report.remaining.is_quiet(), "{}", report.remaining);
        assert_eq!(calls.take(), ["Shop.Paid.v3"]);
    }
}
