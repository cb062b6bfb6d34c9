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
/// Each method does its work when it is called; the future that it returns is ready. The cost of
/// publishing, reading and acknowledging does not grow with what was published or done with before.
/// It grows with what a group holds or has refused: an ordered read that finds something new goes
/// through that. A [`fork`](Broker::fork) copies nothing of what was published; it costs a little for
/// each topic and group, and for each message that a group holds or has refused.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use flow_domain::{
///     adapter::memory::MemoryBroker,
///     clock::VirtualClock,
///     message::MessageKind,
///     port::{Broker as _, Lane, Read, StartFrom, Topic},
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
/// let read = Read {
///     group: "shipping",
///     consumer: "shipping-1",
///     topics: &orders,
///     ordered: true,
///     now: VirtualClock::START,
///     lease: Duration::from_secs(30),
///     limit: 10,
/// };
/// assert!(broker.read(&read).await?.is_empty());
/// # Ok::<(), flow_domain::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Default)]
pub struct MemoryBroker {
    state: Mutex<BrokerState>,
}

impl MemoryBroker {
    // What a panic could leave behind is whole: nothing here fails halfway.
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
        let published = publications.iter().map(|it| {
            state.publish(it);
            Ok(())
        });
        PortFuture::ready(Ok(published.collect()))
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

    fn read<'a>(&'a self, read: &'a ReadRequest<'a>) -> PortFuture<'a, Vec<ReceivedMessage>> {
        let mut state = self.lock();
        let handed = match state.group_mut(read.group) {
            Some((group, logs)) => group.read(logs, read),
            None => Vec::new(),
        };
        PortFuture::ready(Ok(handed))
    }

    fn acknowledge<'a>(
        &'a self,
        group: &'a str,
        handed: &'a ReceivedMessage,
    ) -> PortFuture<'a, ()> {
        if let Some((group, _)) = self.lock().group_mut(group) {
            group.unacknowledged.acknowledge(handed.offset);
        }
        PortFuture::ready(Ok(()))
    }

    fn refuse<'a>(
        &'a self,
        group: &'a str,
        handed: &'a ReceivedMessage,
        due: Timestamp,
        counts: bool,
    ) -> PortFuture<'a, ()> {
        if let Some((group, _)) = self.lock().group_mut(group) {
            let (place, attempt) = (handed.offset, handed.attempt);
            group.unacknowledged.refuse(place, attempt, due, counts);
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
        let n_forgotten = self.lock().trim(topic, keep);
        PortFuture::ready(Ok(n_forgotten))
    }

    fn fork(&self) -> Option<Arc<dyn Broker>> {
        let state = Mutex::new(self.lock().clone());
        Some(Arc::new(Self { state }))
    }
}
