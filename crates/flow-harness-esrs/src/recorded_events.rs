use std::fmt;

use async_trait::async_trait;
use esrs::{Aggregate, handler::EventHandler, store::StoreEvent};
use flow_harness::CommittedEvents;

/// An event handler that tells the harness each event, for stores other than [`MemoryStore`](crate::MemoryStore).
///
/// Add it to the store before every other event handler. Otherwise the record has what they cause before the
/// event itself. esrs calls all event handlers for the first event of a commit, and then for the second one. So the
/// record has what the first one causes before the second one.
#[derive(Clone, Debug)]
pub struct RecordedEvents(pub CommittedEvents);

#[async_trait]
impl<A> EventHandler<A> for RecordedEvents
where
    A: Aggregate,
    A::Event: Clone + fmt::Debug + PartialEq + Send + Sync + 'static,
{
    async fn handle(&self, event: &StoreEvent<A::Event>) {
        self.0.add(event.aggregate_id, event.payload.clone());
    }
}
