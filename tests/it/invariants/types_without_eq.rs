//! The round trip of messages without `PartialEq`.

use std::collections::HashMap;

use flow_domain::{Domain, Error, Event, EventHandler, EventRoutes, UnitOfWork, WiringErrors};
use flow_harness::{Invariant, prelude::*};
use serde::{Deserialize, Serialize};

/// An event without `PartialEq`.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "letter", id = letter_id)]
struct LetterArrived {
    letter_id: String,
    #[serde(skip)]
    whisper: String,
    stamps: HashMap<String, u32>,
}

struct Postman;

impl EventHandler for Postman {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_letter_arrived);
    }
}

impl Postman {
    async fn on_letter_arrived(
        &self,
        event: LetterArrived,
        _: &mut UnitOfWork,
    ) -> Result<(), Error> {
        assert!(
            event.whisper.is_empty(),
            "a skipped field is not serialized"
        );
        Ok(())
    }
}

fn post_office() -> Result<Domain, WiringErrors> {
    Domain::builder("post")
        .event_from_outside::<LetterArrived>()
        .event_handler(Postman)
        .build()
}

fn letter_arrived(whisper: &str) -> LetterArrived {
    LetterArrived {
        letter_id: "l-1".into(),
        whisper: whisper.into(),
        // Two hash maps with 30 entries practically never have the same order.
        stamps: (0..30).map(|n| (format!("stamp {n}"), n)).collect(),
    }
}

#[test]
fn type_without_eq_gives_one_warning() {
    let outcome = FlowHarness::new(post_office)
        .given_events(letter_arrived("psst"))
        .when_event(letter_arrived("a skipped field is not compared"))
        .then_settled()
        .run();

    let warnings: Vec<String> = outcome.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "LetterArrived has no `PartialEq`, so its round trip is compared by JSON only: \
             add `#[derive(PartialEq)]`"
        ]
    );
}

#[test]
fn type_without_eq_gives_no_warning_without_the_invariant() {
    let outcome = FlowHarness::new(post_office)
        .disable_invariant(Invariant::RoundTrip, "the test is about warnings")
        .when_event(letter_arrived(""))
        .then_settled()
        .run();

    assert_eq!(outcome.warnings(), []);
}

#[test]
fn round_trip_without_eq_ignores_hash_map_order() {
    FlowHarness::new(post_office)
        .when_event(letter_arrived(""))
        .then_settled()
        .run();
}
