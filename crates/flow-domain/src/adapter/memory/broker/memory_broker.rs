use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    adapter::memory::broker::broker_state::BrokerState,
    port::{Broker, Cursor, LogMessage, PortFuture, Publication, PublishResult, Topic},
};

/// Carries messages within this process.
///
/// Each method does its work when it is called, and returns a ready future. The cost of publishing and
/// reading does not grow with the number of published messages.
///
/// It returns the messages of all topics of a read in the order of publication, which the port does not
/// promise. It keeps eight partitions by default, and remembers at least the last 1,000 ids.
///
/// It keeps all messages, unless an engine trims its topics:
/// [`Engine::trim_topics`](crate::Engine::trim_topics).
///
/// A [`fork`](Broker::fork) copies no published message.
///
/// # Examples
///
/// ```
/// use flow_domain::{
///     adapter::memory::MemoryBroker,
///     message::MessageKind,
///     port::{Broker as _, Cursor, Lane, Topic},
/// };
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let broker = MemoryBroker::default();
/// let orders = [Topic {
///     category: "order".into(),
///     kind: MessageKind::Event,
///     lane: Lane::Primary,
/// }];
/// let mut cursors = [Cursor { topic: 0, partition: 3, place: 0 }];
/// assert!(broker.read(&orders, &mut cursors, 10).await?.is_empty());
/// # Ok::<(), flow_domain::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct MemoryBroker {
    state: Mutex<BrokerState>,
    n_partitions: u32,
}

impl MemoryBroker {
    /// Makes a broker with a number of partitions, but at least one.
    ///
    /// It limits how many engines can share a subscription. A single engine needs only one partition,
    /// because it handles the streams of a partition side by side.
    pub fn with_partitions(n_partitions: u32) -> Self {
        Self {
            state: Mutex::default(),
            n_partitions: n_partitions.max(1),
        }
    }

    // A poisoned lock can be ignored, because no method fails in the middle of a change.
    fn lock(&self) -> MutexGuard<'_, BrokerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryBroker {
    fn default() -> Self {
        Self::with_partitions(8)
    }
}

impl Broker for MemoryBroker {
    fn n_partitions(&self) -> u32 {
        self.n_partitions
    }

    fn publish<'a>(
        &'a self,
        publications: &'a [Publication],
    ) -> PortFuture<'a, Vec<PublishResult>> {
        let mut state = self.lock();
        for publication in publications {
            state.publish(publication, self.n_partitions);
        }

        let results = publications.iter().map(|_| PublishResult::Published);
        PortFuture::ready(Ok(results.collect()))
    }

    fn read<'a>(
        &'a self,
        topics: &'a [Topic],
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<LogMessage>> {
        let messages = self.lock().read(topics, cursors, limit);
        PortFuture::ready(Ok(messages))
    }

    fn read_at<'a>(
        &'a self,
        topic: &'a Topic,
        _partition: u32,
        places: &'a [u64],
    ) -> PortFuture<'a, Vec<LogMessage>> {
        let messages = self.lock().read_at(topic, places);
        PortFuture::ready(Ok(messages))
    }

    fn seek_end<'a>(
        &'a self,
        _topics: &'a [Topic],
        cursors: &'a mut [Cursor],
    ) -> PortFuture<'a, ()> {
        let end = self.lock().last_place();
        for cursor in cursors {
            cursor.place = end;
        }
        PortFuture::ready(Ok(()))
    }

    fn count_after<'a>(
        &'a self,
        topics: &'a [Topic],
        cursors: &'a [Cursor],
    ) -> PortFuture<'a, usize> {
        let n_messages = self.lock().count_after(topics, cursors);
        PortFuture::ready(Ok(n_messages))
    }

    fn trim<'a>(&'a self, topic: &'a Topic, floors: &'a [Cursor]) -> PortFuture<'a, usize> {
        let n_deleted = self.lock().trim(topic, floors);
        PortFuture::ready(Ok(n_deleted))
    }

    fn fork(&self) -> Option<Arc<dyn Broker>> {
        let state = Mutex::new(self.lock().clone());
        Some(Arc::new(Self {
            state,
            n_partitions: self.n_partitions,
        }))
    }
}
