use std::{fmt, sync::Arc};

use crate::{
    adapter::memory::MemoryStore,
    port::{PortFuture, Store},
};

/// Opens the stores of test runs.
///
/// A run opens one store, and the store is empty. No other run uses it, in this process or in
/// another one. An adapter implements this for its stores, so that test flows run on them.
///
/// # Examples
///
/// ```
/// use flow_domain::{
///     message::Position,
///     port::EventStore as _,
///     testing::{Backend as _, MemoryBackend},
/// };
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let backend = MemoryBackend;
/// let opened = backend.open().await?;
///
/// assert_eq!(opened.store().last_position().await?, Position::START);
/// # Ok::<(), flow_domain::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Backend: fmt::Debug + Send + Sync {
    /// Returns the name in reports: `sqlite`.
    fn name(&self) -> &'static str;

    /// Opens an empty store that nobody else uses.
    ///
    /// # Errors
    ///
    /// Returns an error that says what to do, if there is no such store.
    fn open(&self) -> PortFuture<'_, OpenedStore>;
}

/// The store of one run.
#[derive(Clone, Debug)]
pub struct OpenedStore {
    // The store is dropped before the lease.
    store: Arc<dyn Store>,
    lease: Arc<dyn fmt::Debug + Send + Sync>,
}

impl OpenedStore {
    /// Wraps a store that needs no clean-up.
    pub fn new(store: impl Store + 'static) -> Self {
        Self::with_lease(store, ())
    }

    /// Wraps a store. `lease` is dropped after the last use of the store, also after a panic.
    ///
    /// Its destructor frees what the store used, and must not wait.
    pub fn with_lease(
        store: impl Store + 'static,
        lease: impl fmt::Debug + Send + Sync + 'static,
    ) -> Self {
        Self {
            store: Arc::new(store),
            lease: Arc::new(lease),
        }
    }

    /// Returns the store. It must not be used after this value was dropped.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Returns the same lease of another store with the same content.
    #[must_use]
    pub fn with_store(&self, store: Arc<dyn Store>) -> Self {
        Self {
            store,
            lease: Arc::clone(&self.lease),
        }
    }
}

/// Opens stores in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryBackend;

impl Backend for MemoryBackend {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn open(&self) -> PortFuture<'_, OpenedStore> {
        PortFuture::ready(Ok(OpenedStore::new(MemoryStore::default())))
    }
}
