use std::{fmt, sync::Arc};

use crate::{
    handler::Catalog,
    message::{Position, Recorded, StreamName, Version},
    port::{Changes, Cursor, EventStore, PortFuture, Store},
};

/// Returns a store whose events are those of today. Without upcasts, it is `store` itself.
pub(crate) fn upcasting(store: &Arc<dyn Store>, catalog: &Arc<Catalog>) -> Arc<dyn Store> {
    if catalog.upcasts.is_empty() {
        return Arc::clone(store);
    }

    Arc::new(UpcastingStore {
        store: Arc::clone(store),
        catalog: Arc::clone(catalog),
    })
}

/// A store that upcasts each event that is read.
///
/// An event whose step fails is returned as it is stored, so that it does not hide the others.
struct UpcastingStore {
    store: Arc<dyn Store>,
    catalog: Arc<Catalog>,
}

impl UpcastingStore {
    fn make_current<'a>(
        &'a self,
        events: PortFuture<'a, Vec<Recorded>>,
    ) -> PortFuture<'a, Vec<Recorded>> {
        events.map(|mut events| {
            self.catalog.upcasts.make_current(&mut events);
            events
        })
    }
}

/// Writes the inner store: messages name the adapter.
impl fmt::Debug for UpcastingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.store, f)
    }
}

impl EventStore for UpcastingStore {
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.make_current(self.store.read_stream(stream, after, limit))
    }

    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        self.make_current(self.store.read_category(category, after, limit))
    }

    fn read_partitions<'a>(
        &'a self,
        categories: Option<&'a [&'static str]>,
        n_partitions: u32,
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        let store = &self.store;
        self.make_current(store.read_partitions(categories, n_partitions, cursors, limit))
    }

    fn read_at<'a>(&'a self, positions: &'a [Position]) -> PortFuture<'a, Vec<Recorded>> {
        self.make_current(self.store.read_at(positions))
    }

    fn last_position(&self) -> PortFuture<'_, Position> {
        self.store.last_position()
    }
}

impl Store for UpcastingStore {
    /// Returns the events as they are today. A test may commit events of yesterday.
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        self.make_current(self.store.commit(changes))
    }

    fn fork(&self) -> Option<Arc<dyn Store>> {
        self.store
            .fork()
            .map(|store| upcasting(&store, &self.catalog))
    }

    fn close(&self) -> PortFuture<'_, ()> {
        self.store.close()
    }
}

crate::forward_ports!(UpcastingStore: AggregateStore, ProjectionStore, Ledger, Outbox);
