use std::{sync::Arc, time::Duration};

use crate::{
    adapter::memory::MemoryStore,
    clock::Timestamp,
    message::{ExpectedVersion, Position, Recorded, Version},
    port::{
        Changes, Claim, OutboxDue, OutboxRow, OutboxState, Query, Row, SendResult, Settlement,
        Store,
    },
    testing::contract::{
        fixture::{DASHBOARD, ORDERS, change, stream},
        outbox_fixture::{at_second, failed},
    },
};

const STREAMS: [&str; 4] = ["order-1", "order-2", "payment-1", "payment-2"];
// So many ids that a `SmallMap` makes an index.
const N_IDS: u64 = 20;
const STATES: [OutboxState; 5] = [
    OutboxState::Pending,
    OutboxState::Processing,
    OutboxState::Published,
    OutboxState::Failed,
    OutboxState::Abandoned,
];

/// A linear congruential generator. It gives the same numbers on every platform.
struct Rng(u64);

impl Rng {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);

        (self.0 >> 33) % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let idx = usize::try_from(self.below(from.len() as u64)).unwrap();
        from[idx]
    }
}

/// A random operation on a store.
#[derive(Clone, Debug)]
enum Operation {
    Commit(Changes),
    Claim(&'static str, usize),
    Settle(&'static str, Vec<Settlement>),
    Reopen(u64),
    Forget,
    CleanUp(OutboxState, Timestamp),
}

fn random_operation(rng: &mut Rng, idx: u32, claimed: &[u64], now: Timestamp) -> Operation {
    let worker = rng.pick(&["ann", "bob"]);
    match rng.below(10) {
        0..5 => Operation::Commit(random_changes(rng, idx, now)),
        5..7 => Operation::Claim(worker, rng.pick(&[1, 2, 9])),
        7..9 => {
            let settlements = claimed
                .iter()
                .map(|number| random_settlement(rng, *number, now));
            Operation::Settle(worker, settlements.collect())
        }
        _ if rng.below(2) == 0 => Operation::Reopen(rng.below(idx.into())),
        _ if rng.below(2) == 0 => Operation::Forget,
        _ => Operation::CleanUp(rng.pick(&STATES), now - Duration::from_secs(20)),
    }
}

fn random_changes(rng: &mut Rng, idx: u32, now: Timestamp) -> Changes {
    let exact_versions = [0, 1, 2, 3].map(|version| ExpectedVersion::Exact(Version::new(version)));
    let mut changes = change();

    if rng.below(4) == 0 {
        changes = changes.expect_version(rng.pick(&STREAMS), rng.pick(&exact_versions));
    }

    for message_idx in 0..rng.below(3) {
        let number = idx * 10 + u32::try_from(message_idx).unwrap();
        changes = changes.append(rng.pick(&STREAMS), [number]);
        let due = now + Duration::from_secs(rng.pick(&[0, 0, 3, 30, 90]));
        changes = changes.send(rng.pick(&STREAMS), number, due);
    }

    if rng.below(2) == 0 {
        let id = rng.below(N_IDS).to_string();
        let table = rng.pick(&[ORDERS, DASHBOARD]);
        let any = ExpectedVersion::Any;
        let expected = rng.pick(&[any, any, exact_versions[0], exact_versions[1]]);

        changes = match rng.below(3) {
            0 => changes.delete(table, &id, expected),
            _ => changes.write(table, &id, expected, &idx.to_string()),
        };
    }

    if rng.below(3) == 0 {
        let number = rng.below(u64::from(idx) * 10);
        changes = changes.cancel(u32::try_from(number).unwrap());
    }

    changes.into_changes()
}

fn random_settlement(rng: &mut Rng, number: u64, now: Timestamp) -> Settlement {
    let error = "no such topic".into();
    Settlement {
        number,
        result: match rng.below(6) {
            0 => SendResult::Abandoned { error },
            1 => SendResult::Released,
            2 => failed(now + Duration::from_secs(rng.below(9))),
            _ => SendResult::Published,
        },
    }
}

/// Applies an operation, and returns its result as text.
async fn apply(store: &dyn Store, operation: &Operation, now: Timestamp) -> String {
    match operation {
        Operation::Commit(changes) => format!("{:?}", store.commit(changes).await),
        Operation::Claim(worker, limit) => {
            let claim = Claim {
                worker,
                now,
                lease: Duration::from_secs(5),
                limit: *limit,
            };
            format!("{:?}", store.claim(&claim).await)
        }
        Operation::Settle(worker, settlements) => {
            format!("{:?}", store.settle(worker, now, settlements).await)
        }
        Operation::Reopen(number) => format!("{:?}", store.reopen(*number, now).await),
        Operation::Forget => format!("{:?}", store.forget(Duration::ZERO).await),
        Operation::CleanUp(state, before) => format!("{:?}", store.clean_up(*state, *before).await),
    }
}

/// Everything that can be read from a store, but only the events after a given position or version.
#[derive(Debug, PartialEq)]
struct Snapshot {
    last_position: Position,
    events: Vec<Vec<Recorded>>,
    tables: Vec<Vec<Row>>,
    n_rows: usize,
    row_versions: Vec<Option<Version>>,
    outbox: Vec<OutboxRow>,
    due: OutboxDue,
}

async fn snapshot(store: &dyn Store, after: u64, now: Timestamp) -> Snapshot {
    // There are four streams, so a version is about a quarter of a position.
    let (position, version) = (Position::new(after), Version::new(after / 4));
    let mut events = Vec::new();

    for category in [None, Some("order"), Some("payment")] {
        let recorded = store.read_category(category, position, 50).await;
        events.push(recorded.unwrap());
    }
    for name in STREAMS {
        let recorded = store.read_stream(&stream(name), version, 50).await;
        events.push(recorded.unwrap());
    }

    let mut row_versions = Vec::new();
    for id in 0..N_IDS {
        let stored = store.get(DASHBOARD, &id.to_string()).await.unwrap();
        row_versions.push(stored.map(|stored| stored.version));
    }

    let all = Query::default();
    Snapshot {
        last_position: store.last_position().await.unwrap(),
        events,
        tables: vec![
            store.query(ORDERS, &all).await.unwrap(),
            store.query(DASHBOARD, &all).await.unwrap(),
        ],
        n_rows: store.count(DASHBOARD, &[]).await.unwrap(),
        row_versions,
        outbox: store.rows(&STATES, usize::MAX).await.unwrap(),
        due: store.next_due(now).await.unwrap(),
    }
}

/// Applies the same operations to a store that is never forked and to one that is forked often.
///
/// Both must always have the same content. Each fork also leaves another store. Random operations on
/// that store must not change the forked one.
async fn check_forks_match(seed: u64) {
    let mut rng = Rng(seed);
    let plain: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let mut forked: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let mut others: Vec<Arc<dyn Store>> = vec![];
    let mut now = at_second(100);

    for idx in 1..=400 {
        let claimed = plain.rows(&[OutboxState::Processing], 9).await.unwrap();
        let claimed: Vec<u64> = claimed.iter().map(|row| row.number).collect();
        let next = random_operation(&mut rng, idx, &claimed, now);

        let expected = apply(&*plain, &next, now).await;
        assert_eq!(
            apply(&*forked, &next, now).await,
            expected,
            "seed {seed}, step {idx}: {next:?}"
        );

        for other in &others {
            let unrelated = random_operation(&mut rng, idx, &claimed, now);
            apply(&**other, &unrelated, now).await;
        }

        let after = rng.below(u64::from(idx));
        assert_eq!(
            snapshot(&*forked, after, now).await,
            snapshot(&*plain, after, now).await,
            "seed {seed}, after step {idx}: {next:?}"
        );

        // Either of the two stores may continue as `forked`.
        if rng.below(8) == 0 {
            let mut other = forked.fork().unwrap();
            if rng.below(2) == 0 {
                std::mem::swap(&mut forked, &mut other);
            }
            others.truncate(2);
            others.insert(0, other);
        }

        now = now + Duration::from_secs(rng.below(4));
    }
}

#[tokio::test]
async fn fork_matches_an_unforked_store_seed_1() {
    check_forks_match(1).await;
}

#[tokio::test]
async fn fork_matches_an_unforked_store_seed_2() {
    check_forks_match(2).await;
}

#[tokio::test]
async fn fork_matches_an_unforked_store_seed_3() {
    check_forks_match(3).await;
}
