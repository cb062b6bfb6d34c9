use std::{collections::VecDeque, sync::Arc};

use crate::{
    clock::Timestamp,
    engine::{
        dead_letter::{self},
        delivery::attempt::Attempt,
        delivery::breaker::Breaker,
        delivery::broker_feed::{BrokerFeed, earliest},
        delivery::incoming::{IncomingMessage, Receipt},
        delivery::store_feed::StoreFeed,
    },
    error::Error,
    handler::{Catalog, Ports, Source, Subscription, SubscriptionSettings},
    message::{Envelope, MessageKind, Processing, Recorded},
};

/// One subscription at work: what it reads, what it was handed, and what becomes of that.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Consumer {
    pub(in crate::engine) name: Arc<str>,
    pub(in crate::engine) target: Target,
    pub(in crate::engine) settings: SubscriptionSettings,
    pub(in crate::engine) feed: Feed,
    /// What was read and not tried yet. What shares a stream comes in its order.
    pub(in crate::engine) ready: VecDeque<IncomingMessage>,
    /// What is read goes through here, so that its room is kept.
    read_buffer: Vec<IncomingMessage>,
    pub(in crate::engine) breaker: Breaker,
}

/// What messages are handed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Target {
    /// The subscription at this place in the catalog.
    Events(usize),
    /// The handlers of the commands of this category.
    Commands(&'static str),
}

/// Where messages come from.
#[derive(Clone, Debug)]
pub(in crate::engine) enum Feed {
    Broker(BrokerFeed),
    Store(StoreFeed),
}

impl Consumer {
    /// The subscriptions of a domain, in order of registration, and then those for commands.
    pub(in crate::engine) fn all(catalog: &Catalog, worker: &Arc<str>) -> Vec<Self> {
        let events = catalog.subscriptions.iter().enumerate();
        let events = events.map(|(place, one)| Self::of_events(catalog, worker, place, one));
        let mut categories: Vec<&'static str> = Vec::new();

        for route in &catalog.commands {
            if !categories.contains(&route.category) {
                categories.push(route.category);
            }
        }

        let commands = categories.into_iter();
        let commands = commands.map(|category| Self::of_commands(catalog, worker, category));

        events.chain(commands).collect()
    }

    fn of_events(
        catalog: &Catalog,
        worker: &Arc<str>,
        place: usize,
        subscription: &Subscription,
    ) -> Self {
        let name: Arc<str> = subscription.handler.into();
        let settings = subscription.settings(&catalog.defaults);
        let categories = catalog.categories_of(subscription);
        let feed = match settings.source {
            Source::Broker => {
                let names = (Arc::clone(&name), Arc::clone(worker));
                let (kind, lanes) = (MessageKind::Event, catalog.lane_threshold.is_some());
                Feed::Broker(BrokerFeed::new(names, &categories, kind, lanes, &settings))
            }
            Source::EventStore => {
                let wanted = subscription.catch_all.is_none().then_some(categories);
                let (start, ordered) = (settings.start, settings.ordered);
                let subscription = Arc::clone(&name);
                Feed::Store(StoreFeed::new(subscription, place, wanted, start, ordered))
            }
        };

        Self::new(name, Target::Events(place), settings, feed)
    }

