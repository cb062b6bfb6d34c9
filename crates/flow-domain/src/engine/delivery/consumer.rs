use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    clock::{Timestamp, monotonic_now},
    engine::{
        dead_letter::{Replay, StoredDeadLetter},
        delivery::breaker::Breaker,
        delivery::feed::Feed,
        delivery::incoming::{IncomingMessage, Origin},
        delivery::ledger_row::LedgerRow,
        delivery::partitions::OwnedPartition,
        delivery::paused::PAUSE,
        delivery::queue::{Queue, QueueKey, QueuedMessage},
        relay::topics,
    },
    error::Error,
    handler::{Catalog, Interest, Ports, Source, Subscription, SubscriptionSettings},
    message::{Envelope, MessageId, MessageKind, Processing},
    port::{Cursor, Lane, StartFrom},
};

/// The consumers of an engine. They are in boxes, because `malloc` is slow above a kilobyte.
pub(in crate::engine) type Consumers = Vec<Box<Consumer>>;

/// One subscription of an engine: reads messages, prepares attempts and settles them.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Consumer {
    /// The name of the subscription, which is that of its group.
    pub(in crate::engine) name: Arc<str>,
    /// The name of the engine.
    pub(super) member: Arc<str>,
    pub(in crate::engine) target: Target,
    pub(in crate::engine) settings: SubscriptionSettings,
    /// The longest time between two attempts of a message.
    longest_wait: Duration,
    pub(in crate::engine) feed: Feed,
    /// The messages that were read and are not settled.
    pub(in crate::engine) queue: Queue,
    // Invariant: sorted by index.
    pub(super) partitions: Vec<OwnedPartition>,
    /// How far each topic of each owned partition was read.
    // Invariant: sorted.
    pub(super) cursors: Vec<Cursor>,
    /// The greatest place that was settled or tried, by partition and topic.
    pub(super) touched: BTreeMap<(u32, usize), u64>,
    /// Until when the partitions belong to this engine for sure.
    ///
    /// It is measured from before the turn, so it never ends later than the store says.
    pub(super) owned_until: Instant,
    pub(in crate::engine) breaker: Breaker,
    /// The newer events that a warning was logged for.
    pub(super) newer: Vec<MessageId>,
}

/// What handles the messages of a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Target {
    /// The event subscription at this index of the catalog.
    Events(usize),
    /// The command handlers of this category.
    Commands(&'static str),
}

impl Consumer {
    /// Makes the consumers of a domain: those of events in order of registration, then those of
    /// commands.
    pub(in crate::engine) fn all(catalog: &Catalog, member: &Arc<str>) -> Consumers {
        let mut categories: Vec<&'static str> = Vec::new();
        for route in &catalog.commands {
            if !categories.contains(&route.category) {
                categories.push(route.category);
            }
        }

        let subscriptions = &catalog.subscriptions;
        let mut all = Vec::with_capacity(subscriptions.len() + categories.len());
        for (idx, subscription) in subscriptions.iter().enumerate() {
            all.push(Box::new(Self::of_events(
                catalog,
                member,
                idx,
                subscription,
            )));
        }
        for category in categories {
            all.push(Box::new(Self::of_commands(catalog, member, category)));
        }

        all
    }

    fn of_events(
        catalog: &Catalog,
        member: &Arc<str>,
        subscription_idx: usize,
        subscription: &Subscription,
    ) -> Self {
        let settings = subscription.settings(&catalog.defaults);
        let categories = catalog.categories_of(subscription);
        let feed = match settings.source {
            Source::Broker => broker_feed(catalog, &categories, MessageKind::Event),
            // A catch-all method reads the events of all categories.
            Source::EventStore => {
                Feed::Store(subscription.catch_all.is_none().then_some(categories))
            }
        };

        let target = Target::Events(subscription_idx);
        let longest_wait = settings.retry.longest_delay;
        let name = subscription.handler.into();
        Self::new(name, member, target, (settings, longest_wait), feed)
    }

    fn of_commands(catalog: &Catalog, member: &Arc<str>, category: &'static str) -> Self {
        let name = Catalog::command_subscription_name(category).into();
        let settings = catalog.command_settings(category);
        let feed = broker_feed(catalog, &[category], MessageKind::Command);

        let routes = catalog.commands.iter();
        let of_category = routes.filter(|route| route.category == category);
        let waits = of_category.map(|route| route.settings(&catalog.defaults).retry.longest_delay);
        let longest_wait = waits.max().unwrap_or_default();
        let target = Target::Commands(category);
        Self::new(name, member, target, (settings, longest_wait), feed)
    }

    fn new(
        name: Arc<str>,
        member: &Arc<str>,
        target: Target,
        (settings, longest_wait): (SubscriptionSettings, Duration),
        feed: Feed,
    ) -> Self {
        Self {
            name,
            member: Arc::clone(member),
            target,
            queue: Queue::new(settings.ordered),
            settings,
            longest_wait: longest_wait.max(PAUSE),
            feed,
            partitions: Vec::new(),
            cursors: Vec::new(),
            touched: BTreeMap::new(),
            owned_until: monotonic_now(),
            breaker: Breaker::default(),
            newer: Vec::new(),
        }
    }

