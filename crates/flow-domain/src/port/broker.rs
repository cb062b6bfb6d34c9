use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    message::{Envelope, MessageKind},
    port::PortFuture,
};

/// The name of one stream of the broker: `order`, `order:backfill`, `order:command`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic {
    /// The category of the messages in it.
    pub category: Cow<'static, str>,
    /// Events, or commands.
    pub kind: MessageKind,
    /// The lane.
    pub lane: Lane,
}

/// The urgent lane and the one that waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Read first.
    #[default]
    Primary,
    /// Read only when the primary lane is empty.
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
    /// Where to.
    pub topic: Topic,
    /// The message.
    pub envelope: Arc<Envelope>,
}

/// A message that was handed to a consumer, who has to acknowledge or to refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceivedMessage {
    /// The topic that it was read from.
    pub topic: Topic,
    /// Its place; it grows in the order of publication, also from topic to topic.
    pub offset: u128,
    /// The message.
    pub envelope: Arc<Envelope>,
    /// How often it was handed to this group, this time included.
    pub attempt: u32,
}

impl ReceivedMessage {
    /// A message that is handed out.
    pub fn new(topic: Topic, place: u128, envelope: Arc<Envelope>, attempt: u32) -> Self {
        Self {
            topic,
            offset: place,
            envelope,
            attempt,
        }
    }
}

/// Where a new group begins to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StartFrom {
    /// With the first message there is.
    #[default]
    Beginning,
    /// With the first message that comes from now on.
    Now,
}

/// Who wants messages, from where, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct ReadRequest<'a> {
    /// The group: each message is handed to one consumer of it.
    pub group: &'a str,
    /// Who reads.
    pub consumer: &'a str,
    /// From where. Another read of the group may ask for others, such as another lane.
    pub topics: &'a [Topic],
    /// Whether the messages of one stream are handed out one after the other.
    pub ordered: bool,
    /// The current time.
    pub now: Timestamp,
    /// How long nobody gets again what is handed out, the consumer itself neither. After that it is taken
    /// for dead.
    pub lease: Duration,
    /// How many messages at most.
    pub limit: usize,
}

/// How many messages of some topics a group has not done with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backlog {
    /// Never handed out, whether they wait for an earlier one of their stream or not.
    pub unread: usize,
    /// Handed out, and neither acknowledged nor refused; also after the lease, until somebody else has it.
    pub held: usize,
    /// Refused, to be handed out again.
    pub refused: usize,
    /// When the first message that is held or refused can be handed out again, unless an earlier one of
    /// its stream is in the way.
    pub next_due: Option<Timestamp>,
}

impl Backlog {
    /// Counts.
    pub fn new(unread: usize, held: usize, refused: usize, next_due: Option<Timestamp>) -> Self {
        Self {
            unread,
            held,
            refused,
            next_due,
        }
    }

    /// All of them.
    pub const fn total(&self) -> usize {
        self.unread + self.held + self.refused
    }
}

/// Carries messages between processes: each group that subscribed gets each message at least once.
///
/// A broker has no clock: whoever reads says what time it is, and every time that a broker is told or
/// tells is of that clock.
///
/// [`port::contract::broker`](crate::port::contract::broker) has the laws as tests that any adapter can
/// run.
pub trait Broker: fmt::Debug + Send + Sync {
    /// Publishes messages, in order, and returns what became of each.
    fn publish<'a>(
        &'a self,
        publications: &'a [Publication],
    ) -> PortFuture<'a, Vec<Result<(), crate::Error>>>;

    /// Makes sure that `group` reads `topics`: from `start` those that are new to it; where it reads one
    /// already, it goes on where it is.
    fn subscribe<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [Topic],
        start: StartFrom,
    ) -> PortFuture<'a, ()>;

    /// Hands out messages, in the order of publication across all topics of the read: those that nobody
    /// of the group was handed yet, those that were refused and are due again, and those whose lease
    /// has ended. Topics that the group did not subscribe to are passed over.
    ///
    /// If it is `ordered`, a message is not handed out while an earlier one of its stream, in any topic
    /// of the read, is neither acknowledged nor handed out with it: one message that fails holds up its
    /// own stream and no other. What the reader itself holds from an earlier read holds up too.
    ///
    /// Whoever fails with a message of an ordered read must not handle those of its stream that were
    /// handed out with it after it, but [`refuse`](Self::refuse) them too, with `counts` false. They come
    /// again together with the one that failed, or once it is acknowledged, and never before it.
    fn read<'a>(&'a self, read: &'a ReadRequest<'a>) -> PortFuture<'a, Vec<ReceivedMessage>>;

    /// Says that the group is done with a message: it is never handed to the group again, even if it was
    /// refused, or handed to somebody else, since. It is no error if the group is done with it already.
    fn acknowledge<'a>(&'a self, group: &'a str, handed: &'a ReceivedMessage)
    -> PortFuture<'a, ()>;

    /// Gives a message back, to be handed out again at `due`. `counts` says whether this was an attempt,
    /// or the message was not looked at: then it comes again with the same number of attempts.
    ///
    /// Nothing happens unless the message is still held as [`Handed::attempt`]: who lost it, because the
    /// lease ended and somebody else has it by now, has no say in it any more.
    fn refuse<'a>(
        &'a self,
        group: &'a str,
        handed: &'a ReceivedMessage,
        due: Timestamp,
        counts: bool,
    ) -> PortFuture<'a, ()>;

    /// Counts what `group` has not done with in `topics`.
    fn backlog<'a>(&'a self, group: &'a str, topics: &'a [Topic]) -> PortFuture<'a, Backlog>;

    /// Forgets the oldest messages of a topic, up to the first that a group that reads it is not done
    /// with, but for the last `keep` messages; returns how many.
    fn trim<'a>(&'a self, topic: &'a Topic, keep: usize) -> PortFuture<'a, usize>;

    /// Returns a broker with the same content that goes its own way from here on, if this adapter can
    /// do that at a cost that does not grow with what it holds.
    fn fork(&self) -> Option<Arc<dyn Broker>> {
        None
    }

    /// Gives back what is held outside of the process, such as connections; see
    /// [`App::close`](crate::App::close). Nothing by default.
    fn close(&self) -> PortFuture<'_, ()> {
        PortFuture::ready(Ok(()))
    }
}
