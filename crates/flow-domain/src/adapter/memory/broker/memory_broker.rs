use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    adapter::memory::broker::broker_state::BrokerState,
    clock::Timestamp,
    error::Error,
    port::{
        Backlog, Broker, PortFuture, Publication, ReadRequest, ReceivedMessage, StartFrom, Topic,
    },
};

/// Carries messages within this process.
///
/// Each method does its work when it is called, and returns a ready future. The cost of publishing,
/// reading and acknowledging does not grow with the number of published or acknowledged messages. It
/// grows with the number of messages that a group holds or has refused. An ordered read that finds a new
/// message scans all of these messages.
///
/// A [`fork`](Broker::fork) copies no published message. It costs a little for each topic and group, and
/// for each message that a group holds or has refused.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use flow_domain::{
///     adapter::memory::MemoryBroker,
///     clock::Timestamp,
///     message::MessageKind,
///     port::{Broker as _, Lane, ReadRequest, StartFrom, Topic},
/// };
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let broker = MemoryBroker::default();
/// let orders = [Topic {
///     category: "order".into(),
///     kind: MessageKind::Event,
///     lane: Lane::Primary,
/// }];
/// broker.subscribe("shipping", &orders, StartFrom::Beginning).await?;
///
/// let request = ReadRequest {
///     group: "shipping",
///     consumer: "shipping-1",
///     topics: &orders,
///     ordered: true,
///     now: Timestamp::from_micros(0),
///     lease: Duration::from_secs(30),
///     limit: 10,
/// };
/// assert!(broker.read(&request).await?.is_empty());
/// # Ok::<(), flow_domain::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Default)]
pub struct MemoryBroker {
    state: Mutex<BrokerState>,
}

impl MemoryBroker {
    // A poisoned lock can be ignored, because no method fails in the middle of a change.
    fn lock(&self) -> MutexGuard<'_, BrokerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Broker for MemoryBroker {
    fn publish<'a>(
        &'a self,
        publications: &'a [Publication],
    ) -> PortFuture<'a, Vec<Result<(), Error>>> {
        let mut state = self.lock();
        for publication in publications {
            state.publish(publication);
        }

        let results = publications.iter().map(|_| Ok(())).collect();
        PortFuture::ready(Ok(results))
    }

    fn subscribe<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [Topic],
        start: StartFrom,
    ) -> PortFuture<'a, ()> {
        self.lock().subscribe(group, topics, start);
        PortFuture::ready(Ok(()))
    }

    fn read<'a>(&'a self, request: &'a ReadRequest<'a>) -> PortFuture<'a, Vec<ReceivedMessage>> {
        let mut state = self.lock();
        let messages = match state.group_mut(request.group) {
            Some((group, logs)) => group.read(logs, request),
            None => Vec::new(),
        };
        PortFuture::ready(Ok(messages))
    }

    fn acknowledge<'a>(
        &'a self,
        group: &'a str,
        message: &'a ReceivedMessage,
    ) -> PortFuture<'a, ()> {
        if let Some((group, _)) = self.lock().group_mut(group) {
            group.unacknowledged.acknowledge(message.offset);
        }
        PortFuture::ready(Ok(()))
    }

    fn refuse<'a>(
        &'a self,
        group: &'a str,
        message: &'a ReceivedMessage,
        due: Timestamp,
        count_attempt: bool,
    ) -> PortFuture<'a, ()> {
        if let Some((group, _)) = self.lock().group_mut(group) {
            group
                .unacknowledged
                .refuse(message.offset, message.attempt, due, count_attempt);
        }
        PortFuture::ready(Ok(()))
    }

    fn backlog<'a>(&'a self, group: &'a str, topics: &'a [Topic]) -> PortFuture<'a, Backlog> {
        let state = self.lock();
        let backlog = match state.group(group) {
            Some((group, logs)) => group.backlog(logs, topics),
            None => Backlog::default(),
        };
        PortFuture::ready(Ok(backlog))
    }

    fn trim<'a>(&'a self, topic: &'a Topic, keep: usize) -> PortFuture<'a, usize> {
        let n_deleted = self.lock().trim(topic, keep);
        PortFuture::ready(Ok(n_deleted))
    }

    fn fork(&self) -> Option<Arc<dyn Broker>> {
        let state = Mutex::new(self.lock().clone());
        Some(Arc::new(Self { state }))
    }
}