    /// Returns true if the source is the event store, not the broker.
    pub(in crate::engine) fn reads_store(&self) -> bool {
        self.feed.is_store()
    }

    /// Reads messages until the batch is full or there are no more.
    ///
    /// Reads nothing while the circuit breaker is open. Reads the backfill lane only if nothing else
    /// is left to start.
    pub(in crate::engine) async fn fill(
        &mut self,
        ports: &Ports,
        replays: &[Replay],
    ) -> Result<(), Error> {
        let now = ports.clock.now();
        self.wake_due(now);
        if self.breaker.open_until(now).is_some() {
            return Ok(());
        }

        self.add_replays(ports, replays, now);
        self.read_lane(ports, false).await?;
        if self.feed.has_backfill() && self.queue.n_ready_soon() == 0 {
            self.read_lane(ports, true).await?;
        }

        Ok(())
    }

    /// Makes the messages ready whose next attempt is due.
    pub(in crate::engine) fn wake_due(&mut self, now: Timestamp) {
        self.queue.wake_due(now, self.longest_wait);
    }

    async fn read_lane(&mut self, ports: &Ports, is_backfill: bool) -> Result<(), Error> {
        // What waits for a retry does not count, because it must not hold back other streams.
        while let limit @ 1.. = self
            .settings
            .batch_size
            .saturating_sub(self.n_ready_soon_in(is_backfill))
        {
            let read = self.read_readable(ports, is_backfill, limit).await?;
            if read.is_empty() {
                break;
            }

            for message in read {
                self.add(ports, message, is_backfill);
            }
        }

        Ok(())
    }

    /// Returns how many messages of a lane will be started soon. Backfill does not keep the engine from
    /// reading what is more urgent.
    fn n_ready_soon_in(&self, is_backfill: bool) -> usize {
        if is_backfill || !self.feed.has_backfill() {
            return self.queue.n_ready_soon();
        }

        let ready = self.queue.ready();
        ready.filter(|(key, _)| !key.is_backfill()).count()
    }

    /// Adds a message that was read, unless the subscription skips it. Events become those of today.
    fn add(&mut self, ports: &Ports, message: IncomingMessage, is_backfill: bool) {
        let envelope = ports.catalog.upcasts.to_current(message.envelope);
        if !self.wants(&ports.catalog, &envelope) {
            return self.mark_skipped(&message.origin);
        }

        let message = IncomingMessage {
            envelope,
            ..message
        };
        self.queue.push(message, is_backfill, None);
    }

    /// Returns false if the handler has no method for the message, or if it was handled inline, right
    /// after it was committed.
    ///
    /// Returns true for an event that the program cannot read: it must fail, or it would be lost.
    pub(in crate::engine) fn wants(&self, catalog: &Catalog, message: &Envelope) -> bool {
        match self.target {
            Target::Events(idx) => {
                message.metadata.processing != Processing::Sync
                    && !matches!(catalog.interest(idx, message), Interest::None)
            }
            Target::Commands(_) => true,
        }
    }

    /// Adds the dead letters whose replay is due.
    fn add_replays(&mut self, ports: &Ports, replays: &[Replay], now: Timestamp) {
        for (id, letter) in replays {
            let is_queued = |(_, message): (QueueKey, &QueuedMessage)| {
                message.incoming.dead_letter_id() == Some(id)
            };
            if !self.is_own(letter) || now < letter.due || self.queue.iter().any(is_queued) {
                continue;
            }

            let message = IncomingMessage {
                envelope: ports.catalog.upcasts.to_current(letter.envelope()),
                attempt: letter.attempt,
                origin: Origin::DeadLetter(Arc::clone(id)),
            };
            self.queue.push(message, false, None);
        }
    }

