use std::sync::Arc;

#[cfg(feature = "testing")]
use crate::message::StreamName;
use crate::{
    clock::Timestamp,
    engine::{
        delivery::checkpoint::{Checkpoint, UnsettledEntry},
        delivery::incoming::{IncomingMessage, Receipt, SettleAction},
    },
    error::Error,
    handler::{Interest, Ports},
    message::{Envelope, Position, Processing, Recorded, Version},
    port::StartFrom,
};

/// The limit of unsettled events. Every checkpoint lists all of them, so it must not grow too
/// large.
const MAX_UNSETTLED: usize = 1_000;

/// Reads events from the event store in the order of commit, starting at a checkpoint.
#[derive(Clone, Debug)]
pub(in crate::engine) struct StoreFeed {
    subscription: Arc<str>,
    /// The index of the subscription in the catalog.
    subscription_idx: usize,
    /// `None` if the subscription reads the events of all categories.
    categories: Option<Vec<&'static str>>,
    start: StartFrom,
    is_ordered: bool,
    /// The position of the last event that was read.
    position: Position,
    unsettled: Vec<UnsettledEvent>,
    /// The version of the stored checkpoint; `None` if the checkpoint is not loaded.
    version: Option<Version>,
    /// The stored checkpoint; `None` if there is none.
    saved: Option<Checkpoint>,
}

/// An event that was read and is not settled.
#[derive(Clone, Debug)]
struct UnsettledEvent {
    event: Arc<Envelope>,
    entry: UnsettledEntry,
    /// Whether the consumer has the event now, ready or in flight.
    is_handed_out: bool,
}

impl StoreFeed {
    pub(in crate::engine) fn new(
        subscription: Arc<str>,
        subscription_idx: usize,
        categories: Option<Vec<&'static str>>,
        start: StartFrom,
        is_ordered: bool,
    ) -> Self {
        Self {
            subscription,
            subscription_idx,
            categories,
            start,
            is_ordered,
            position: Position::START,
            unsettled: Vec::new(),
            version: None,
            saved: None,
        }
    }

    /// Makes sure that the checkpoint is loaded. A new subscription starts reading at `start`.
    pub(in crate::engine) async fn subscribe(&mut self, ports: &Ports) -> Result<(), Error> {
        if self.version.is_some() {
            return Ok(());
        }

        self.load_checkpoint(ports).await?;

        // Save the start even if the store is empty. Otherwise the next engine would start at a
        // later position and miss the events in between.
        if self.saved.is_none() && self.start == StartFrom::Now {
            return self.save(ports).await;
        }

        Ok(())
    }

    /// Loads the checkpoint and writes nothing.
    pub(in crate::engine) async fn load_checkpoint(&mut self, ports: &Ports) -> Result<(), Error> {
        let (saved, version) = Checkpoint::load(ports, &self.subscription).await?;
        self.unsettled.clear();

        let Some(saved) = saved else {
            self.position = match self.start {
                StartFrom::Beginning => Position::START,
                StartFrom::Now => ports.store.last_position().await?,
            };
            self.version = Some(version);
            return Ok(());
        };

        self.position = saved.position;
        for entry in &saved.open {
            let previous = Position::new(entry.position.as_u64() - 1);
            let events = ports.store.read_category(None, previous, 1).await?;

            // An event that the store no longer has is dropped.
            self.unsettled
                .extend(events.into_iter().map(|event| UnsettledEvent {
                    event: event.envelope,
                    entry: entry.clone(),
                    is_handed_out: false,
                }));
        }

        // Set the version last: it marks the checkpoint as completely loaded.
        self.saved = Some(saved);
        self.version = Some(version);

        Ok(())
    }

    /// Saves the checkpoint if it is loaded.
    pub(in crate::engine) async fn save_checkpoint(&mut self, ports: &Ports) -> Result<(), Error> {
        if self.version.is_none() {
            return Ok(());
        }

        self.save(ports).await
    }

