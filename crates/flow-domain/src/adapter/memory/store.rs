use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    adapter::memory::store_state::StoreState,
    clock::{Timestamp, monotonic_now},
    message::{Payload, Position, Recorded, StreamName, Version},
    port::{
        AggregateStore, Changes, Claim, Condition, Cursor, EventStore, HeldPartition, Ledger,
        Outbox, OutboxDue, OutboxRow, OutboxState, PortFuture, ProjectionStore, Query, Row,
        Settlement, Store, StoredState, Turn, TurnResult,
    },
    record::Table,
};

/// Stores streams, states and rows in memory.
///
/// Each method does its work when it is called, and returns a ready future. The cost of reading or
/// writing one item does not grow with the size of the store. A query that filters or sorts by a
/// declared field reads only the rows that it needs, by an index. Any other query reads the whole table.
///
/// [`fork`](Store::fork) returns a second store with the same content. The two stores share this
/// content, and later writes go to one store only. The cost of the first fork does not grow with the
/// size of the store. A later fork copies the writes since the first one, but never more than the shared
/// part. The unsent rows of the outbox are copied at the next write to the outbox.
///
/// It measures leases by the timers of the tokio runtime, not by the clock of an app. So virtual time
/// ends no lease, and the paused time of a test does.
///
/// # Examples
///
/// ```
/// use flow_domain::{adapter::memory::MemoryStore, message::Position, port::EventStore as _};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = MemoryStore::default();
/// let recorded = store.read_category(None, Position::START, 10).await?;
/// assert!(recorded.is_empty());
/// # Ok::<(), flow_domain::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<StoreState>,
}

impl MemoryStore {
    // A poisoned lock can be ignored. The state changes only after the last step that can fail, so a
    // panic never leaves half of a change.
    fn lock(&self) -> MutexGuard<'_, StoreState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventStore for MemoryStore {
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        let recorded = self.lock().events.read_stream(stream, after, limit);
        PortFuture::ready(Ok(recorded))
    }

    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        let recorded = self.lock().events.read_category(category, after, limit);
        PortFuture::ready(Ok(recorded))
    }

    fn read_partitions<'a>(
        &'a self,
        categories: Option<&'a [&'static str]>,
        n_partitions: u32,
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        let state = self.lock();
        let recorded = state
            .events
            .read_partitions(categories, n_partitions, cursors, limit);
        PortFuture::ready(Ok(recorded))
    }

    fn read_at<'a>(&'a self, positions: &'a [Position]) -> PortFuture<'a, Vec<Recorded>> {
        let recorded = self.lock().events.read_at(positions);
        PortFuture::ready(Ok(recorded))
    }

    fn last_position(&self) -> PortFuture<'_, Position> {
        let position = self.lock().events.last_position();
        PortFuture::ready(Ok(position))
    }
}

impl AggregateStore for MemoryStore {
    fn load<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        let stored = self.lock().tables.get(table, id);
        PortFuture::ready(Ok(stored))
    }

    fn forget(&self, age: Duration) -> PortFuture<'_, usize> {
        let n_forgotten = self.lock().forget(age);
        PortFuture::ready(Ok(n_forgotten))
    }
}

impl ProjectionStore for MemoryStore {
    fn get<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        let stored = self.lock().tables.get(table, id);
        PortFuture::ready(Ok(stored))
    }

    fn query<'a>(&'a self, table: Table, query: &'a Query) -> PortFuture<'a, Vec<Row>> {
        let rows = self.lock().tables.query(table, query);
        PortFuture::ready(rows)
    }

    fn count<'a>(&'a self, table: Table, conditions: &'a [Condition]) -> PortFuture<'a, usize> {
        let n_rows = self.lock().tables.count(table, conditions);
        PortFuture::ready(n_rows)
    }

    fn table_version(&self, table: Table) -> PortFuture<'_, Version> {
        let version = self.lock().tables.table_version(table);
        PortFuture::ready(Ok(version))
    }
}

