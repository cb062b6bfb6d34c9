use std::sync::Arc;

use flow_domain::{
    Error,
    clock::Timestamp,
    port::{
        Backlog, Broker, PortFuture, Publication, ReadRequest, ReceivedMessage, StartFrom, Topic,
    },
};

use crate::system::fault::{FaultInjector, ScriptedFailure};

/// A broker that does not take what a fault says.
#[derive(Debug)]
pub(crate) struct FaultyBroker<B> {
    broker: B,
    faults: Arc<FaultInjector>,
}

impl<B> FaultyBroker<B> {
    pub(crate) fn new(broker: B, faults: Arc<FaultInjector>) -> Self {
        Self { broker, faults }
    }
}

impl<B: Broker> Broker for FaultyBroker<B> {
    fn publish<'a>(
        &'a self,
        publications: &'a [Publication],
    ) -> PortFuture<'a, Vec<Result<(), Error>>> {
        let fails: Vec<bool> = publications
            .iter()
            .map(|_| self.faults.fails_publish())
            .collect();
        if !fails.contains(&true) {
            return self.broker.publish(publications);
        }

        PortFuture::boxed(async move {
            let mut results = Vec::new();
            for (publication, fails) in publications.iter().zip(fails) {
                if fails {
                    results.push(Err(Error::failed("publishing", ScriptedFailure)));
                } else {
                    let one = std::slice::from_ref(publication);
                    results.extend(self.broker.publish(one).await?);
                }
            }

            Ok(results)
        })
    }

    fn subscribe<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [Topic],
        start: StartFrom,
    ) -> PortFuture<'a, ()> {
        self.broker.subscribe(group, topics, start)
    }

    fn read<'a>(&'a self, read: &'a ReadRequest<'a>) -> PortFuture<'a, Vec<ReceivedMessage>> {
        self.broker.read(read)
    }

    fn acknowledge<'a>(
        &'a self,
        group: &'a str,
        handed: &'a ReceivedMessage,
    ) -> PortFuture<'a, ()> {
        self.broker.acknowledge(group, handed)
    }

    fn refuse<'a>(
        &'a self,
        group: &'a str,
        handed: &'a ReceivedMessage,
        due: Timestamp,
        counts: bool,
    ) -> PortFuture<'a, ()> {
        self.broker.refuse(group, handed, due, counts)
    }

    fn backlog<'a>(&'a self, group: &'a str, topics: &'a [Topic]) -> PortFuture<'a, Backlog> {
        self.broker.backlog(group, topics)
    }

    fn trim<'a>(&'a self, topic: &'a Topic, keep: usize) -> PortFuture<'a, usize> {
        self.broker.trim(topic, keep)
    }

    fn close(&self) -> PortFuture<'_, ()> {
        self.broker.close()
    }
}
