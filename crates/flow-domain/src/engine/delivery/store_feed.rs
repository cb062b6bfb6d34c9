use std::sync::Arc;

use crate::{
    clock::Timestamp,
    engine::{
        delivery::checkpoint::{Checkpoint, UnsettledEntry},
        delivery::incoming::{IncomingMessage, Receipt, SettleAction},
    },
    error::Error,
    handler::Ports,
    message::{Envelope, Position, Processing, Recorded, Version},
    port::StartFrom,
};

/// How many events may be open before no more are read: each stands in every checkpoint.
const MAX_UNSETTLED: usize = 1_000;

/// Reads events from the store, in the order of commit, from a checkpoint on.
#[derive(Clone, Debug)]
pub(in crate::engine) struct StoreFeed {
    subscription: Arc<str>,
    /// The place of the subscription in the catalog.
    subscription_idx: usize,
    /// `None` if it takes events of all categories.
    categories: Option<Vec<&'static str>>,
    start: StartFrom,
    is_ordered: bool,
    position: Position,
    unsettled: Vec<UnsettledEvent>,
    /// The version of the checkpoint as it was saved last; `None` if it was not loaded yet.
    version: Option<Version>,
    /// What was saved last; `None` if nothing ever was.
    saved: Option<Checkpoint>,
}

/// An event that was read and is not done with.
#[derive(Clone, Debug)]
struct UnsettledEvent {
    event: Arc<Envelope>,
    entry: UnsettledEntry,
    is_handed_out: bool,
}

impl StoreFeed {
    pub(in crate::engine) fn new(
        subscription: Arc<str>,
        place: usize,
        categories: Option<Vec<&'static str>>,
        start: StartFrom,
        ordered: bool,
    ) -> Self {
        Self {
            subscription,
            subscription_idx: place,
            categories,
            start,
            is_ordered: ordered,
            position: Position::START,
            unsettled: Vec::new(),
            version: None,
            saved: None,
        }
    }

    /// Makes sure that the checkpoint is loaded: a new subscription begins here.
    pub(in crate::engine) async fn subscribe(&mut self, ports: &Ports) -> Result<(), Error> {
        if self.version.is_some() {
            return Ok(());
        }

        self.load_checkpoint(ports).await?;
        // Also if that is the beginning: whoever comes later must not begin there then.
        if self.saved.is_none() && self.start == StartFrom::Now {
            return self.save(ports).await;
        }

        Ok(())
    }

    /// Loads the checkpoint, and begins nothing.
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
        for at in &saved.open {
            let before = Position::new(at.position.as_u64() - 1);
            let read = ports.store.read_category(None, before, 1).await?;

            // What is not there any more cannot be handled.
            self.unsettled
                .extend(read.into_iter().map(|event| UnsettledEvent {
                    event: event.envelope,
                    entry: at.clone(),
                    is_handed_out: false,
                }));
        }

        self.saved = Some(saved);
        // Not before all of it is there: from here on it is trusted.
        self.version = Some(version);