impl Outbox for MemoryStore {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> PortFuture<'a, Vec<OutboxRow>> {
        let rows = self.lock().outbox.claim(claim);
        PortFuture::ready(Ok(rows))
    }

    fn settle<'a>(
        &'a self,
        worker: &'a str,
        now: Timestamp,
        settlements: &'a [Settlement],
    ) -> PortFuture<'a, ()> {
        self.lock().outbox.settle(worker, now, settlements);
        PortFuture::ready(Ok(()))
    }

    fn rows<'a>(
        &'a self,
        states: &'a [OutboxState],
        limit: usize,
    ) -> PortFuture<'a, Vec<OutboxRow>> {
        let rows = self.lock().outbox.rows(states, limit);
        PortFuture::ready(Ok(rows))
    }

    fn next_due(&self, now: Timestamp) -> PortFuture<'_, OutboxDue> {
        let due = self.lock().outbox.next_due(now);
        PortFuture::ready(Ok(due))
    }

    fn reopen(&self, number: u64, now: Timestamp) -> PortFuture<'_, bool> {
        let was_abandoned = self.lock().outbox.reopen(number, now);
        PortFuture::ready(Ok(was_abandoned))
    }

    fn clean_up(&self, state: OutboxState, before: Timestamp) -> PortFuture<'_, usize> {
        let n_deleted = self.lock().outbox.clean_up(state, before);
        PortFuture::ready(Ok(n_deleted))
    }
}

impl Ledger for MemoryStore {
    fn turn<'a>(&'a self, turn: &'a Turn<'a>) -> PortFuture<'a, TurnResult> {
        let result = self.lock().leases.turn(turn, monotonic_now());
        PortFuture::ready(Ok(result))
    }

    fn release<'a>(&'a self, group: &'a Arc<str>, held: &'a [HeldPartition]) -> PortFuture<'a, ()> {
        self.lock().leases.release(group, held);
        PortFuture::ready(Ok(()))
    }

    fn leave<'a>(&'a self, group: &'a Arc<str>, member: &'a Arc<str>) -> PortFuture<'a, ()> {
        self.lock().leases.leave(group, member);
        PortFuture::ready(Ok(()))
    }

    fn ledgers<'a>(&'a self, group: &'a str) -> PortFuture<'a, Vec<(u32, Payload)>> {
        let ledgers = self.lock().leases.ledgers(group);
        PortFuture::ready(Ok(ledgers))
    }
}

impl Store for MemoryStore {
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        let committed = self.lock().commit(changes);
        PortFuture::ready(committed)
    }

    fn fork(&self) -> Option<Arc<dyn Store>> {
        let state = Mutex::new(self.lock().fork());
        Some(Arc::new(Self { state }))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::{
        message::{ExpectedVersion, Payload},
        port::{RowKeys, Write},
        record::TableKind,
    };

    const COUNTERS: Table = Table::new(TableKind::Projection, "Counter");

    fn create_counter(id: &str) -> Changes {
        let mut changes = Changes::new("CounterProjector");
        changes.writes.push(Write {
            table: COUNTERS,
            id: id.into(),
            expected: ExpectedVersion::Exact(Version::NONE),
            value: Some(Payload::from_json("1")),
            keys: RowKeys::default(),
        });
        changes
    }

    #[test]
    fn concurrent_creation_of_a_row_has_one_winner() {
        let store = Arc::new(MemoryStore::default());

        let threads: Vec<_> = (0..8)
            .map(|_| {
                let store = Arc::clone(&store);
                thread::spawn(move || store.lock().commit(&create_counter("one")).is_ok())
            })
            .collect();
        let n_wins = threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .filter(|won| *won)
            .count();

        assert_eq!(n_wins, 1);
        assert_eq!(store.lock().tables.count(COUNTERS, &[]).ok(), Some(1));
    }

    #[tokio::test]
    async fn store_works_after_a_panic_under_its_lock() {
        let store = Arc::new(MemoryStore::default());
        let locked = Arc::clone(&store);
        let panicked = thread::spawn(move || {
            let _state = locked.lock();
            panic!("a deliberate panic under the lock");
        });
        assert!(panicked.join().is_err());

        store.commit(&create_counter("one")).await.unwrap();

        assert_eq!(store.count(COUNTERS, &[]).await.unwrap(), 1);
    }
}
