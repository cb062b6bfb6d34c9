use std::{fmt, sync::Arc};

use async_trait::async_trait;
use cqrs_es::{Aggregate, EventEnvelope, Query};

/// A [`Query`] that the test reads while the framework owns its box.
pub struct SharedQuery<Q>(pub Arc<Q>);

impl<Q> Clone for SharedQuery<Q> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[async_trait]
impl<A: Aggregate, Q: Query<A>> Query<A> for SharedQuery<Q> {
    async fn dispatch(&self, aggregate_id: &str, events: &[EventEnvelope<A>]) {
        self.0.dispatch(aggregate_id, events).await;
    }
}

impl<Q: fmt::Debug> fmt::Debug for SharedQuery<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedQuery").field(&self.0).finish()
    }
}