        Ok(())
    }

    /// Saves how far it has come, if anything is known of that.
    pub(in crate::engine) async fn save_checkpoint(&mut self, ports: &Ports) -> Result<(), Error> {
        if self.version.is_none() {
            return Ok(());
        }
        self.save(ports).await
    }

    /// Reads on, and hands out up to `limit` events that may be handled now.
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

        let mut n_handed = 0;
        for idx in 0..self.unsettled.len() {
            if limit <= n_handed {
                break;
            }

            if self.can_be_handed_out(idx, now) {
                self.unsettled[idx].is_handed_out = true;
                n_handed += 1;
                ready.push(self.unsettled[idx].incoming());
            }
        }

        Ok(())
    }

    /// Returns true if fewer than `limit` of what is open can be handed out: what waits to be tried again
    /// must not keep other streams waiting.
    fn should_read_more(&self, limit: usize, now: Timestamp) -> bool {
        let places = 0..self.unsettled.len();
        let free = places.filter(|idx| self.can_be_handed_out(*idx, now));
        self.unsettled.len() < MAX_UNSETTLED && free.take(limit).count() < limit
    }

    /// Reads up to `limit` events after the position, of all categories that are wanted, in order.
    async fn next_page(&self, ports: &Ports, limit: usize) -> Result<Vec<Recorded>, Error> {
        let Some(categories) = &self.categories else {
            return ports.store.read_category(None, self.position, limit).await;
        };

        let mut page = Vec::new();
        let mut horizon = None;

        for category in categories {
            let read = ports
                .store
                .read_category(Some(category), self.position, limit)
                .await?;
            // Behind a page that is full there may be more, which must not be overtaken.
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

    fn add_unsettled(&mut self, ports: &Ports, event: Recorded, now: Timestamp) {
        let is_handled_inline = event.metadata().processing == Processing::Sync;
        let catalog = &ports.catalog;
        let is_wanted = catalog
            .route_in(self.subscription_idx, &event.envelope)
            .is_some()
            || !catalog.knows_event(&event.envelope);

        if is_handled_inline || !is_wanted {
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
        let one = &self.unsettled[idx];
        if one.is_handed_out || now < one.entry.due {
            return false;
        }

        let stream = &one.event.metadata.stream;
        let mut earlier = self.unsettled[..idx].iter();

        // Those that are handed out are before it in the same queue.
        !self.is_ordered
            || !earlier.any(|other| !other.is_handed_out && other.event.metadata.stream == *stream)
    }

    /// Opens an event again that was read before.
    pub(in crate::engine) fn reread(&mut self, ports: &Ports, event: &Recorded) {
        let reads_it = event.position <= self.position;
        let mut open = self.unsettled.iter();
        if reads_it && !open.any(|one| one.entry.position == event.position) {
            self.add_unsettled(ports, event.clone(), ports.clock.now());
        }
    }

    /// Notes what became of an event, and saves the checkpoint.
    pub(in crate::engine) async fn settle(
        &mut self,
        ports: &Ports,
        position: Position,
        fate: SettleAction,
    ) -> Result<(), Error> {
        let Some(idx) = self
            .unsettled
            .iter()
            .position(|one| one.entry.position == position)
        else {
            return Ok(());
        };

        match fate {
            SettleAction::Acknowledge => {
                self.unsettled.remove(idx);
            }
            SettleAction::Redeliver {
                due: at,
                counts_as_attempt: counts,
            } => {
                let one = &mut self.unsettled[idx];
                one.is_handed_out = false;
                one.entry.attempt += u32::from(counts);
                one.entry.due = at;
            }
        }

        self.save(ports).await
    }

    async fn save(&mut self, ports: &Ports) -> Result<(), Error> {
        let checkpoint = Checkpoint {
            position: self.position,
            open: self.unsettled.iter().map(|one| one.entry.clone()).collect(),
        };
        let version = self.version.unwrap_or(Version::NONE);

        if self.saved.as_ref() == Some(&checkpoint) {
            return Ok(());
        }

        match checkpoint.save(ports, &self.subscription, version).await {
            Ok(version) => {
                self.version = Some(version);
                self.saved = Some(checkpoint);
                Ok(())
            }
            Err(err) => {
                // Somebody else may have written it: what is known here is not to be trusted.
                self.forget();
                Err(err)
            }
        }
    }

    /// Forgets everything that was not saved.
    pub(in crate::engine) fn forget(&mut self) {
        self.version = None;
        self.unsettled.clear();
        self.saved = None;
    }

    /// How many events were read and are not done with: those that wait for another attempt, and all.
    pub(in crate::engine) fn n_unsettled(&self) -> (usize, usize) {
        let retried = self.unsettled.iter().filter(|one| 1 < one.entry.attempt);
        (retried.count(), self.unsettled.len())
    }

    /// When the first event that waits may be tried. Those that wait for another of their stream are
    /// not asked.
    pub(in crate::engine) fn next_due(&self) -> Option<Timestamp> {
        let places = 0..self.unsettled.len();
        places
            .filter(|idx| self.can_be_handed_out(*idx, Timestamp::MAX))
            .map(|idx| self.unsettled[idx].entry.due)
            .min()
    }

    /// How many events lie behind the position.
    pub(in crate::engine) async fn lag(&self, ports: &Ports) -> Result<usize, Error> {
        let mut after = self.position;
        let mut n_events = 0;

        loop {
            let feed = Self {
                position: after,
                unsettled: Vec::new(),
                saved: None,
                ..self.clone()
            };
            let page = feed.next_page(ports, 512).await?;
            let Some(last) = page.last() else {
                return Ok(n_events);
            };

            after = last.position;
            let mut waiting = feed;
            for event in page {
                waiting.add_unsettled(ports, event, Timestamp::default());
            }

            n_events += waiting.unsettled.len();
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
