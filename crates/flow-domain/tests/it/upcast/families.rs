//! Upcasts of the events of an enum, and events of the same name in two categories.

use std::sync::Arc;

use flow_domain::{
    Aggregate, Apply, Domain, Event, PendingEvents, Upcast, adapter::memory::MemoryStore,
    json::Json, message::Position, port::EventStore,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{
    fixture::events_of,
    upcast::fixture::{app_on, append, stored},
};

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, events(ParcelEvent))]
struct Parcel {
    id: String,
    log: Vec<ParcelEvent>,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Parcel, id = id)]
enum ParcelEvent {
    /// Was called `Posted` in version 1.
    #[event(version = 2)]
    Sent { id: String, grams: u64 },
    /// Had no field in version 1.
    #[event(version = 2)]
    Lost { id: String, place: String },
}

impl Apply<ParcelEvent> for Parcel {
    fn apply(&mut self, event: &ParcelEvent) {
        if let ParcelEvent::Sent { id, .. } = event {
            self.id.clone_from(id);
        }
        self.log.push(event.clone());
    }
}

/// An event of another category that is called as a former version of `Sent`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "letter", id = id)]
struct Posted {
    id: String,
}

fn post() -> flow_domain::wiring::DomainBuilder {
    Domain::builder("post")
        .aggregate::<Parcel>()
        .event_from_outside::<Posted>()
        .upcast(
            Upcast::to_variant::<ParcelEvent>("Sent")
                .was("Posted", 1..=1)
                .from(1, |json| json.rename("weight", "grams")),
        )
        .upcast(Upcast::to_variant::<ParcelEvent>("Lost").from(1, |json| {
            *json = Json::Object(
                ["id", "place"]
                    .map(|field| (field.to_owned(), Json::from("?")))
                    .into(),
            );
            Ok(())
        }))
}

#[tokio::test]
async fn steps_of_a_variant_get_its_content() {
    let store = Arc::new(MemoryStore::default());
    let app = app_on(&store, post());
    append(
        &app,
        &[
            stored(
                "parcel-1",
                "Post.Posted.v1",
                r#"{"Posted":{"id":"1","weight":18446744073709551615}}"#,
            ),
            stored("parcel-1", "Post.Lost.v1", r#""Lost""#),
            stored(
                "parcel-1",
                "Post.Sent.v1",
                r#"{"Sent":{"id":"1","weight":2}}"#,
            ),
        ],
    )
    .await;

    let parcel = app.load::<Parcel>("1").await.unwrap().unwrap();

    let sent = |grams| ParcelEvent::Sent {
        id: "1".into(),
        grams,
    };
    let lost = ParcelEvent::Lost {
        id: "?".into(),
        place: "?".into(),
    };
    assert_eq!(parcel.log, [sent(u64::MAX), lost, sent(2)]);
}

#[tokio::test]
async fn same_name_in_another_category_is_another_event() {
    let store = Arc::new(MemoryStore::default());
    let app = app_on(&store, post());

    app.publish(Posted { id: "7".into() }).await.unwrap();

    let raw = store.read_category(None, Position::START, 10).await;
    assert_eq!(events_of(&app).await, raw.unwrap());
}
