use std::sync::Arc;

use crate::{
    error::Error,
    handler::{
        Catalog, Ports, load_aggregate,
        work::load::{fold_aggregate, fold_each},
    },
    message::{Payload, Recorded, StreamName},
    model::{Aggregate, Projection, invariants::have_equal_json},
    port::BoxFuture,
};

/// Reads the aggregates of one Rust type, without the type.
#[derive(Clone, Copy)]
pub(crate) struct AggregateReader {
    load: LoadAggregate,
    fold: FoldAggregate,
    fold_each: FoldEach,
}

/// Loads the aggregate of a stream and serializes its state.
type LoadAggregate =
    fn(Arc<Ports>, StreamName) -> BoxFuture<'static, Result<Option<Payload>, Error>>;

/// Folds events into the state of an aggregate and serializes it.
type FoldAggregate = fn(&Catalog, &[Recorded]) -> Result<Option<Payload>, Error>;

/// Folds events one by one and serializes the state after each.
type FoldEach = fn(&Catalog, &[Recorded]) -> Vec<Option<Payload>>;

impl AggregateReader {
    pub(in crate::handler) fn of<A: Aggregate>() -> Self {
        Self {
            load: |ports, stream| {
                Box::pin(async move {
                    match load_aggregate::<A>(&ports, &stream).await? {
                        Some(aggregate) => Payload::encode(A::NAME, &aggregate).map(Some),
                        None => Ok(None),
                    }
                })
            },
            fold: |catalog, events| {
                let folded = fold_aggregate::<A>(catalog, events.iter())?;
                folded
                    .map(|aggregate| Payload::encode(A::NAME, &aggregate))
                    .transpose()
            },
            fold_each: |catalog, events| {
                let mut states = Vec::with_capacity(events.len());
                let encode = |aggregate: &A| Payload::encode(A::NAME, aggregate).ok();
                // After an event that cannot be read there is no state.
                let _ = fold_each::<A>(catalog, events, |aggregate| {
                    states.push(aggregate.and_then(encode));
                });

                states.resize(events.len(), None);
                states
            },
        }
    }

    /// Loads the aggregate of this stream and serializes its state.
    pub(crate) async fn load(
        &self,
        ports: &Arc<Ports>,
        stream: StreamName,
    ) -> Result<Option<Payload>, Error> {
        (self.load)(Arc::clone(ports), stream).await
    }

    /// Folds events into the state of the aggregate and serializes it.
    pub(crate) fn fold(
        &self,
        catalog: &Catalog,
        events: &[Recorded],
    ) -> Result<Option<Payload>, Error> {
        (self.fold)(catalog, events)
    }

    /// Folds events one by one, and returns the serialized state after each; `None` if there is none.
    pub(crate) fn fold_each(&self, catalog: &Catalog, events: &[Recorded]) -> Vec<Option<Payload>> {
        (self.fold_each)(catalog, events)
    }
}

/// Compares the rows of one projection, without its Rust type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowComparison(fn(&Payload, &Payload) -> bool);

impl RowComparison {
    pub(in crate::handler) fn of<P: Projection>() -> Self {
        Self(|left, right| {
            let rows: (Result<P, _>, Result<P, _>) = (left.decode(P::NAME), right.decode(P::NAME));

            match &rows {
                (Ok(left), Ok(right)) => left
                    .try_eq(right)
                    .unwrap_or_else(|| have_equal_json(P::NAME, left, right)),
                _ => left.has_same_json(right),
            }
        })
    }

    /// Returns true if two rows are equal.
    pub(crate) fn are_equal(self, left: &Payload, right: &Payload) -> bool {
        left == right || (self.0)(left, right)
    }
}
