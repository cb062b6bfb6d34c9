use std::fmt::Debug;

use crate::{
    clock::Timestamp,
    message::{Position, Recorded, Version},
    port::{Cursor, Store},
    record::Table,
    testing::{
        contract::fixture::{DASHBOARD, stream},
        random::{
            Rng,
            random_operations::{N_IDS, STATES, STREAMS, TABLES},
            random_query::random_query,
        },
    },
};

/// Reads something from two stores, and compares the results. Returns the number of rows.
///
/// `n_operations` is the number of operations so far.
pub(super) async fn compare_reads(
    rng: &mut Rng,
    n_operations: u32,
    now: Timestamp,
    stores: [&dyn Store; 2],
    place: &str,
) -> usize {
    let query = random_query(rng);
    let [left, right] = stores.map(|store| store.query(DASHBOARD, &query));
    let (left, right) = (left.await, right.await);
    let n_rows = left.as_ref().map_or(0, Vec::len);
    compare(left, right, place, &query);

    let id = rng.below(N_IDS).to_string();
    let after = rng.below(u64::from(n_operations) + 1);
    match rng.below(8) {
        0 => {
            let [left, right] = stores.map(|store| store.count(DASHBOARD, &query.conditions));
            compare(left.await, right.await, place, &query.conditions);
        }
        1 => {
            let table: Table = rng.pick(&TABLES);
            let [left, right] = stores.map(|store| store.load(table, &id));
            compare(left.await, right.await, place, &(table, id.as_str()));
        }
        2 => {
            let [left, right] = stores.map(|store| store.get(DASHBOARD, &id));
            compare(left.await, right.await, place, &("get", id.as_str()));
        }
        3 => {
            let positions = [after + 1, after / 2, 0, 1_000_000].map(Position::new);
            let [left, right] = stores.map(|store| store.read_at(&positions));
            compare(left.await, right.await, place, &positions);
        }
        4 => {
            let name = stream(rng.pick(&STREAMS));
            let limit = rng.pick(&[1, 3, usize::MAX]);
            let version = Version::new(after / 4);
            let [left, right] = stores.map(|store| store.read_stream(&name, version, limit));
            compare(left.await, right.await, place, &(&name, version, limit));
        }
        5 => {
            let limit = rng.pick(&[0, 1, 7]);
            let states = [rng.pick(&STATES), rng.pick(&STATES)];
            let [left, right] = stores.map(|store| store.rows(&states, limit));
            compare(left.await, right.await, place, &(states, limit));
        }
        6 => {
            let [left, right] = stores.map(|store| store.next_due(now));
            compare(left.await, right.await, place, &("next_due", now));
        }
        _ => {
            let page = Page {
                categories: rng.pick(&[None, Some(&["order"]), Some(&["payment", "order"])]),
                n_partitions: rng.pick(&[1, 3]),
                after,
                limit: rng.pick(&[1, 4, 50]),
            };
            let (left, right) = (
                page.read_all(stores[0]).await,
                page.read_all(stores[1]).await,
            );
            assert_eq!(right, left, "{place}: {page:?}");
        }
    }
    n_rows
}

/// A read of partitions, page by page.
#[derive(Debug)]
struct Page {
    categories: Option<&'static [&'static str]>,
    n_partitions: u32,
    after: u64,
    limit: usize,
}

impl Page {
    /// Reads up to the end. How far the cursors move with a page is up to the store.
    async fn read_all(&self, store: &dyn Store) -> Vec<Recorded> {
        let cursor = |partition| Cursor {
            topic: 0,
            partition,
            place: self.after,
        };
        let mut cursors: Vec<Cursor> = (0..self.n_partitions).map(cursor).collect();
        let mut all = Vec::new();

        loop {
            let page = store
                .read_partitions(self.categories, self.n_partitions, &mut cursors, self.limit)
                .await
                .expect("a read of the store succeeds");
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }
}

/// Requires that two calls have the same result.
fn compare<T: Debug, E: Debug>(
    left: Result<T, E>,
    right: Result<T, E>,
    place: &str,
    call: &impl Debug,
) {
    assert_eq!(
        format!("{right:?}"),
        format!("{left:?}"),
        "{place}: {call:?}"
    );
}
