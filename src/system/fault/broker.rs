use std::sync::Arc;

use flow_domain::{
    Error,
    clock::Timestamp,
    port::{Answer, Backlog, Broker, Handed, Publication, Read, StartFrom, Topic},
};

use crate::system::fault::{ArmedFaults, ScriptedFailure};

/// A broker that does not take what a fault says.
#[derive(Debug)]
pub(crate) struct FaultyBroker<B> {
    broker: B,
    faults: Arc<ArmedFaults>,
}

impl<B> FaultyBroker<B> {
    pub(crate) fn new(broker: B, faults: Arc<ArmedFaults>) -> Self {
        Self { broker, faults }
    }
}

impl<B: Broker> Broker for FaultyBroker<B> {
    fn publish<'a>(
        &'a self,
        publications: &'a [Publication],
    ) -> Answer<'a, Vec<Result<(), Error>>> {
        let fails: Vec<bool> = publications.iter().map(|_| self.faults.publish()).collect();
        if !fails.contains(&true) {
            return self.broker.publish(publications);
        }
        Answer::later(async move {
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
    ) -> Answer<'a, ()> {
        self.broker.subscribe(group, topics, start)
    }

    fn read<'a>(&'a self, read: &'a Read<'a>) -> Answer<'a, Vec<Handed>> {
        self.broker.read(read)
    }

    fn acknowledge<'a>(&'a self, group: &'a str, handed: &'a Handed) -> Answer<'a, ()> {
        self.broker.acknowledge(group, handed)
    }

    fn refuse<'a>(
        &'a self,
        group: &'a str,
        handed: &'a Handed,
        due: Timestamp,
        counts: bool,
    ) -> Answer<'a, ()> {
        self.broker.refuse(group, handed, due, counts)
    }

    fn backlog<'a>(&'a self, group: &'a str, topics: &'a [Topic]) -> Answer<'a, Backlog> {
        self.broker.backlog(group, topics)
    }

    fn trim<'a>(&'a self, topic: &'a Topic, keep: usize) -> Answer<'a, usize> {
        self.broker.trim(topic, keep)
    }

    fn close(&self) -> Answer<'_, ()> {
        self.broker.close()
    }
}
