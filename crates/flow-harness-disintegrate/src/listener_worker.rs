use std::{
    error::Error as StdError,
    fmt,
    sync::atomic::{AtomicI64, Ordering},
};

use disintegrate::{Event, EventListener, EventStore, StreamItem};
use flow_harness::WorkerStep;
use futures::TryStreamExt;

/// Calls an [`EventListener`] of production step by step, in place of its executor, for
/// [`fallible_worker`](flow_harness::SystemUnderTest::fallible_worker).
///
/// As the executor does, it passes the events of the listener's query in order, and remembers the position. After
/// an error it passes the same event again.
pub struct ListenerWorker<L, ES> {
    listener: L,
    store: ES,
    /// The id of the last event that the listener has handled.
    position: AtomicI64,
}

/// Why a step of a [`ListenerWorker`] failed.
#[derive(Debug, thiserror::Error)]
pub enum ListenerError<HE, SE> {
    /// The listener returned an error.
    #[error("the listener failed: {0}")]
    Listener(HE),
    /// The store returned an error.
    #[error("the listener's query failed: {0}")]
    Store(SE),
}

impl<L, ES> ListenerWorker<L, ES> {
    /// Creates a worker whose listener has handled no event of `store` yet.
    pub fn new(listener: L, store: ES) -> Self {
        Self {
            listener,
            store,
            position: AtomicI64::new(0),
        }
    }

    /// Returns the listener, for example to read its read model.
    pub fn listener(&self) -> &L {
        &self.listener
    }

    /// Passes the next event to the listener.
    ///
    /// # Errors
    ///
    /// Returns the error of the listener or of the store. The next step tries the same event again.
    pub async fn step<E, QE>(&self) -> Result<WorkerStep, ListenerError<L::Error, ES::Error>>
    where
        L: EventListener<i64, QE>,
        ES: EventStore<i64, E>,
        E: Event + Send + Sync,
        QE: TryFrom<E> + Event + Clone + Send + Sync + 'static,
        <QE as TryFrom<E>>::Error: StdError + Send + Sync + 'static,
    {
        let query = self.listener.query().clone().change_origin(self.position());
        let next = self.store.stream(&query).try_next().await;

        match next.map_err(ListenerError::Store)? {
            Some(StreamItem::Event(event)) => {
                let id = event.id();
                let handled = self.listener.handle(event).await;
                handled.map_err(ListenerError::Listener)?;
                self.position.store(id, Ordering::Relaxed);
                Ok(WorkerStep::Worked)
            }
            Some(StreamItem::End(_)) | None => Ok(WorkerStep::Idle),
        }
    }

    /// Moves the position behind all events, without passing them to the listener.
    ///
    /// Call it in `.history(..)` for a listener that makes decisions: their effects happened before, too.
    ///
    /// # Errors
    ///
    /// Returns the error of the store.
    pub async fn skip_history<E, QE>(&self) -> Result<(), ES::Error>
    where
        L: EventListener<i64, QE>,
        ES: EventStore<i64, E>,
        E: Event + Send + Sync,
        QE: TryFrom<E> + Event + Clone + Send + Sync + 'static,
        <QE as TryFrom<E>>::Error: StdError + Send + Sync + 'static,
    {
        let query = self.listener.query().clone().change_origin(self.position());
        let mut items = self.store.stream(&query);
        while let Some(item) = items.try_next().await? {
            self.position.store(item.id(), Ordering::Relaxed);
        }

        Ok(())
    }

    fn position(&self) -> i64 {
        self.position.load(Ordering::Relaxed)
    }
}

impl<L, ES> fmt::Debug for ListenerWorker<L, ES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenerWorker")
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