    /// Reads more events, and hands out up to `limit` events that may be handled now.
    pub(in crate::engine) async fn read(
        &mut self,
        ports: &Ports,
        limit: usize,
        ready: &mut Vec<IncomingMessage>,
    ) -> Result<(), Error> {
        self.subscribe(ports).await?;
        let now = ports.clock.now();

        while self.unsettled.len() < limit || self.should_read_more(limit, now) {
            let page = self.next_page(ports, limit).await?;
            let Some(last) = page.last() else { break };

            self.position = last.position;
            for event in page {
                self.add_unsettled(ports, event, now);
            }
        }

        let mut n_handed_out = 0;
        for idx in 0..self.unsettled.len() {
            if limit <= n_handed_out {
                break;
            }

            if self.can_be_handed_out(idx, now) {
                self.unsettled[idx].is_handed_out = true;
                n_handed_out += 1;
                ready.push(self.unsettled[idx].incoming());
            }
        }

        Ok(())
    }

    /// Returns true if fewer than `limit` unsettled events can be handed out, and there is room for
    /// more.
    ///
    /// Events that wait for a retry do not count, because they must not block other streams.
    fn should_read_more(&self, limit: usize, now: Timestamp) -> bool {
        let n_ready = || {
            (0..self.unsettled.len())
                .filter(|idx| self.can_be_handed_out(*idx, now))
                .take(limit)
                .count()
        };

        self.unsettled.len() < MAX_UNSETTLED && n_ready() < limit
    }

    /// Reads the next events of all categories of the subscription, in the order of commit.
    ///
    /// Reads up to `limit` events of each category.
    async fn next_page(&self, ports: &Ports, limit: usize) -> Result<Vec<Recorded>, Error> {
        let Some(categories) = &self.categories else {
            return ports.store.read_category(None, self.position, limit).await;
        };

        // Up to `horizon`, the page has the events of all categories. After it, some may be
        // missing.
        let mut page = Vec::new();
        let mut horizon = None;
        for category in categories {
            let read = ports
                .store
                .read_category(Some(category), self.position, limit)
                .await?;

            // A category with a full read may have more events, and events of other categories must
            // not overtake them.
            if read.len() == limit
                && let Some(last) = read.last()
            {
                let end = horizon.unwrap_or(last.position).min(last.position);
                horizon = Some(end);
            }

            page.extend(read);
        }

        page.sort_by_key(|event| event.position);
        if let Some(horizon) = horizon {
            page.retain(|event| event.position <= horizon);
        }

        Ok(page)
    }

    /// Adds an event that the subscription has to handle, and ignores other events.
    fn add_unsettled(&mut self, ports: &Ports, event: Recorded, now: Timestamp) {
        let is_handled_inline = event.metadata().processing == Processing::Sync;
        let interest = ports
            .catalog
            .interest(self.subscription_idx, &event.envelope);

        if is_handled_inline || matches!(interest, Interest::None) {
            return;
        }

        self.unsettled.push(UnsettledEvent {
            entry: UnsettledEntry {
                position: event.position,
                attempt: 1,
                due: now,
            },
            event: event.envelope,
            is_handed_out: false,
        });
    }

    fn can_be_handed_out(&self, idx: usize, now: Timestamp) -> bool {
        let candidate = &self.unsettled[idx];
        if candidate.is_handed_out || now < candidate.entry.due {
            return false;
        }

        // Earlier events that are handed out do not block: they are ahead in the queue of the
        // consumer.
        let stream = &candidate.event.metadata.stream;
        !self.is_ordered
            || !self.unsettled[..idx]
                .iter()
                .any(|earlier| !earlier.is_handed_out && earlier.event.metadata.stream == *stream)
    }

    /// Adds an event again if it was read and settled before.
    #[cfg(feature = "testing")]
    pub(in crate::engine) fn reread(&mut self, ports: &Ports, event: &Recorded) {
        let was_read = event.position <= self.position;
        let is_unsettled = self
            .unsettled
            .iter()
            .any(|unsettled| unsettled.entry.position == event.position);

        if was_read && !is_unsettled {
            self.add_unsettled(ports, event.clone(), ports.clock.now());
        }
    }

