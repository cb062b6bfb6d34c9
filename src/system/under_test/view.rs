use std::{fmt, marker::PhantomData, sync::Arc};

use flow_domain::{
    Error,
    message::{Payload, short_type_name},
    port::BoxFuture,
    record::TableKind,
    testing::StateType,
};

use crate::system::under_test::call_guard::catch_panics;

/// Reads a state or a row of the system by its id.
pub(super) trait ReadView<S>: Send + Sync {
    fn state_type(&self) -> StateType;

    fn read(&self, state: Arc<S>, id: String) -> BoxFuture<'_, Result<Option<Payload>, Error>>;
}

/// A [`ReadView`] that calls a closure of the test.
pub(super) struct View<P, F> {
    kind: TableKind,
    read: F,
    state_type: PhantomData<fn() -> P>,
}

/// Returns the state type of a `T` that the test reads by a closure.
pub(crate) fn state_type_of<T: 'static>(kind: TableKind) -> StateType {
    StateType::new::<T>(kind, short_type_name::<T>(), "id")
}

impl<P, F> View<P, F> {
    pub(super) fn new(kind: TableKind, read: F) -> Self {
        Self {
            kind,
            read,
            state_type: PhantomData,
        }
    }
}

impl<S, P, F, R> ReadView<S> for View<P, F>
where
    S: Send + Sync + 'static,
    P: fmt::Debug + PartialEq + Send + 'static,
    F: Fn(Arc<S>, String) -> R + Send + Sync,
    R: Future<Output = Option<P>> + Send + 'static,
{
    fn state_type(&self) -> StateType {
        state_type_of::<P>(self.kind)
    }

    fn read(&self, state: Arc<S>, id: String) -> BoxFuture<'_, Result<Option<Payload>, Error>> {
        Box::pin(async move {
            let value = catch_panics(async { (self.read)(state, id).await }).await?;
            Ok(value.map(Payload::of_comparable))
        })
    }
}

/// Reads all rows of a read model, with their ids.
pub(super) trait ReadList<S>: Send + Sync {
    fn state_type(&self) -> StateType;

    fn read(&self, state: Arc<S>) -> BoxFuture<'_, Result<Vec<(String, Payload)>, Error>>;
}

/// A [`ReadList`] that calls a closure of the test.
pub(super) struct ViewList<P, F> {
    read: F,
    row: PhantomData<fn() -> P>,
}

impl<P, F> ViewList<P, F> {
    pub(super) fn new(read: F) -> Self {
        Self {
            read,
            row: PhantomData,
        }
    }
}

impl<S, P, F, R> ReadList<S> for ViewList<P, F>
where
    S: Send + Sync + 'static,
    P: fmt::Debug + PartialEq + Send + 'static,
    F: Fn(Arc<S>) -> R + Send + Sync,
    R: Future<Output = Vec<(String, P)>> + Send + 'static,
{
    fn state_type(&self) -> StateType {
        state_type_of::<P>(TableKind::Projection)
    }

    fn read(&self, state: Arc<S>) -> BoxFuture<'_, Result<Vec<(String, Payload)>, Error>> {
        Box::pin(async move {
            let rows = catch_panics(async { (self.read)(state).await }).await?;
            let rows = rows.into_iter();
            Ok(rows
                .map(|(id, row)| (id, Payload::of_comparable(row)))
                .collect())
        })
    }
}