    /// Returns the dead letters of this subscription.
    fn own<'a>(&self, replays: &'a [Replay]) -> impl Iterator<Item = &'a StoredDeadLetter> {
        let letters = replays.iter().map(|(_, letter)| letter);
        letters.filter(|letter| self.is_own(letter))
    }

    fn is_own(&self, letter: &StoredDeadLetter) -> bool {
        *letter.subscription == *self.name
    }

    /// Returns the messages that can be started one after the other, unless one of them fails.
    #[cfg(feature = "testing")]
    pub(in crate::engine) fn ready_soon(&self) -> impl Iterator<Item = QueueKey> {
        self.queue.ready_soon()
    }

    /// Adds a message once more, as if the ledger had not been saved after its first delivery.
    ///
    /// Does nothing if the subscription does not read it.
    #[cfg(feature = "testing")]
    pub(in crate::engine) fn repeat(&mut self, ports: &Ports, envelope: &Arc<Envelope>) {
        let envelope = ports.catalog.upcasts.to_current(Arc::clone(envelope));
        if !self.feed.reads(&envelope) || !self.wants(&ports.catalog, &envelope) {
            return;
        }

        let message = IncomingMessage::read(envelope, Origin::Repeated);
        self.queue.push(message, false, None);
    }

    /// Adds to the counts of the subscription, and shows the state of its circuit breaker.
    pub(in crate::engine) fn count_attempts(&self, ports: &Ports, n_handled: u64, n_failed: u64) {
        let open_until = self.breaker.open_until(ports.clock.now());
        let paused = self.paused_streams();
        ports.engine_metrics.update(&self.name, |metrics| {
            metrics.n_handled += n_handled;
            metrics.n_failed += n_failed;
            metrics.open_until = open_until;
            metrics.n_paused_streams = paused.len();
            metrics.paused_until = paused.iter().map(|stream| stream.retry_at).max();
        });
    }

    /// Drops everything that was read and not saved, as if the engine had died.
    pub(in crate::engine) fn forget(&mut self) {
        self.queue = Queue::new(self.settings.ordered);
        self.partitions.clear();
        self.cursors.clear();
        self.touched.clear();
        self.breaker = Breaker::default();
        self.newer.clear();
    }

    /// Returns when the next message can be tried, if no new message is published before.
    pub(in crate::engine) async fn next_due(
        &self,
        ports: &Ports,
        replays: &[Replay],
    ) -> Result<Option<Timestamp>, Error> {
        let next_replay = self.own(replays).map(|letter| letter.due).min();
        let due = earliest(self.queue.next_due(), next_replay);

        let Some(paused_until) = self.breaker.open_until(ports.clock.now()) else {
            return Ok(due);
        };

        // Messages that were published during the pause are not read yet. The end of the pause counts
        // only if there is something to start then.
        let has_ready = 0 < self.queue.n_ready_soon() || 0 < self.lag(ports).await?;
        Ok(match due {
            Some(due) if !has_ready => Some(due.max(paused_until)),
            _ => (has_ready || due.is_some()).then_some(paused_until),
        })
    }

    /// Returns two counts: the messages that wait for a retry, and all unsettled messages.
    pub(in crate::engine) async fn backlog(
        &self,
        ports: &Ports,
        replays: &[Replay],
    ) -> Result<(usize, usize), Error> {
        let n_replayed = self.own(replays).count();
        let is_retried =
            |message: &IncomingMessage| 1 < message.attempt && message.dead_letter_id().is_none();
        let is_open = |message: &IncomingMessage| message.dead_letter_id().is_none();
        let messages = || self.queue.iter().map(|(_, message)| &message.incoming);
        let n_retried = messages().filter(|message| is_retried(message)).count();
        let n_open = messages().filter(|message| is_open(message)).count();

        let n_messages = n_open + self.lag(ports).await?;
        Ok((n_retried + n_replayed, n_messages + n_replayed))
    }

    /// Counts the messages that the subscription has not read yet.
    async fn lag(&self, ports: &Ports) -> Result<usize, Error> {
        let is_wanted = |message: &Envelope| self.wants(&ports.catalog, message);
        self.feed.count_after(ports, &self.cursors, is_wanted).await
    }

    /// Returns the counts of [`backlog`](Self::backlog) for all engines, as the ledgers have them.
    pub(in crate::engine) async fn saved_backlog(
        &self,
        ports: &Ports,
        replays: &[Replay],
    ) -> Result<(usize, usize), Error> {
        let mut cursors = Vec::new();
        for topic in 0..self.feed.n_topics() {
            cursors.extend((0..self.feed.n_partitions(ports)?).map(|partition| Cursor {
                topic,
                partition,
                place: 0,
            }));
        }
        if self.settings.start == StartFrom::Now {
            self.feed.seek_end(ports, &mut cursors).await?;
        }

        let (mut n_retried, mut n_open) = (0, 0);
        for (partition, ledger) in ports.store.ledgers(&self.name).await? {
            let ledger = LedgerRow::decode(&ledger)?;
            n_retried += ledger.open().filter(|open| 1 < open.attempt).count();
            n_open += ledger.open().count();

            let of_partition = cursors
                .iter_mut()
                .filter(|cursor| cursor.partition == partition);
            for cursor in of_partition {
                if let Some(progress) = ledger.progress(&self.feed.topic_name(cursor.topic)) {
                    cursor.place = progress.read;
                }
            }
        }

        let n_replayed = self.own(replays).count();
        let is_wanted = |message: &Envelope| self.wants(&ports.catalog, message);
        let n_unread = self.feed.count_after(ports, &cursors, is_wanted).await?;
        Ok((n_retried + n_replayed, n_open + n_unread + n_replayed))
    }
}

fn broker_feed(catalog: &Catalog, categories: &[&'static str], kind: MessageKind) -> Feed {
    let mut all = topics(categories, kind, Lane::Primary);
    let n_primary = all.len();
    if catalog.lane_threshold.is_some() {
        all.extend(topics(categories, kind, Lane::Backfill));
    }

    Feed::Broker {
        topics: all,
        n_primary,
    }
}

/// Returns the earlier of two times; `None` means never.
pub(in crate::engine) fn earliest(
    first: Option<Timestamp>,
    second: Option<Timestamp>,
) -> Option<Timestamp> {
    match (first, second) {
        (Some(first), Some(second)) => Some(first.min(second)),
        (first, second) => first.or(second),
    }
}
