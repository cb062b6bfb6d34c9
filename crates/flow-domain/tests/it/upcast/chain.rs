//! A chain of steps equals the composition of its functions.

use std::sync::Arc;

use flow_domain::{Domain, Error, Event, Upcast, adapter::memory::MemoryStore, json::Json};
use proptest::{collection::vec, prelude::*};
use serde::{Deserialize, Serialize};

use crate::{
    fixture::events_of,
    upcast::fixture::{app_on, append, stored},
};

/// An event with five former versions. Nobody decodes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "probe", id = id, version = 6)]
struct Probed {
    id: String,
}

const N_STEPS: usize = 5;

/// What a step does.
#[derive(Clone, Debug)]
enum Change {
    Set(String, String),
    Remove(String),
    Rename(String, String),
}

impl Change {
    fn apply(&self, json: &mut Json) -> Result<(), Error> {
        match self {
            Self::Set(field, value) => json.set(field, value.as_str()),
            Self::Remove(field) => json.remove(field),
            // A field that exists already is kept, so that no step fails.
            Self::Rename(_, to) if json.get(to).is_some() => Ok(()),
            Self::Rename(from, to) => json.rename(from, to),
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let field = || "[ab]";
    prop_oneof![
        (field(), "[a-z]{0,3}").prop_map(|(field, value)| Change::Set(field, value)),
        field().prop_map(Change::Remove),
        (field(), field()).prop_map(|(from, to)| Change::Rename(from, to)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn chain_equals_the_composition_of_its_steps(
        changes in vec(change(), N_STEPS),
        version in 1..=N_STEPS,
        great in any::<u128>(),
        float in any::<f64>().prop_filter("has a JSON form", |float| float.is_finite()),
    ) {
        let float = serde_json::to_string(&float).unwrap();
        let content = format!(
            r#"{{"id":"1","a":"x","great":{great},"float":{float},"list":[{great},null]}}"#
        );
        let mut expected: Json = content.parse().unwrap();
        for change in &changes[version - 1..] {
            change.apply(&mut expected).unwrap();
        }

        let mut upcast = Upcast::to::<Probed>();
        for (idx, change) in changes.into_iter().enumerate() {
            let from = u32::try_from(idx + 1).unwrap();
            upcast = upcast.from(from, move |json| change.apply(json));
        }
        let domain = Domain::builder("lab").event_from_outside::<Probed>().upcast(upcast);
        let current = block_on(async {
            let app = app_on(&Arc::new(MemoryStore::default()), domain);
            let message_type = format!("Lab.Probed.v{version}");
            append(&app, &[stored("probe-1", &message_type, &content)]).await;
            events_of(&app).await.remove(0)
        });

        let text = current.envelope.message.as_json();
        prop_assert_eq!(text, expected.to_string());
        // The digits are those that were written.
        let (great, float) = (format!("\"great\":{great}"), format!("\"float\":{float}"));
        prop_assert!(text.contains(&great));
        prop_assert!(text.contains(&float));
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers")
        .block_on(future)
}
