use std::{borrow::Cow, fmt, sync::Arc};

use crate::{
    error::Error,
    message::{Envelope, MessageKind},
    port::{Cursor, PortFuture},
};

/// The name of a topic of the broker, such as `order`, `order:backfill` or `order:command`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic {
    /// The category of its messages.
    pub category: Cow<'static, str>,
    /// Whether its messages are events or commands.
    pub kind: MessageKind,
    /// The lane, which decides when the topic is read.
    pub lane: Lane,
}

/// The priority of a topic.
///
/// A stream whose messages are in both lanes has an order within each lane. Between the lanes it has
/// none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// The lane that is read first.
    #[default]
    Primary,
    /// The lane that is read only when the primary lane is empty.
    Backfill,
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.category)?;

        if self.kind == MessageKind::Command {
            f.write_str(":command")?;
        }
        if self.lane == Lane::Backfill {
            f.write_str(":backfill")?;
        }

        Ok(())
    }
}

/// A message for a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The topic to publish to.
    pub topic: Topic,
    /// The message.
    pub envelope: Arc<Envelope>,
}

/// What became of a message that was to be published.
#[derive(Debug)]
pub enum PublishResult {
    /// The topic has the message.
    Published,
    /// Publishing failed. Nobody knows whether the topic has the message.
    Failed(Error),
    /// The broker did not try, because an earlier message of the partition failed.
    NotTried,
}

/// A message of a partition, as a read returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogMessage {
    /// The index of its topic in the list of topics that was read.
    pub topic: usize,
    /// The partition.
    pub partition: u32,
    /// The place, from 1. It grows within the partition, and may have gaps.
    pub place: u64,
    /// The message.
    pub envelope: Arc<Envelope>,
}

impl LogMessage {
    /// Makes a message. An adapter calls this for each message that it returns.
    pub fn new(topic: usize, partition: u32, place: u64, envelope: Arc<Envelope>) -> Self {
        Self {
            topic,
            partition,
            place,
            envelope,
        }
    }
}

/// Where a new group starts to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StartFrom {
    /// At the oldest stored message.
    #[default]
    Beginning,
    /// At the first message that is published after the subscription.
    Now,
}

/// Carries messages between processes, in partitioned logs.
///
/// Each topic has [`n_partitions`](Self::n_partitions) partitions. A message belongs to the partition
/// of its stream: [`StreamName::partition`](crate::message::StreamName::partition). A partition keeps
/// its messages in the order of publication. Between partitions there is no order.
///
/// A broker knows neither groups nor acknowledgements. What a group has done is in the
/// [`Ledger`](crate::port::Ledger) of the store. So a broker needs no locks, leases or clock.
///
/// The feature `testing` adds the rules as contract tests that any adapter can run, in
/// `testing::contract::broker`.
pub trait Broker: fmt::Debug + Send + Sync {
    /// Returns the number of partitions of each topic. It never changes.
    fn n_partitions(&self) -> u32;

    /// Publishes messages, and returns one result for each.
    ///
    /// Messages of one partition keep their order. Therefore a partition stops at its first failure:
    /// its later messages are [`NotTried`](PublishResult::NotTried). A message whose id was published
    /// lately is not added again, and counts as published.
    fn publish<'a>(&'a self, publications: &'a [Publication])
    -> PortFuture<'a, Vec<PublishResult>>;

    /// Reads up to `limit` messages after the cursors, and moves the cursors behind them.
    ///
    /// It returns at once. It returns the messages of each partition in order, and leaves none out.
    /// A cursor may also move past places that have no message. `cursors` are sorted, and each names
    /// a topic by its index in `topics`.
    fn read<'a>(
        &'a self,
        topics: &'a [Topic],
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<LogMessage>>;

    /// Reads the messages at some places of a partition. It leaves out those that were trimmed.
    fn read_at<'a>(
        &'a self,
        topic: &'a Topic,
        partition: u32,
        places: &'a [u64],
    ) -> PortFuture<'a, Vec<LogMessage>>;

    /// Moves the cursors behind the last message that a read could return now.
    fn seek_end<'a>(&'a self, topics: &'a [Topic], cursors: &'a mut [Cursor])
    -> PortFuture<'a, ()>;

    /// Counts the messages after the cursors.
    fn count_after<'a>(
        &'a self,
        topics: &'a [Topic],
        cursors: &'a [Cursor],
    ) -> PortFuture<'a, usize>;

    /// Deletes the messages of a topic up to the places of `floors`, and returns their number.
    ///
    /// Each floor has the topic index 0. A partition that is not listed keeps all its messages.
    fn trim<'a>(&'a self, topic: &'a Topic, floors: &'a [Cursor]) -> PortFuture<'a, usize>;

    /// Returns an independent broker with the same content, or `None` if the adapter cannot fork.
    ///
    /// The cost must not grow with the number of published messages.
    #[cfg_attr(not(feature = "testing"), doc(hidden))]
    fn fork(&self) -> Option<Arc<dyn Broker>> {
        None
    }

    /// Releases resources outside of the process, such as connections.
    ///
    /// The default does nothing. See [`App::close`](crate::App::close).
    fn close(&self) -> PortFuture<'_, ()> {
        PortFuture::ready(Ok(()))
    }
}
