use std::{fmt, sync::Arc};

use flow_domain::{
    Error, forward_ports,
    message::Recorded,
    port::{Changes, PortFuture, Store},
    testing::{Backend, OpenedStore},
};

use crate::system::backend::background::{CALL_LIMIT, wait};

/// A store whose calls are done when they return, as those of a store in memory are.
///
/// So the handlers of a run take turns in the same order on every backend, and no time passes for them.
pub(super) struct BlockingStore {
    backend: &'static str,
    store: Arc<dyn Store>,
    // Its lease ends after the last use of the store.
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

        Ok(Self::of(name, opened))
    }

    fn of(backend: &'static str, opened: OpenedStore) -> Self {
        Self {
            backend,
            store: Arc::clone(opened.store()),
            opened,
        }
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
        self.store.fmt(f)
    }
}

fn no_answer() -> String {
    format!("no answer within {} s", CALL_LIMIT.as_secs())
}

forward_ports!(
    BlockingStore: EventStore, AggregateStore, ProjectionStore, Outbox, Ledger;
    |layer, method, call| layer.run(method, call())
);

impl Store for BlockingStore {
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        let result = wait(self.store.commit(changes))
            .unwrap_or_else(|| Err(Error::unknown(self.backend, "commit", no_answer())));
        PortFuture::ready(result)
    }

    fn fork(&self) -> Option<Arc<dyn Store>> {
        let fork = self.store.fork()?;
        let opened = self.opened.with_store(fork);
        Some(Arc::new(Self::of(self.backend, opened)))
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
