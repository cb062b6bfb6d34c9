//! Personal data: who can read it, and until when.
#![cfg(feature = "personal")]

use std::sync::Arc;

use flow_domain::{
    App, Domain, Personal,
    adapter::memory::MemoryStore,
    clock::{VirtualClock, VirtualIds},
    json::Json,
    port::{AggregateStore, ProjectionStore, Query},
    record::{Table, TableKind},
};

use crate::fixture::build;

const KEYS: Table = Table::new(TableKind::SubjectKey, "SubjectKey");

fn app() -> App {
    App::builder(build(Domain::builder("paper")))
        .store(MemoryStore::default())
        .start()
}

async fn protect(app: &App, subject: &str) -> Personal<String> {
    let email = "ada@example.org".to_owned();
    app.protect(subject, &email).await.expect("it is protected")
}

async fn reveal(app: &App, personal: &Personal<String>) -> Option<String> {
    app.reveal(personal).await.expect("the store answers")
}

fn stored(personal: &Personal<String>) -> String {
    serde_json::to_string(personal).expect("it has a JSON form")
}

#[tokio::test]
async fn personal_value_is_revealed_until_its_person_is_erased() {
    let app = app();
    let (ada, bob) = (protect(&app, "ada").await, protect(&app, "bob").await);
    let email = Some("ada@example.org".to_owned());
    assert_eq!(reveal(&app, &ada).await, email);

    assert!(app.erase_subject("ada").await.unwrap());

    assert_eq!(reveal(&app, &ada).await, None);
    assert_eq!(reveal(&app, &bob).await, email);
    assert!(!app.erase_subject("ada").await.unwrap(), "it is erased");
    assert!(!app.erase_subject("cas").await.unwrap(), "nobody knows it");
}

#[tokio::test]
async fn erased_value_stays_erased_after_a_new_one() {
    let app = app();
    let before = protect(&app, "ada").await;
    app.erase_subject("ada").await.unwrap();

    let after = protect(&app, "ada").await;

    assert_eq!(reveal(&app, &before).await, None);
    assert!(reveal(&app, &after).await.is_some());
}

#[tokio::test]
async fn personal_value_comes_back_from_its_json() {
    let app = app();
    let ada = protect(&app, "ada").await;

    let json = stored(&ada);
    let back: Personal<String> = serde_json::from_str(&json).unwrap();

    assert_eq!(back, ada);
    assert_eq!(ada, protect(&app, "ada").await, "a retry writes the same");
    assert_ne!(ada, protect(&app, "bob").await);
    assert!(!json.contains("example"), "{json}");
    assert_eq!(format!("{ada:?}"), r#"Personal("ada")"#);
}

#[tokio::test]
async fn personal_value_that_was_changed_is_an_error() {
    let app = app();
    let json = stored(&protect(&app, "ada").await);
    protect(&app, "bob").await;
    let mut changed: Json = json.parse().unwrap();
    let sealed = serde_json::from_str::<serde_json::Value>(&json).unwrap()["sealed"].to_string();
    let other = if sealed.starts_with("\"0") { "1" } else { "0" };
    changed = changed
        .to_string()
        .replace(&sealed, &format!("\"{other}{}", &sealed[2..]))
        .parse()
        .unwrap();

    let changed: Personal<String> = serde_json::from_str(&changed.to_string()).unwrap();
    let err = app.reveal(&changed).await.expect_err("it was changed");

    insta::assert_snapshot!(err.with_causes(), @"revealing a personal value of `ada` failed: aead::Error");
    let no_digits: Result<Personal<String>, _> =
        serde_json::from_str(&json.replace(&sealed, "\"é\""));
    insta::assert_snapshot!(no_digits.unwrap_err(), @"expected hexadecimal digits at line 1 column 76");
}

#[tokio::test]
async fn person_without_a_key_is_refused() {
    let err = app().protect("", &7).await.expect_err("no id");

    assert!(err.is_setup());
    insta::assert_snapshot!(err.with_causes(), @"the key `subject` of a personal value is invalid: a key must have 1 to 512 bytes, but this one is empty");
}

#[tokio::test]
async fn keys_can_be_in_a_store_of_their_own() {
    let (store, keys) = (
        Arc::new(MemoryStore::default()),
        Arc::new(MemoryStore::default()),
    );
    let app = App::builder(build(Domain::builder("paper")))
        .shared_store(Arc::clone(&store) as _)
        .key_store(Arc::clone(&keys) as _)
        .start();

    let ada = protect(&app, "ada").await;

    assert!(reveal(&app, &ada).await.is_some());
    assert_eq!(store.load(KEYS, "ada").await.unwrap(), None);
    assert!(keys.load(KEYS, "ada").await.unwrap().is_some());
    app.erase_subject("ada").await.unwrap();
    assert_eq!(keys.query(KEYS, &Query::default()).await.unwrap(), []);
    assert_eq!(reveal(&app, &ada).await, None);
}

#[tokio::test]
async fn writers_of_one_person_share_its_key() {
    let app = app();

    let (first, second) = tokio::join!(protect(&app, "ada"), protect(&app, "ada"));

    assert_eq!(first, second);
    assert!(reveal(&app, &first).await.is_some());
}

#[tokio::test]
async fn virtual_ids_make_the_same_keys_in_each_run() {
    let run = async || {
        let app = App::builder(build(Domain::builder("paper")))
            .store(MemoryStore::default())
            .clock(Arc::new(VirtualClock::default()))
            .ids(Arc::new(VirtualIds::default()))
            .start();
        protect(&app, "ada").await
    };

    assert_eq!(run().await, run().await);
    assert_ne!(protect(&app(), "ada").await, protect(&app(), "ada").await);
}
