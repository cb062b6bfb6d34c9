use crate::{
    adapter::memory::MemoryStore,
    message::ExpectedVersion,
    port::{Direction, ProjectionStore as _, Query, Store},
    testing::contract::{
        declared_fields::{DeclaredRows, by},
        fixture::{ABSENT, DASHBOARD, change, find_ids},
    },
};

/// Writes and deletes rows, and checks queries in between.
async fn change_rows(rows: &mut DeclaredRows, store: &dyn Store, seed: u32) {
    for n in 0..60 {
        let number = n * 7 + seed;
        let id = format!("row-{}", number % 25);
        match number % 5 {
            4 => rows.delete(store, &id).await,
            _ => rows.write(store, &id, number).await,
        }
        if n % 20 == 0 {
            rows.check_queries(store).await;
        }
    }
    rows.check_queries(store).await;
}

#[tokio::test]
async fn forks_answer_queries_from_both_layers() {
    let store = MemoryStore::default();
    let mut rows = DeclaredRows::default();
    change_rows(&mut rows, &store, 1).await;

    let fork = store.fork().expect("a memory store can be forked");
    let mut fork_rows = rows.clone();
    change_rows(&mut fork_rows, &*fork, 2).await;
    change_rows(&mut rows, &store, 3).await;

    // The second fork has a base with changes on top.
    let second = fork.fork().expect("a memory store can be forked");
    let mut second_rows = fork_rows.clone();
    change_rows(&mut second_rows, &*second, 4).await;
    fork_rows.check_queries(&*fork).await;
    rows.check_queries(&store).await;
}

#[tokio::test]
async fn row_without_a_key_is_an_error_until_it_is_rewritten() {
    let store = MemoryStore::default();
    let mut rows = DeclaredRows::default();
    change()
        .write(DASHBOARD, "old", ABSENT, "{}")
        .commit_to(&store)
        .await;
    rows.write(&store, "row-1", 1).await;

    let by_due = Query {
        order: vec![by("due_at", Direction::Ascending)],
        ..Query::default()
    };
    let err = store.query(DASHBOARD, &by_due).await.expect_err("no key");
    assert_eq!(
        err.to_string(),
        "row `old` was stored before `due_at` was declared in `index(..)`: rebuild the projection"
    );

    change()
        .delete(DASHBOARD, "old", ExpectedVersion::Any)
        .commit_to(&store)
        .await;
    assert_eq!(find_ids(&store, &by_due).await, "row-1");
}
