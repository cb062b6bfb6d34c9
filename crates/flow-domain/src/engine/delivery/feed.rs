use crate::{
    engine::{
        delivery::incoming::{IncomingMessage, Origin},
        relay::missing_broker,
    },
    error::Error,
    handler::Ports,
    message::{Envelope, MessageKind, Position, Recorded},
    port::{Broker, Cursor, LogMessage, Topic},
};

/// The number of partitions of a subscription that reads the event store.
const N_STORE_PARTITIONS: u32 = 8;

/// The log that a subscription reads: topics of the broker, or the event store.
#[derive(Clone, Debug)]
pub(in crate::engine) enum Feed {
    /// The topics of the primary lane, then those of the backfill lane if the domain has lanes.
    Broker {
        topics: Vec<Topic>,
        n_primary: usize,
    },
    /// The categories, or `None` for all. The store counts as one topic.
    Store(Option<Vec<&'static str>>),
}

impl Feed {
    /// Returns true if the source is the event store, not the broker.
    pub(in crate::engine) fn is_store(&self) -> bool {
        matches!(self, Self::Store(_))
    }

    pub(super) fn n_partitions(&self, ports: &Ports) -> Result<u32, Error> {
        match self {
            Self::Broker { .. } => Ok(broker(ports)?.n_partitions()),
            Self::Store(_) => Ok(N_STORE_PARTITIONS),
        }
    }

    pub(super) fn n_topics(&self) -> usize {
        match self {
            Self::Broker { topics, .. } => topics.len(),
            Self::Store(_) => 1,
        }
    }

    /// Returns true if the message is in one of the topics or categories.
    pub(in crate::engine) fn reads(&self, message: &Envelope) -> bool {
        let (category, kind) = (message.metadata.stream.category(), message.metadata.kind);
        match self {
            Self::Broker { topics, .. } => topics
                .iter()
                .any(|topic| topic.category == category && topic.kind == kind),
            Self::Store(categories) => {
                kind == MessageKind::Event
                    && categories
                        .as_ref()
                        .is_none_or(|categories| categories.contains(&category))
            }
        }
    }

    pub(super) fn is_backfill(&self, topic: usize) -> bool {
        matches!(self, Self::Broker { n_primary, .. } if *n_primary <= topic)
    }

    pub(super) fn has_backfill(&self) -> bool {
        matches!(self, Self::Broker { topics, n_primary } if *n_primary < topics.len())
    }

    /// Returns the name of a topic in the ledger.
    pub(super) fn topic_name(&self, topic: usize) -> String {
        match self {
            Self::Broker { topics, .. } => topics[topic].to_string(),
            Self::Store(_) => "events".to_owned(),
        }
    }

    /// Reads up to `limit` messages after the cursors, and moves the cursors.
    pub(super) async fn read(
        &self,
        ports: &Ports,
        cursors: &mut [Cursor],
        limit: usize,
    ) -> Result<Vec<IncomingMessage>, Error> {
        match self {
            Self::Broker { topics, .. } => {
                let read = broker(ports)?.read(topics, cursors, limit).await?;
                Ok(read.into_iter().map(from_log).collect())
            }
            Self::Store(categories) => {
                let store = &ports.store;
                let categories = categories.as_deref();
                let read = store.read_partitions(categories, N_STORE_PARTITIONS, cursors, limit);
                Ok(read.await?.into_iter().map(from_store).collect())
            }
        }
    }

    /// Reads the messages at some places of a partition again.
    pub(super) async fn read_at(
        &self,
        ports: &Ports,
        (topic, partition): (usize, u32),
        places: &[u64],
    ) -> Result<Vec<IncomingMessage>, Error> {
        match self {
            Self::Broker { topics, .. } => {
                let name = &topics[topic];
                let read = broker(ports)?.read_at(name, partition, places).await?;
                let messages = read
                    .into_iter()
                    .map(|message| LogMessage { topic, ..message });
                Ok(messages.map(from_log).collect())
            }
            Self::Store(_) => {
                let positions: Vec<Position> = places.iter().copied().map(Position::new).collect();
                let read = ports.store.read_at(&positions).await?;
                Ok(read.into_iter().map(from_store).collect())
            }
        }
    }

    pub(super) async fn seek_end(
        &self,
        ports: &Ports,
        cursors: &mut [Cursor],
    ) -> Result<(), Error> {
        match self {
            Self::Broker { topics, .. } => broker(ports)?.seek_end(topics, cursors).await,
            Self::Store(_) => {
                let end = ports.store.last_position().await?;
                for cursor in cursors {
                    cursor.place = end.as_u64();
                }
                Ok(())
            }
        }
    }

    /// Counts the messages after the cursors that the subscription wants.
    ///
    /// A broker counts all of them. The event store also has what was handled inline, so its events are
    /// read.
    pub(super) async fn count_after(
        &self,
        ports: &Ports,
        cursors: &[Cursor],
        is_wanted: impl Fn(&Envelope) -> bool,
    ) -> Result<usize, Error> {
        if let Self::Broker { topics, .. } = self {
            return broker(ports)?.count_after(topics, cursors).await;
        }

        let mut cursors = cursors.to_vec();
        let mut n_messages = 0;
        loop {
            let page = self.read(ports, &mut cursors, 512).await?;
            if page.is_empty() {
                return Ok(n_messages);
            }
            let wanted = page.iter().filter(|message| is_wanted(&message.envelope));
            n_messages += wanted.count();
        }
    }
}

fn broker(ports: &Ports) -> Result<&dyn Broker, Error> {
    ports.broker.as_deref().ok_or_else(missing_broker)
}

fn from_log(message: LogMessage) -> IncomingMessage {
    let origin = Origin::Partition {
        topic: message.topic,
        partition: message.partition,
        place: message.place,
    };
    IncomingMessage::read(message.envelope, origin)
}

fn from_store(event: Recorded) -> IncomingMessage {
    let origin = Origin::Partition {
        topic: 0,
        partition: event.metadata().stream.partition(N_STORE_PARTITIONS),
        place: event.position.as_u64(),
    };
    IncomingMessage::read(event.envelope, origin)
}