    fn of_commands(catalog: &Catalog, worker: &Arc<str>, category: &'static str) -> Self {
        let name: Arc<str> = Catalog::command_subscription_name(category).into();
        let settings = catalog.command_settings(category);
        let names = (Arc::clone(&name), Arc::clone(worker));
        let (kind, lanes) = (MessageKind::Command, catalog.lane_threshold.is_some());
        let feed = Feed::Broker(BrokerFeed::new(names, &[category], kind, lanes, &settings));
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
        }
    }

    /// Makes sure that the subscription is known where it reads: a new one begins here.
    pub(in crate::engine) async fn subscribe(&mut self, ports: &Ports) -> Result<(), Error> {
        match &mut self.feed {
            Feed::Broker(feed) => feed.subscribe(ports, &self.settings).await,
            Feed::Store(feed) => feed.subscribe(ports).await,
        }
    }

    /// Reads what may be tried now, up to a batch.
    pub(in crate::engine) async fn fill(&mut self, ports: &Ports) -> Result<(), Error> {
        let now = ports.clock.now();
        if self.breaker.open_until(now).is_some() {
            return Ok(());
        }

        // Somebody else is handed what was held for too long.
        self.ready.retain(|one| now < one.held_until);
        if self.free_capacity() == 0 {
            return Ok(());
        }

        self.read_replays(ports, now).await?;
        let limit = self.free_capacity();
        if limit == 0 {
            return Ok(());
        }

        let is_idle = self.ready.is_empty();
        match &mut self.feed {
            Feed::Broker(feed) => {
                let wanted = (limit, is_idle);
                feed.read(ports, &self.settings, wanted, &mut self.read_buffer)
                    .await?;
            }
            Feed::Store(feed) => feed.read(ports, limit, &mut self.read_buffer).await?,
        }

        self.ready.extend(self.read_buffer.drain(..));
        Ok(())
    }

    /// How many more messages may be read.
    fn free_capacity(&self) -> usize {
        let limit = self.breaker.limit(self.settings.batch_size);
        limit.saturating_sub(self.ready.len())
    }

    async fn read_replays(&mut self, ports: &Ports, now: Timestamp) -> Result<(), Error> {
        for (id, kept) in dead_letter::find_replayed(ports, &self.name).await? {
            let is_ready = self
                .ready
                .iter()
                .any(|one| matches!(&one.receipt, Receipt::DeadLetter(other) if *other == id));
            if is_ready || now < kept.due || self.free_capacity() == 0 {
                continue;
            }

            self.ready.push_back(IncomingMessage {
                envelope: kept.envelope(),
                attempt: kept.attempt,
                offset: 0,
                held_until: Timestamp::MAX,
                receipt: Receipt::DeadLetter(id),
            });
        }

        Ok(())
    }

    /// The places in `ready` of what may be tried now, where `is_busy` says which streams are worked at.
    pub(in crate::engine) fn next_idx(
        &self,
        is_busy: impl Fn(&IncomingMessage) -> bool,
    ) -> Option<usize> {
        let mut places = 0..self.ready.len();
        places.find(|idx| self.can_be_tried(*idx) && !is_busy(&self.ready[*idx]))
    }

    /// Returns false if the message is let go without a look: nobody here has a method for it.
    pub(in crate::engine) fn wants(&self, catalog: &Catalog, message: &Envelope) -> bool {
        match self.target {
            Target::Events(place) => {
                catalog.route_in(place, message).is_some() || !catalog.knows_event(message)
            }
            Target::Commands(_) => true,
        }
    }

    /// Returns true if nothing stands before the message at this place.
    pub(in crate::engine) fn can_be_tried(&self, idx: usize) -> bool {
        let one = &self.ready[idx];
        let mut earlier = self.ready.iter().take(idx);
        !self.settings.ordered || !earlier.any(|other| other.shares_stream(one))
    }

    /// Takes the message at this place out, to be tried.
    pub(in crate::engine) fn take(
        &mut self,
        idx: usize,
        ports: &Arc<Ports>,
        n_commits: u32,
        processing: Processing,
    ) -> Option<Attempt> {
        let incoming = self.ready.remove(idx)?;
        let settings = match self.target {
            Target::Events(_) => None,
            Target::Commands(_) => {
                let catalog = &ports.catalog;
                let route = catalog.require_command_route(&incoming.envelope).ok();
                route.map(|route| route.settings(&catalog.defaults))
            }
        };
        let settings = settings.as_ref().unwrap_or(&self.settings);

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

    /// Forgets what was handed to it, as if the engine had died.
    pub(in crate::engine) fn forget(&mut self) {
        self.ready.clear();
        self.breaker = Breaker::default();
        if let Feed::Store(feed) = &mut self.feed {
            feed.forget();
        }
    }

    /// Reads an event once more that it has read, if it reads from the store.
    pub(in crate::engine) fn reread(&mut self, ports: &Ports, event: &Recorded) {
        if let Feed::Store(feed) = &mut self.feed {
            feed.reread(ports, event);
        }
    }

    /// When something can be tried that cannot be tried now, if nothing new comes.
    pub(in crate::engine) async fn next_due(
        &self,
        ports: &Ports,
    ) -> Result<Option<Timestamp>, Error> {
        let mut due = match &self.feed {
            Feed::Broker(feed) => feed.backlog(ports).await?.next_due,
            Feed::Store(feed) => feed.next_due(),
        };
        for (_, kept) in dead_letter::find_replayed(ports, &self.name).await? {
            due = earliest(due, Some(kept.due));
        }

        let Some(until) = self.breaker.open_until(ports.clock.now()) else {
            return Ok(due);
        };

        // Only if there is something to try then; what came in the pause is not read yet.
        let (_, n_waiting) = self.backlog(ports).await?;
        Ok(match due {
            Some(due) => Some(due.max(until)),
            None => (0 < n_waiting).then_some(until),
        })
    }

    /// How much it has not done with: what waits to be tried again, and all of it.
    pub(in crate::engine) async fn backlog(&self, ports: &Ports) -> Result<(usize, usize), Error> {
        let n_replayed = dead_letter::find_replayed(ports, &self.name).await?.len();
        let (retried, all) = match &self.feed {
            Feed::Broker(feed) => {
                let backlog = feed.backlog(ports).await?;
                (backlog.refused, backlog.total())
            }
            Feed::Store(feed) => {
                let (retried, open) = feed.n_unsettled();
                (retried, open + feed.lag(ports).await?)
            }
        };

        Ok((retried + n_replayed, all + n_replayed))
    }

    /// When the breaker closes, if it is open.
    pub(in crate::engine) fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.breaker.open_until(now)
    }
}
