use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    adapter::memory::broker::state::State,
    clock::Timestamp,
    error::Error,
    port::{Answer, Backlog, Broker, Handed, Publication, Read, StartFrom, Topic},
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
    state: Mutex<State>,
}

impl MemoryBroker {
    // What a panic could leave behind is whole: nothing here fails halfway.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Broker for MemoryBroker {
    fn publish<'a>(
        &'a self,
        publications: &'a [Publication],
    ) -> Answer<'a, Vec<Result<(), Error>>> {
        let mut state = self.state();
        let published = publications.iter().map(|it| {
            state.publish(it);
            Ok(())
        });
        Answer::ready(Ok(published.collect()))
    }

    fn subscribe<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [Topic],
        start: StartFrom,
    ) -> Answer<'a, ()> {
        self.state().subscribe(group, topics, start);
        Answer::ready(Ok(()))
    }

    fn read<'a>(&'a self, read: &'a Read<'a>) -> Answer<'a, Vec<Handed>> {
        let mut state = self.state();
        let handed = match state.group_mut(read.group) {
            Some((group, logs)) => group.read(logs, read),
            None => Vec::new(),
        };
        Answer::ready(Ok(handed))
    }

    fn acknowledge<'a>(&'a self, group: &'a str, handed: &'a Handed) -> Answer<'a, ()> {
        if let Some((group, _)) = self.state().group_mut(group) {
            group.open.acknowledge(handed.place);
        }
        Answer::ready(Ok(()))
    }

    fn refuse<'a>(
        &'a self,
        group: &'a str,
        handed: &'a Handed,
        due: Timestamp,
        counts: bool,
    ) -> Answer<'a, ()> {
        if let Some((group, _)) = self.state().group_mut(group) {
            let (place, attempt) = (handed.place, handed.attempt);
            group.open.refuse(place, attempt, due, counts);
        }
        Answer::ready(Ok(()))
    }

    fn backlog<'a>(&'a self, group: &'a str, topics: &'a [Topic]) -> Answer<'a, Backlog> {
        let state = self.state();
        let backlog = match state.group(group) {
            Some((group, logs)) => group.backlog(logs, topics),
            None => Backlog::default(),
        };
        Answer::ready(Ok(backlog))
    }

    fn trim<'a>(&'a self, topic: &'a Topic, keep: usize) -> Answer<'a, usize> {
        let n_forgotten = self.state().trim(topic, keep);
        Answer::ready(Ok(n_forgotten))
    }

    fn fork(&self) -> Option<Arc<dyn Broker>> {
        let state = Mutex::new(self.state().clone());
        Some(Arc::new(Self { state }))
    }
}
