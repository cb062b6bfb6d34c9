use crate::{
    json::Json,
    port::{Changes, Store},
    testing::contract::{
        fixture::{
            ABSENT, DASHBOARD, ORDERS, change, content, exact, get, load, numbers, read_all,
            read_stream, versions,
        },
        join_all::join_all,
    },
};

/// A commit is refused if a stream is at a lower or a higher version than expected.
pub async fn commit_refuses_a_stale_stream<S: Store + ?Sized>(store: &S) {
    change().append("order-1", [1, 2]).commit_to(store).await;

    let behind = change()
        .expect_version("order-1", exact(1))
        .append("order-1", [3]);
    let ahead = change()
        .expect_version("order-1", exact(3))
        .append("order-1", [3]);
    let absent = change()
        .expect_version("order-2", exact(1))
        .append("order-2", [3]);
    let only_read = change()
        .expect_version("order-1", exact(1))
        .append("order-2", [3]);

    behind.expect_conflict(store).await;
    ahead.expect_conflict(store).await;
    absent.expect_conflict(store).await;
    only_read.expect_conflict(store).await;

    assert_eq!(numbers(&read_all(store).await), [1, 2]);
}

/// A write or deletion is refused if the state or row is at another version than expected.
pub async fn commit_refuses_a_stale_state<S: Store + ?Sized>(store: &S) {
    change()
        .write(ORDERS, "1", ABSENT, "1")
        .write(DASHBOARD, "1", ABSENT, "1")
        .commit_to(store)
        .await;
    change()
        .write(ORDERS, "1", exact(1), "2")
        .write(DASHBOARD, "1", exact(1), "2")
        .commit_to(store)
        .await;

    for stale in [
        change().write(ORDERS, "1", exact(1), "3"),
        change().write(ORDERS, "1", exact(3), "3"),
        change().write(ORDERS, "2", exact(1), "3"),
        change().delete(ORDERS, "1", exact(1)),
        change().write(DASHBOARD, "1", exact(1), "3"),
        change().write(DASHBOARD, "2", exact(1), "3"),
        change().delete(DASHBOARD, "1", exact(3)),
        change().delete(DASHBOARD, "2", exact(1)),
    ] {
        stale.expect_conflict(store).await;
    }

    assert_eq!(content(load(store, ORDERS, "1").await), (2, Json::from(2)));
    assert_eq!(
        content(get(store, DASHBOARD, "1").await),
        (2, Json::from(2))
    );
    assert_eq!(load(store, ORDERS, "2").await, None);
    assert_eq!(get(store, DASHBOARD, "2").await, None);
}

/// A commit that expects no stream, state or row is refused if there is one.
pub async fn commit_refuses_to_create_what_exists<S: Store + ?Sized>(store: &S) {
    let create_stream = change()
        .expect_version("order-1", ABSENT)
        .append("order-1", [1]);
    let create_state = change().write(ORDERS, "1", ABSENT, "1");
    let create_row = change().write(DASHBOARD, "1", ABSENT, "1");

    create_stream.clone().commit_to(store).await;
    create_state.clone().commit_to(store).await;
    create_row.clone().commit_to(store).await;

    create_stream.expect_conflict(store).await;
    create_state.expect_conflict(store).await;
    create_row.expect_conflict(store).await;
}

/// If one expected version is stale, the commit writes nothing.
pub async fn commit_writes_all_or_nothing<S: Store + ?Sized>(store: &S) {
    change()
        .write(DASHBOARD, "old", ABSENT, "0")
        .commit_to(store)
        .await;

    let whole = change()
        .expect_version("order-1", ABSENT)
        .append("order-1", [1])
        .append("order-2", [2])
        .write(ORDERS, "1", ABSENT, "1")
        .write(DASHBOARD, "old", exact(1), "1")
        .write(DASHBOARD, "new", ABSENT, "1");

    let stale_stream = whole.clone().expect_version("order-2", exact(9));
    let stale_state = whole.clone().write(ORDERS, "2", exact(9), "1");
    let stale_row = whole.clone().write(DASHBOARD, "newer", exact(9), "1");
    let stale_deletion = whole.clone().delete(DASHBOARD, "newer", exact(9));

    for refused in [stale_stream, stale_state, stale_row, stale_deletion] {
        refused.expect_conflict(store).await;

        assert!(read_all(store).await.is_empty());
        assert!(read_stream(store, "order-1").await.is_empty());
        assert_eq!(load(store, ORDERS, "1").await, None);
        assert_eq!(
            content(get(store, DASHBOARD, "old").await),
            (1, Json::from(0))
        );
        assert_eq!(get(store, DASHBOARD, "new").await, None);
    }

    assert_eq!(versions(&whole.commit_to(store).await), [1, 1]);
    assert_eq!(numbers(&read_all(store).await), [1, 2]);
    assert_eq!(content(load(store, ORDERS, "1").await), (1, Json::from(1)));
    assert_eq!(
        content(get(store, DASHBOARD, "old").await),
        (2, Json::from(1))
    );
    assert_eq!(
        content(get(store, DASHBOARD, "new").await),
        (1, Json::from(1))
    );
}

/// A conflict names the writer, the target, the expected version and the found version, in this order.
pub async fn conflict_names_writer_target_and_versions<S: Store + ?Sized>(store: &S) {
    change()
        .append("order-1", [1, 2])
        .write(ORDERS, "1", ABSENT, "1")
        .commit_to(store)
        .await;

    let stream = change()
        .expect_version("order-1", exact(1))
        .append("order-1", [3]);
    let state = change().write(ORDERS, "1", ABSENT, "2");
    let row = change().write(DASHBOARD, "7", exact(3), "2");

    assert_eq!(
        stream.expect_conflict(store).await.to_string(),
        "OrderCommandHandler could not write stream `order-1`: expected version 1, found version 2"
    );
    assert_eq!(
        state.expect_conflict(store).await.to_string(),
        "OrderCommandHandler could not write aggregate Order `1`: expected nothing there, found version 1"
    );
    assert_eq!(
        row.expect_conflict(store).await.to_string(),
        "OrderCommandHandler could not write projection OrderDashboard `7`: expected version 3, \
         found nothing there"
    );
}

/// If concurrent commits expect the same version, exactly one goes through.
///
/// The others are refused, and write nothing.
pub async fn concurrent_commits_have_one_winner<S: Store + ?Sized>(store: &S) {
    let create = |number: u32| {
        change()
            .expect_version("order-1", ABSENT)
            .append("order-1", [number])
            .write(ORDERS, "1", ABSENT, &number.to_string())
            .into_changes()
    };
    let all: Vec<Changes> = (1..=4).map(create).collect();

    let results = join_all(all.iter().map(|changes| store.commit(changes)).collect()).await;

    let won: Vec<u64> = (1..)
        .zip(&results)
        .filter_map(|(number, result)| result.is_ok().then_some(number))
        .collect();
    let n_conflicts = results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .filter(|err| err.is_conflict())
        .count();

    assert_eq!(
        won.len(),
        1,
        "expected one successful commit, found {won:?}"
    );
    assert_eq!(n_conflicts, 3);
    assert_eq!(numbers(&read_all(store).await), won);
    assert_eq!(
        content(load(store, ORDERS, "1").await),
        (1, Json::from(won[0]))
    );
}
