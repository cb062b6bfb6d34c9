use std::{fmt, marker::PhantomData, sync::Arc};

use flow_domain::{Error, model::SerializedMessage, port::BoxFuture};

use crate::system::under_test::{addressed::addressed_event, call_guard::catch_panics};

/// Reads the events that the system has committed.
pub(super) trait ReadLog<S>: Send + Sync {
    /// Returns the events after the first `n_read`.
    ///
    /// # Errors
    ///
    /// Returns an error if the closure of the test panics.
    fn read(
        &self,
        state: Arc<S>,
        n_read: usize,
    ) -> BoxFuture<'_, Result<Vec<SerializedMessage>, Error>>;
}

/// A [`ReadLog`] that calls a closure of the test.
pub(super) struct EventLog<E, F> {
    read: F,
    event: PhantomData<fn() -> E>,
}

impl<E, F> EventLog<E, F> {
    pub(super) fn new(read: F) -> Self {
        Self {
            read,
            event: PhantomData,
        }
    }
}

impl<S, E, F, R> ReadLog<S> for EventLog<E, F>
where
    S: Send + Sync + 'static,
    E: fmt::Debug + PartialEq + Send + 'static,
    F: Fn(Arc<S>, usize) -> R + Send + Sync,
    R: Future<Output = Vec<(String, E)>> + Send,
{
    fn read(
        &self,
        state: Arc<S>,
        n_read: usize,
    ) -> BoxFuture<'_, Result<Vec<SerializedMessage>, Error>> {
        Box::pin(async move {
            let events = catch_panics(async { (self.read)(state, n_read).await }).await?;
            let events = events.into_iter();
            Ok(events
                .map(|(id, event)| addressed_event(id, event))
                .collect())
        })
    }
}
