use std::{any::TypeId, fmt, sync::Arc};

use crate::{
    error::Error,
    handler::{Ports, fold_aggregate, load_aggregate},
    message::{Payload, Recorded, SchemaLists, StreamName},
    model::{Aggregate, Projection, has_same_json, have_same_text_and_json},
    port::BoxFuture,
};

/// An aggregate of the domain, without its Rust type.
#[derive(Clone)]
pub(crate) struct AggregateEntry {
    pub(crate) name: &'static str,
    pub(crate) type_id: TypeId,
    pub(crate) category: &'static str,
    pub(crate) commands: SchemaLists,
    pub(crate) events: SchemaLists,
    pub(crate) event_sourced: bool,
    load: LoadAggregate,
    fold: FoldAggregate,
}

/// Loads the aggregate of a stream and serializes its state.
type LoadAggregate =
    fn(Arc<Ports>, StreamName) -> BoxFuture<'static, Result<Option<Payload>, Error>>;

/// Folds events into the state of an aggregate and serializes it.
type FoldAggregate = fn(&[Recorded]) -> Result<Option<Payload>, Error>;

/// A projection of the domain, without its Rust type.
#[derive(Clone, Debug)]
pub(crate) struct ProjectionEntry {
    pub(crate) name: &'static str,
    pub(crate) type_id: TypeId,
    /// Returns true if two rows are equal although their JSON differs.
    pub(crate) rows_are_equal: fn(&Payload, &Payload) -> bool,
}

impl AggregateEntry {
    pub(crate) fn of<A: Aggregate>() -> Self {
        Self {
            name: A::NAME,
            type_id: TypeId::of::<A>(),
            category: A::CATEGORY,
            commands: A::COMMANDS,
            events: A::EVENTS,
            event_sourced: A::EVENT_SOURCED,
            load: |ports, stream| {
                Box::pin(async move {
                    match load_aggregate::<A>(&ports, &stream).await? {
                        Some(aggregate) => Payload::encode(A::NAME, &aggregate).map(Some),
                        None => Ok(None),
                    }
                })
            },
            fold: |events| {
                let folded = fold_aggregate::<A>(events.iter())?;
                folded
                    .map(|aggregate| Payload::encode(A::NAME, &aggregate))
                    .transpose()
            },
        }
    }

    /// Folds events into the state of the aggregate and serializes it.
    pub(crate) fn fold(&self, events: &[Recorded]) -> Result<Option<Payload>, Error> {
        (self.fold)(events)
    }

    /// Loads the aggregate with this id and serializes its state.
    pub(crate) async fn load(
        &self,
        ports: &Arc<Ports>,
        id: &str,
    ) -> Result<Option<Payload>, Error> {
        let stream =
            StreamName::new(self.category, id).map_err(|err| Error::setup(err.to_string()))?;
        (self.load)(Arc::clone(ports), stream).await
    }
}

impl ProjectionEntry {
    pub(crate) fn of<P: Projection>() -> Self {
        Self {
            name: P::NAME,
            type_id: TypeId::of::<P>(),
            rows_are_equal: |left, right| {
                let rows: (Result<P, _>, Result<P, _>) =
                    (left.decode(P::NAME), right.decode(P::NAME));

                match &rows {
                    (Ok(left), Ok(right)) => left
                        .try_eq(right)
                        .unwrap_or_else(|| have_same_text_and_json(P::NAME, left, right)),
                    _ => has_same_json(left, right),
                }
            },
        }
    }
}

impl fmt::Debug for AggregateEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
