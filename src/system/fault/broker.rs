use std::sync::Arc;

use flow_domain::{
    Error,
    clock::Timestamp,
    port::{
        Backlog, Broker, PortFuture, Publication, ReadRequest, ReceivedMessage, StartFrom, Topic,
    },
};

use crate::system::fault::{FaultInjector, ScriptedFailure};

/// A broker that rejects the publications that a fault selects.
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
        let must_fail: Vec<bool> = publications
            .iter()
            .map(|_| self.faults.publication_must_fail())
            .collect();
        if !must_fail.contains(&true) {
            return self.broker.publish(publications);
        }

        PortFuture::boxed(async move {
            let mut results = Vec::new();

            for (publication, must_fail) in publications.iter().zip(must_fail) {
                if must_fail {
                    results.push(Err(Error::failed("publishing", ScriptedFailure)));
                } else {
                    let publication = std::slice::from_ref(publication);
                    results.extend(self.broker.publish(publication).await?);
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

    fn read<'a>(&'a self, request: &'a ReadRequest<'a>) -> PortFuture<'a, Vec<ReceivedMessage>> {
        self.broker.read(request)
    }

    fn acknowledge<'a>(
        &'a self,
        group: &'a str,
        message: &'a ReceivedMessage,
    ) -> PortFuture<'a, ()> {
        self.broker.acknowledge(group, message)
    }

    fn refuse<'a>(
        &'a self,
        group: &'a str,
        message: &'a ReceivedMessage,
        due: Timestamp,
        count_attempt: bool,
    ) -> PortFuture<'a, ()> {
        self.broker.refuse(group, message, due, count_attempt)
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
