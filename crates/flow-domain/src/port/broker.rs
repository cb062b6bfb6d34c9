use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    message::{Envelope, MessageKind},
    port::PortFuture,
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

/// A message that a consumer received, and must acknowledge or refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceivedMessage {
    /// The topic that it was read from.
    pub topic: Topic,
    /// The offset. It grows in the order of publication across all topics.
    pub offset: u128,
    /// The message.
    pub envelope: Arc<Envelope>,
    /// The number of the delivery attempt within the group, from 1.
    pub attempt: u32,
}

impl ReceivedMessage {
    /// Makes a received message. An adapter calls this for each message that it delivers.
    pub fn new(topic: Topic, offset: u128, envelope: Arc<Envelope>, attempt: u32) -> Self {
        Self {
            topic,
            offset,
            envelope,
            attempt,
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

/// A request of a consumer for messages.
#[derive(Clone, Copy, Debug)]
pub struct ReadRequest<'a> {
    /// The group. Each message is delivered to one consumer of the group.
    pub group: &'a str,
    /// The name of the consumer.
    pub consumer: &'a str,
    /// The topics to read. Another read of the group may name other topics, such as another lane.
    pub topics: &'a [Topic],
    /// Whether a message waits for the earlier messages of its stream.
    pub ordered: bool,
    /// The current time.
    pub now: Timestamp,
    /// The visibility timeout: for this time, nobody in the group receives the same messages again.
    /// After that, the consumer counts as dead.
    pub lease: Duration,
    /// The maximum number of messages.
    pub limit: usize,
}

/// The number of messages that a group has not acknowledged, in some topics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backlog {
    /// Messages that were never delivered. Some may wait for an earlier message of their stream.
    pub unread: usize,
    /// Messages that were delivered, and neither acknowledged nor refused. A message stays here after
    /// its lease until it is redelivered.
    pub held: usize,
    /// Messages that were refused and will be redelivered.
    pub refused: usize,
    /// The earliest time when a held or refused message is due again. An earlier message of its stream
    /// may still block it then.
    pub next_due: Option<Timestamp>,
}

impl Backlog {
    /// Makes a backlog from its counts.
    pub fn new(unread: usize, held: usize, refused: usize, next_due: Option<Timestamp>) -> Self {
        Self {
            unread,
            held,
            refused,
            next_due,
        }
    }

    /// Returns the number of all messages in the backlog.
    pub const fn total(&self) -> usize {
        self.unread + self.held + self.refused
    }
}

/// Carries messages between processes. Each subscribed group receives each message at least once.
///
/// A broker has no clock: the caller passes the current time. All timestamps of a broker come from the
/// clock of its callers.
///
/// The feature `testing` adds the rules as contract tests that any adapter can run, in
/// `testing::contract::broker`.
pub trait Broker: fmt::Debug + Send + Sync {
    /// Publishes messages in the given order, and returns one result for each.
    fn publish<'a>(
        &'a self,
        publications: &'a [Publication],
    ) -> PortFuture<'a, Vec<Result<(), crate::Error>>>;

    /// Subscribes `group` to `topics`.
    ///
    /// The group reads topics that are new to it from `start`. In topics that it reads already, its
    /// position does not change.
    fn subscribe<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [Topic],
        start: StartFrom,
    ) -> PortFuture<'a, ()>;

    /// Delivers messages in the order of publication across all topics of the request.
    ///
    /// It delivers new messages, refused messages that are due, and messages whose lease has ended.
    /// It ignores topics that the group did not subscribe to.
    ///
    /// An `ordered` read does not deliver a message while an earlier message of its stream blocks it. An
    /// earlier message blocks in any topic of the request, until it is acknowledged or delivered in the
    /// same read. Therefore a failing message blocks its own stream and no other. Messages that the
    /// consumer holds from an earlier read block as well.
    ///
    /// If a consumer fails with a message of an ordered read, it must not handle later messages of
    /// that stream. It must [`refuse`](Self::refuse) those of the same read too, with
    /// `count_attempt` false. They are redelivered together with the failed message, or after its
    /// acknowledgement, never before.
    fn read<'a>(&'a self, request: &'a ReadRequest<'a>) -> PortFuture<'a, Vec<ReceivedMessage>>;

    /// Acknowledges a message. The group never receives it again.
    ///
    /// This applies even if the message was refused, or delivered to another consumer, in the
    /// meantime.
    /// To acknowledge a message twice is no error.
    fn acknowledge<'a>(
        &'a self,
        group: &'a str,
        message: &'a ReceivedMessage,
    ) -> PortFuture<'a, ()>;

    /// Refuses a message, which is redelivered at `due` or later.
    ///
    /// If `count_attempt` is false, the consumer did not try to handle the message. Then the redelivery
    /// has the same attempt number.
    ///
    /// Nothing happens unless the message is still held with this [`ReceivedMessage::attempt`]. A consumer
    /// cannot refuse a message that another consumer has received after the lease.
    fn refuse<'a>(
        &'a self,
        group: &'a str,
        message: &'a ReceivedMessage,
        due: Timestamp,
        count_attempt: bool,
    ) -> PortFuture<'a, ()>;

    /// Counts the messages in `topics` that `group` has not acknowledged.
    fn backlog<'a>(&'a self, group: &'a str, topics: &'a [Topic]) -> PortFuture<'a, Backlog>;

    /// Deletes the oldest messages of a topic, and returns their number.
    ///
    /// It stops at the first message that a subscribed group has not acknowledged. It always keeps the
    /// last `keep` messages.
    fn trim<'a>(&'a self, topic: &'a Topic, keep: usize) -> PortFuture<'a, usize>;

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
