use std::{fmt, sync::Arc, time::Duration};

use flow_domain::{
    Error,
    clock::Timestamp,
    message::{Payload, Position, Recorded, StreamName, Version},
    port::{
        AggregateStore, Changes, Claim, Condition, Cursor, EventStore, HeldPartition, Ledger,
        Outbox, OutboxDue, OutboxRow, OutboxState, PortFuture, ProjectionStore, Query, Row,
        Settlement, Store, StoredState, Turn, TurnResult,
    },
    record::Table,
    testing::{Backend, OpenedStore},
};

use crate::system::backend::background::{CALL_LIMIT, wait};

/// A store whose calls are done when they return, as those of a store in memory are.
///
/// So the handlers of a run take turns in the same order on every backend, and no time passes for them.
pub(super) struct BlockingStore {
    backend: &'static str,
    opened: OpenedStore,
}

impl BlockingStore {
    /// Opens a store.
    ///
    /// # Errors
    ///
    /// Returns the error of the backend.
    pub(super) fn open(backend: &dyn Backend) -> Result<Self, Error> {
        let name = backend.name();
        let opened = wait(backend.open())
            .unwrap_or_else(|| Err(Error::adapter(name, "open", no_answer())))?;

        Ok(Self {
            backend: name,
            opened,
        })
    }

    fn store(&self) -> &dyn Store {
        &**self.opened.store()
    }

    /// Runs a call to its end.
    fn run<'a, T: Unpin>(
        &self,
        operation: &'static str,
        call: PortFuture<'a, T>,
    ) -> PortFuture<'a, T> {
        let result =
            wait(call).unwrap_or_else(|| Err(Error::adapter(self.backend, operation, no_answer())));
        PortFuture::ready(result)
    }
}

impl fmt::Debug for BlockingStore {
    // An error that names the store names the one of the database.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store().fmt(f)
    }
}

fn no_answer() -> String {
    format!("no answer within {} s", CALL_LIMIT.as_secs())
}

impl EventStore for BlockingStore {
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.run(
            "read_stream",
            self.store().read_stream(stream, after, limit),
        )
    }

    fn read_partitions<'a>(
        &'a self,
        categories: Option<&'a [&'static str]>,
        n_partitions: u32,
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        let store = self.store();
        self.run(
            "read_partitions",
            store.read_partitions(categories, n_partitions, cursors, limit),
        )
    }

    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.run(
            "read_category",
            self.store().read_category(category, after, limit),
        )
    }

    fn read_at<'a>(&'a self, positions: &'a [Position]) -> PortFuture<'a, Vec<Recorded>> {
        self.run("read_at", self.store().read_at(positions))
    }

    fn last_position(&self) -> PortFuture<'_, Position> {
        self.run("last_position", self.store().last_position())
    }
}

impl AggregateStore for BlockingStore {
    fn load<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.run("load", self.store().load(table, id))
    }

    fn forget(&self, age: Duration) -> PortFuture<'_, usize> {
        self.run("forget", self.store().forget(age))
    }
}

impl ProjectionStore for BlockingStore {
    fn get<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        self.run("get", self.store().get(table, id))
    }

    fn query<'a>(&'a self, table: Table, query: &'a Query) -> PortFuture<'a, Vec<Row>> {
        self.run("query", self.store().query(table, query))
    }

    fn count<'a>(&'a self, table: Table, conditions: &'a [Condition]) -> PortFuture<'a, usize> {
        self.run("count", self.store().count(table, conditions))
    }
}

impl Outbox for BlockingStore {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> PortFuture<'a, Vec<OutboxRow>> {
        self.run("claim", self.store().claim(claim))
    }

    fn settle<'a>(
        &'a self,
        worker: &'a str,
        now: Timestamp,
        settlements: &'a [Settlement],
    ) -> PortFuture<'a, ()> {
        self.run("settle", self.store().settle(worker, now, settlements))
    }

    fn rows<'a>(
        &'a self,
        states: &'a [OutboxState],
        limit: usize,
    ) -> PortFuture<'a, Vec<OutboxRow>> {
        self.run("rows", self.store().rows(states, limit))
    }

    fn next_due(&self, now: Timestamp) -> PortFuture<'_, OutboxDue> {
        self.run("next_due", self.store().next_due(now))
    }

    fn reopen(&self, number: u64, now: Timestamp) -> PortFuture<'_, bool> {
        self.run("reopen", self.store().reopen(number, now))
    }

    fn clean_up(&self, state: OutboxState, before: Timestamp) -> PortFuture<'_, usize> {
        self.run("clean_up", self.store().clean_up(state, before))
    }
}

impl Ledger for BlockingStore {
    fn turn<'a>(&'a self, turn: &'a Turn<'a>) -> PortFuture<'a, TurnResult> {
        self.run("turn", self.store().turn(turn))
    }

    fn release<'a>(&'a self, group: &'a Arc<str>, held: &'a [HeldPartition]) -> PortFuture<'a, ()> {
        self.run("release", self.store().release(group, held))
    }

    fn leave<'a>(&'a self, group: &'a Arc<str>, member: &'a Arc<str>) -> PortFuture<'a, ()> {
        self.run("leave", self.store().leave(group, member))
    }

    fn ledgers<'a>(&'a self, group: &'a str) -> PortFuture<'a, Vec<(u32, Payload)>> {
        self.run("ledgers", self.store().ledgers(group))
    }
}

impl Store for BlockingStore {
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        let result = wait(self.store().commit(changes))
            .unwrap_or_else(|| Err(Error::unknown(self.backend, "commit", no_answer())));
        PortFuture::ready(result)
    }

    fn fork(&self) -> Option<Arc<dyn Store>> {
        let fork = self.store().fork()?;
        Some(Arc::new(Self {
            backend: self.backend,
            opened: self.opened.with_store(fork),
        }))
    }

    fn close(&self) -> PortFuture<'_, ()> {
        // The backend closes what its runs share.
        PortFuture::ready(Ok(()))
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use flow_domain::{App, Domain};
    use flow_domain_sql::sqlite::SqliteBackend;

    use super::*;

    #[test]
    fn database_says_that_it_cannot_be_forked() {
        let store = BlockingStore::open(&SqliteBackend::in_memory()).expect("a database in memory");
        let domain = Domain::builder("Shop").build().expect("an empty domain");
        let app = App::builder(domain).shared_store(Arc::new(store)).start();

        let err = app.fork().expect_err("a database has no cheap copy");

        insta::assert_snapshot!(err, @"the store `SqliteStore` cannot be forked: use one in memory");
    }
}
