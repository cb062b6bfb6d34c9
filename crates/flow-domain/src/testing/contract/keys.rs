use crate::{
    message::MAX_KEY_BYTES,
    port::{Query, Store},
    testing::contract::fixture::{
        ABSENT, DASHBOARD, ORDERS, change, event_with_content, find_ids, get, load, numbers, query,
        read_stream,
    },
};

/// Texts that a collation, a pattern, a path or a trimmed column would mix up.
const SIMILAR_KEYS: [&str; 26] = [
    "a",
    "A",
    "á",
    "a\u{301}",
    "ａ",
    "a ",
    " a",
    "a  ",
    "a%",
    "%",
    "a_",
    "_",
    "a'",
    "a\"",
    "a`",
    "a/",
    "a/.",
    "a\\",
    "a-",
    "a;--",
    "a\u{a0}",
    "a\u{200b}",
    "ß",
    "ss",
    "null",
    "🦀",
];

/// Two keys are the same only if all their bytes are.
///
/// A key is the id of a stream, a state or a row. It has 1 to 512 bytes, and no control characters.
pub async fn keys_are_compared_by_their_bytes<S: Store + ?Sized>(store: &S) {
    let long_keys = ["x", "y"].map(|end| {
        let key = "é".repeat(MAX_KEY_BYTES / 2 - 1) + "-" + end;
        assert_eq!(key.len(), MAX_KEY_BYTES);
        key
    });
    let keys: Vec<&str> = SIMILAR_KEYS
        .into_iter()
        .chain(long_keys.iter().map(String::as_str))
        .collect();

    for (number, key) in (0..).zip(&keys) {
        let json = number.to_string();
        change()
            .event(&event_with_content(&format!("order-{key}"), number, &json))
            .write(ORDERS, key, ABSENT, &json)
            .write(DASHBOARD, key, ABSENT, &json)
            .commit_to(store)
            .await;
    }

    for (number, key) in (0..).zip(&keys) {
        let events = read_stream(store, &format!("order-{key}")).await;
        assert_eq!(numbers(&events), [number], "the stream of the key {key:?}");
        assert_eq!(events[0].envelope.metadata.stream.id(), *key);

        let state = load(store, ORDERS, key).await.expect("was written");
        let row = get(store, DASHBOARD, key).await.expect("was written");
        assert_eq!(state.value.as_json(), number.to_string(), "state {key:?}");
        assert_eq!(row.value.as_json(), number.to_string(), "row {key:?}");
    }

    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(query(store, &Query::default()).await.len(), keys.len());
    assert_eq!(find_ids(store, &Query::default()).await, sorted.join(" "));
}