    /// Settles the event at `position`, and saves the checkpoint.
    pub(in crate::engine) async fn settle(
        &mut self,
        ports: &Ports,
        position: Position,
        action: SettleAction,
    ) -> Result<(), Error> {
        let Some(idx) = self
            .unsettled
            .iter()
            .position(|unsettled| unsettled.entry.position == position)
        else {
            return Ok(());
        };

        match action {
            SettleAction::Acknowledge => {
                self.unsettled.remove(idx);
            }
            SettleAction::Redeliver {
                due,
                counts_as_attempt,
            } => {
                let unsettled = &mut self.unsettled[idx];
                unsettled.is_handed_out = false;
                unsettled.entry.attempt += u32::from(counts_as_attempt);
                unsettled.entry.due = due;
            }
        }

        self.save(ports).await
    }

    /// Saves the checkpoint if it has changed.
    async fn save(&mut self, ports: &Ports) -> Result<(), Error> {
        let checkpoint = Checkpoint {
            position: self.position,
            open: self
                .unsettled
                .iter()
                .map(|unsettled| unsettled.entry.clone())
                .collect(),
        };
        if self.saved.as_ref() == Some(&checkpoint) {
            return Ok(());
        }

        let version = self.version.unwrap_or(Version::NONE);
        match checkpoint.save(ports, &self.subscription, version).await {
            Ok(version) => {
                self.version = Some(version);
                self.saved = Some(checkpoint);
                Ok(())
            }
            Err(err) => {
                // Another engine may have written the checkpoint, so load it again before the next
                // read.
                self.forget();
                Err(err)
            }
        }
    }

    /// Drops everything that is not in the stored checkpoint.
    pub(in crate::engine) fn forget(&mut self) {
        self.version = None;
        self.unsettled.clear();
        self.saved = None;
    }

    /// Returns the number of events that were read and are not settled.
    pub(in crate::engine) fn n_unsettled(&self) -> usize {
        self.unsettled.len()
    }

    /// Returns true if all unsettled events belong to streams for which `is_match` returns true.
    #[cfg(feature = "testing")]
    pub(in crate::engine) fn all_unsettled(&self, is_match: impl Fn(&StreamName) -> bool) -> bool {
        self.unsettled
            .iter()
            .all(|unsettled| is_match(&unsettled.event.metadata.stream))
    }

    /// Returns the number of unsettled events that failed and wait for a retry.
    pub(in crate::engine) fn n_retried(&self) -> usize {
        self.unsettled
            .iter()
            .filter(|unsettled| 1 < unsettled.entry.attempt)
            .count()
    }

    /// Returns when the next unsettled event may be tried.
    ///
    /// Ignores events that have to wait for an earlier event of their stream.
    pub(in crate::engine) fn next_due(&self) -> Option<Timestamp> {
        (0..self.unsettled.len())
            .filter(|idx| self.can_be_handed_out(*idx, Timestamp::MAX))
            .map(|idx| self.unsettled[idx].entry.due)
            .min()
    }

    /// Counts the events after the position that the subscription has to handle.
    pub(in crate::engine) async fn lag(&self, ports: &Ports) -> Result<usize, Error> {
        let mut position = self.position;
        let mut n_events = 0;

        loop {
            // Read with a copy, because counting must not move the feed.
            let mut feed = Self {
                position,
                unsettled: Vec::new(),
                saved: None,
                ..self.clone()
            };
            let page = feed.next_page(ports, 512).await?;
            let Some(last) = page.last() else {
                return Ok(n_events);
            };

            position = last.position;
            for event in page {
                feed.add_unsettled(ports, event, Timestamp::default());
            }
            n_events += feed.unsettled.len();
        }
    }
}

impl UnsettledEvent {
    fn incoming(&self) -> IncomingMessage {
        IncomingMessage {
            envelope: Arc::clone(&self.event),
            attempt: self.entry.attempt,
            offset: u128::from(self.entry.position.as_u64()),
            held_until: Timestamp::MAX,
            receipt: Receipt::Store(self.entry.position),
        }
    }
}
