use std::{collections::VecDeque, sync::Arc};

use crate::{
    clock::Timestamp,
    engine::{
        dead_letter,
        delivery::attempt::Attempt,
        delivery::breaker::Breaker,
        delivery::broker_feed::{BrokerFeed, earliest},
        delivery::incoming::{IncomingMessage, Receipt},
        delivery::paused::PausedStream,
        delivery::store_feed::StoreFeed,
    },
    error::Error,
    handler::{Catalog, Ports, Source, Subscription, SubscriptionSettings},
    message::{MessageKind, Processing},
};

/// One subscription of an engine: reads messages, prepares attempts and settles them.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Consumer {
    pub(in crate::engine) name: Arc<str>,
    pub(in crate::engine) target: Target,
    pub(in crate::engine) settings: SubscriptionSettings,
    pub(in crate::engine) feed: Feed,
    /// Messages that were read and not tried yet. Those of one stream are in the order of the
    /// stream.
    pub(in crate::engine) ready: VecDeque<IncomingMessage>,
    /// Reused between reads, so that each read does not allocate.
    read_buffer: Vec<IncomingMessage>,
    pub(in crate::engine) breaker: Breaker,
    /// The streams that wait for a newer program.
    pub(in crate::engine) paused: Vec<PausedStream>,
}

/// What handles the messages of a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Target {
    /// The event subscription at this index of the catalog.
    Events(usize),
    /// The command handlers of this category.
    Commands(&'static str),
}

/// The source of the messages of a consumer.
#[derive(Clone, Debug)]
pub(in crate::engine) enum Feed {
    Broker(BrokerFeed),
    Store(StoreFeed),
}

impl Consumer {
    /// Makes the consumers of a domain: those of events in order of registration, then those of
    /// commands.
    pub(in crate::engine) fn all(catalog: &Catalog, worker: &Arc<str>) -> Vec<Self> {
        let events = catalog
            .subscriptions
            .iter()
            .enumerate()
            .map(|(idx, subscription)| Self::of_events(catalog, worker, idx, subscription));

        let mut categories: Vec<&'static str> = Vec::new();
        for route in &catalog.commands {
            if !categories.contains(&route.category) {
                categories.push(route.category);
            }
        }

        let commands = categories
            .into_iter()
            .map(|category| Self::of_commands(catalog, worker, category));

        events.chain(commands).collect()
    }

    fn of_events(
        catalog: &Catalog,
        worker: &Arc<str>,
        subscription_idx: usize,
        subscription: &Subscription,
    ) -> Self {
        let name: Arc<str> = subscription.handler.into();
        let settings = subscription.settings(&catalog.defaults);
        let categories = catalog.categories_of(subscription);

        let feed = match settings.source {
            Source::Broker => {
                let has_lanes = catalog.lane_threshold.is_some();
                Feed::Broker(BrokerFeed::new(
                    Arc::clone(&name),
                    Arc::clone(worker),
                    &categories,
                    MessageKind::Event,
                    has_lanes,
                    &settings,
                ))
            }
            Source::EventStore => Feed::Store(StoreFeed::new(
                Arc::clone(&name),
                subscription_idx,
                // A catch-all method reads the events of all categories.
                subscription.catch_all.is_none().then_some(categories),
                settings.start,
                settings.ordered,
            )),
        };

        Self::new(name, Target::Events(subscription_idx), settings, feed)
    }

    fn of_commands(catalog: &Catalog, worker: &Arc<str>, category: &'static str) -> Self {
        let name: Arc<str> = Catalog::command_subscription_name(category).into();
        let settings = catalog.command_settings(category);
        let has_lanes = catalog.lane_threshold.is_some();
        let feed = Feed::Broker(BrokerFeed::new(
            Arc::clone(&name),
            Arc::clone(worker),
            &[category],
            MessageKind::Command,
            has_lanes,
            &settings,
        ));

        Self::new(name, Target::Commands(category), settings, feed)
    }

    fn new(name: Arc<str>, target: Target, settings: SubscriptionSettings, feed: Feed) -> Self {
        Self {
            name,
            target,
            settings,
            feed,
            ready: VecDeque::new(),
            read_buffer: Vec::new(),
            breaker: Breaker::default(),
            paused: Vec::new(),
        }
    }

    /// Reads messages that may be tried now, up to the batch size in `ready`.
    ///
    /// Reads nothing while the circuit breaker is open.
    pub(in crate::engine) async fn fill(&mut self, ports: &Ports) -> Result<(), Error> {
        let now = ports.clock.now();
        if self.breaker.open_until(now).is_some() {
            return Ok(());
        }

        // Once its lease has ended, the broker delivers a message to another engine: drop it here.
        self.ready.retain(|message| now < message.held_until);
        if self.free_capacity() == 0 {
            return Ok(());
        }

        self.read_replays(ports, now).await?;
        self.add_read(ports);
        let limit = self.free_capacity();
        if limit == 0 {
            return Ok(());
        }

        match &mut self.feed {
            Feed::Broker(feed) => {
                let may_read_backfill = self.ready.is_empty();
                feed.read(
                    ports,
                    &self.settings,
                    limit,
                    may_read_backfill,
                    &mut self.read_buffer,
                )
                .await?;
            }
            Feed::Store(feed) => feed.read(ports, limit, &mut self.read_buffer).await?,
        }

        self.add_read(ports);
        Ok(())
    }

