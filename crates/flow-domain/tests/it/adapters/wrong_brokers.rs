use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use flow_domain::{
    adapter::memory::MemoryBroker,
    message::{Envelope, MessageId},
    port::{Broker, Cursor, LogMessage, PortFuture, Publication, PublishResult, Topic},
    testing::contract::broker::{
        group_loses_and_repeats_nothing, readers_agree_while_others_publish,
    },
};
use uuid::Uuid;

use crate::adapters::failure_of;

/// What is wrong with a broker.
#[derive(Clone, Copy, Debug, PartialEq)]
enum BrokerFault {
    /// Nothing. The tests pass.
    None,
    /// Every 20th publication is lost, although it counts as published.
    LostPublication,
    /// A message that is published again is there twice.
    RepeatedPublication,
    /// A read returns its messages in reverse order.
    ReversedMessages,
    /// A read of a single message begins at the end of the partition.
    SkippedMessages,
}

/// A broker in memory with one fault.
#[derive(Debug)]
struct WrongBroker {
    broker: MemoryBroker,
    fault: BrokerFault,
    n_published: AtomicU32,
}

impl WrongBroker {
    fn new(fault: BrokerFault) -> Self {
        Self {
            broker: MemoryBroker::default(),
            fault,
            n_published: AtomicU32::new(0),
        }
    }

    fn spoil(&self, publications: &[Publication]) -> Vec<Publication> {
        let n = self.n_published.fetch_add(1, Ordering::Relaxed);
        if self.fault == BrokerFault::LostPublication && n / 2 % 10 == 9 {
            return Vec::new();
        }

        let mut publications = publications.to_vec();
        if self.fault == BrokerFault::RepeatedPublication {
            for publication in &mut publications {
                let mut envelope = Envelope::clone(&publication.envelope);
                envelope.metadata.id = MessageId::new(Uuid::from_u128(n.into()));
                publication.envelope = Arc::new(envelope);
            }
        }
        publications
    }
}

impl Broker for WrongBroker {
    fn n_partitions(&self) -> u32 {
        self.broker.n_partitions()
    }

    fn publish<'a>(
        &'a self,
        publications: &'a [Publication],
    ) -> PortFuture<'a, Vec<PublishResult>> {
        PortFuture::boxed(async move {
            self.broker.publish(&self.spoil(publications)).await?;
            let published = publications.iter().map(|_| PublishResult::Published);
            Ok(published.collect())
        })
    }

    fn read<'a>(
        &'a self,
        topics: &'a [Topic],
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<LogMessage>> {
        PortFuture::boxed(async move {
            let mut read = self.broker.read(topics, cursors, limit).await?;
            match self.fault {
                BrokerFault::ReversedMessages => read.reverse(),
                BrokerFault::SkippedMessages if limit == 1 => {
                    self.broker.seek_end(topics, cursors).await?;
                }
                _ => {}
            }
            Ok(read)
        })
    }

    fn read_at<'a>(
        &'a self,
        topic: &'a Topic,
        partition: u32,
        places: &'a [u64],
    ) -> PortFuture<'a, Vec<LogMessage>> {
        self.broker.read_at(topic, partition, places)
    }

    fn seek_end<'a>(
        &'a self,
        topics: &'a [Topic],
        cursors: &'a mut [Cursor],
    ) -> PortFuture<'a, ()> {
        self.broker.seek_end(topics, cursors)
    }

    fn count_after<'a>(
        &'a self,
        topics: &'a [Topic],
        cursors: &'a [Cursor],
    ) -> PortFuture<'a, usize> {
        self.broker.count_after(topics, cursors)
    }

    fn trim<'a>(&'a self, topic: &'a Topic, floors: &'a [Cursor]) -> PortFuture<'a, usize> {
        self.broker.trim(topic, floors)
    }
}

fn failure_of_chaos(fault: BrokerFault) -> String {
    failure_of(async { group_loses_and_repeats_nothing(&WrongBroker::new(fault)).await })
}

fn failure_of_readers(fault: BrokerFault) -> String {
    failure_of(async { readers_agree_while_others_publish(&WrongBroker::new(fault)).await })
}

#[tokio::test]
async fn wrong_broker_without_a_fault_passes() {
    group_loses_and_repeats_nothing(&WrongBroker::new(BrokerFault::None)).await;
    readers_agree_while_others_publish(&WrongBroker::new(BrokerFault::None)).await;
}

#[test]
fn chaos_finds_a_lost_publication() {
    insta::assert_snapshot!(failure_of_chaos(BrokerFault::LostPublication), @"assertion `left == right` failed: the messages of stream 4 must be handled once, and in their order");
}

#[test]
fn chaos_finds_a_repeated_publication() {
    insta::assert_snapshot!(failure_of_chaos(BrokerFault::RepeatedPublication), @"assertion `left == right` failed: the messages of stream 1 must be handled once, and in their order");
}

#[test]
fn chaos_finds_reversed_messages() {
    insta::assert_snapshot!(failure_of_chaos(BrokerFault::ReversedMessages), @"assertion `left == right` failed: the messages of stream 0 must be handled once, and in their order");
}

#[test]
fn readers_find_a_lost_publication() {
    insta::assert_snapshot!(failure_of_readers(BrokerFault::LostPublication), @"assertion `left == right` failed: a stream is complete and in order");
}

#[test]
fn readers_find_reversed_messages() {
    insta::assert_snapshot!(failure_of_readers(BrokerFault::ReversedMessages), @"assertion `left == right` failed: a reader must see meanwhile what a later one sees");
}

#[test]
fn readers_find_skipped_messages() {
    insta::assert_snapshot!(failure_of_readers(BrokerFault::SkippedMessages), @"assertion `left == right` failed: a reader must see meanwhile what a later one sees");
}