    /// Moves the messages that were read to `ready`. Events become those of today.
    fn add_read(&mut self, ports: &Ports) {
        let read = self.read_buffer.drain(..);
        self.ready.extend(read.map(|message| IncomingMessage {
            envelope: ports.catalog.upcasts.to_current(message.envelope),
            ..message
        }));
    }

    /// Returns how many more messages may be read.
    fn free_capacity(&self) -> usize {
        let limit = self.breaker.limit(self.settings.batch_size);
        limit.saturating_sub(self.ready.len())
    }

    /// Reads the dead letters whose replay is due.
    async fn read_replays(&mut self, ports: &Ports, now: Timestamp) -> Result<(), Error> {
        for (id, letter) in dead_letter::find_replayed(ports, &self.name).await? {
            let is_ready = self.ready.iter().any(
                |message| matches!(&message.receipt, Receipt::DeadLetter(ready_id) if *ready_id == id),
            );
            let is_full = self.free_capacity() <= self.read_buffer.len();
            if is_ready || now < letter.due || is_full {
                continue;
            }

            self.read_buffer.push(IncomingMessage {
                envelope: letter.envelope(),
                attempt: letter.attempt,
                offset: 0,
                held_until: Timestamp::MAX,
                receipt: Receipt::DeadLetter(id),
            });
        }

        Ok(())
    }

    /// Returns the index in `ready` of the next message that can be tried and is not busy.
    ///
    /// `is_busy` returns true for a message that has to wait for an unsettled message of its
    /// stream.
    pub(in crate::engine) fn next_idx(
        &self,
        is_busy: impl Fn(&IncomingMessage) -> bool,
    ) -> Option<usize> {
        (0..self.ready.len()).find(|idx| self.can_be_tried(*idx) && !is_busy(&self.ready[*idx]))
    }

    /// Returns true if no earlier message in `ready` has to be handled before the one at `idx`.
    pub(in crate::engine) fn can_be_tried(&self, idx: usize) -> bool {
        let message = &self.ready[idx];

        !self.settings.ordered
            || !self
                .ready
                .iter()
                .take(idx)
                .any(|earlier| earlier.shares_stream(message))
    }

    /// Takes the message at `idx` out of `ready` and prepares an attempt; `None` if there is none.
    pub(in crate::engine) fn take(
        &mut self,
        idx: usize,
        ports: &Arc<Ports>,
        n_commits: u32,
        processing: Processing,
    ) -> Option<Attempt> {
        let incoming = self.ready.remove(idx)?;

        // The handlers of a category share a subscription, but each has its own settings.
        let handler_settings = match self.target {
            Target::Events(_) => None,
            Target::Commands(_) => {
                let catalog = &ports.catalog;
                let route = catalog.require_command_route(&incoming.envelope).ok();
                route.map(|route| route.settings(&catalog.defaults))
            }
        };
        let settings = handler_settings.as_ref().unwrap_or(&self.settings);

        Some(Attempt {
            ports: Arc::clone(ports),
            target: self.target,
            retry: settings.retry,
            time_limit: settings.time_limit,
            when_exhausted: settings.when_exhausted,
            incoming,
            n_commits,
            processing,
        })
    }

    /// Drops everything that was read and not saved, as if the engine had died.
    pub(in crate::engine) fn forget(&mut self) {
        self.ready.clear();
        self.paused.clear();
        self.breaker = Breaker::default();

        if let Feed::Store(feed) = &mut self.feed {
            feed.forget();
        }
    }

    /// Returns when the next message can be tried, if no new message is published before.
    pub(in crate::engine) async fn next_due(
        &self,
        ports: &Ports,
    ) -> Result<Option<Timestamp>, Error> {
        let mut due = match &self.feed {
            Feed::Broker(feed) => feed.backlog(ports).await?.next_due,
            Feed::Store(feed) => feed.next_due(),
        };
        for (_, letter) in dead_letter::find_replayed(ports, &self.name).await? {
            due = earliest(due, Some(letter.due));
        }

        let Some(paused_until) = self.breaker.open_until(ports.clock.now()) else {
            return Ok(due);
        };

        // Messages that were published during the pause are not read yet and have no due time. The
        // end of the pause counts only if there is such a message.
        let (_, n_messages) = self.backlog(ports).await?;
        Ok(match due {
            Some(due) => Some(due.max(paused_until)),
            None => (0 < n_messages).then_some(paused_until),
        })
    }

    /// Returns two counts: the messages that wait for a retry, and all unsettled messages.
    pub(in crate::engine) async fn backlog(&self, ports: &Ports) -> Result<(usize, usize), Error> {
        let n_replayed = dead_letter::find_replayed(ports, &self.name).await?.len();
        let (n_retried, n_messages) = match &self.feed {
            Feed::Broker(feed) => {
                let backlog = feed.backlog(ports).await?;
                (backlog.refused, backlog.total())
            }
            Feed::Store(feed) => {
                let n_messages = feed.n_unsettled() + feed.lag(ports).await?;
                (feed.n_retried(), n_messages)
            }
        };

        Ok((n_retried + n_replayed, n_messages + n_replayed))
    }

    /// Returns when the circuit breaker closes, if it is open at `now`.
    pub(in crate::engine) fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.breaker.open_until(now)
    }
}
