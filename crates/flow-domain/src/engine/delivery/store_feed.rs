use std::sync::Arc;

use crate::{
    clock::Timestamp,
    engine::{
        delivery::checkpoint::{Checkpoint, OpenAt},
        delivery::incoming::{Fate, Incoming, Token},
    },
    error::Error,
    handler::Ports,
    message::{Envelope, Position, Processing, Recorded, Version},
    port::StartFrom,
};

/// How many events may be open before no more are read: each stands in every checkpoint.
const MOST_OPEN: usize = 1_000;

/// Reads events from the store, in the order of commit, from a checkpoint on.
#[derive(Clone, Debug)]
pub(in crate::engine) struct StoreFeed {
    subscription: Arc<str>,
    /// The place of the subscription in the catalog.
    place: usize,
    /// `None` if it takes events of all categories.
    categories: Option<Vec<&'static str>>,
    start: StartFrom,
    ordered: bool,
    position: Position,
    open: Vec<Open>,
    /// The version of the checkpoint as it was saved last; `None` if it was not loaded yet.
    version: Option<Version>,
    /// What was saved last; `None` if nothing ever was.
    saved: Option<Checkpoint>,
}

/// An event that was read and is not done with.
#[derive(Clone, Debug)]
struct Open {
    event: Arc<Envelope>,
    at: OpenAt,
    is_handed: bool,
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
            place,
            categories,
            start,
            ordered,
            position: Position::START,
            open: Vec::new(),
            version: None,
            saved: None,
        }
    }

    /// Makes sure that the checkpoint is loaded: a new subscription begins here.
    pub(in crate::engine) async fn begin(&mut self, ports: &Ports) -> Result<(), Error> {
        if self.version.is_some() {
            return Ok(());
        }
        self.look(ports).await?;
        // Also if that is the beginning: whoever comes later must not begin there then.
        if self.saved.is_none() && self.start == StartFrom::Now {
            return self.save(ports).await;
        }
        Ok(())
    }

    /// Loads the checkpoint, and begins nothing.
    pub(in crate::engine) async fn look(&mut self, ports: &Ports) -> Result<(), Error> {
        let (saved, version) = Checkpoint::load(ports, &self.subscription).await?;
        self.open.clear();
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
            self.open.extend(read.into_iter().map(|event| Open {
                event: event.envelope,
                at: at.clone(),
                is_handed: false,
            }));
        }
        self.saved = Some(saved);
        // Not before all of it is there: from here on it is trusted.
        self.version = Some(version);
        Ok(())
    }

    /// Saves how far it has come, if anything is known of that.
    pub(in crate::engine) async fn save_position(&mut self, ports: &Ports) -> Result<(), Error> {
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
        ready: &mut Vec<Incoming>,
    ) -> Result<(), Error> {
        self.begin(ports).await?;
        let now = ports.clock.now();
        while self.open.len() < limit || self.has_room(limit, now) {
            let page = self.next_page(ports, limit).await?;
            let Some(last) = page.last() else { break };
            self.position = last.position;
            for event in page {
                self.keep(ports, event, now);
            }
        }
        let mut n_handed = 0;
        for idx in 0..self.open.len() {
            if limit <= n_handed {
                break;
            }
            if self.can_be_handed(idx, now) {
                self.open[idx].is_handed = true;
                n_handed += 1;
                ready.push(self.open[idx].incoming());
            }
        }
        Ok(())
    }

    /// Returns true if fewer than `limit` of what is open can be handed out: what waits to be tried again
    /// must not keep other streams waiting.
    fn has_room(&self, limit: usize, now: Timestamp) -> bool {
        let places = 0..self.open.len();
        let free = places.filter(|idx| self.can_be_handed(*idx, now));
        self.open.len() < MOST_OPEN && free.take(limit).count() < limit
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

    fn keep(&mut self, ports: &Ports, event: Recorded, now: Timestamp) {
        let is_handled_inline = event.metadata().processing == Processing::Sync;
        let catalog = &ports.catalog;
        let is_wanted = catalog.route_in(self.place, &event.envelope).is_some()
            || !catalog.knows_event(&event.envelope);
        if is_handled_inline || !is_wanted {
            return;
        }
        self.open.push(Open {
            at: OpenAt {
                position: event.position,
                attempt: 1,
                due: now,
            },
            event: event.envelope,
            is_handed: false,
        });
    }

    fn can_be_handed(&self, idx: usize, now: Timestamp) -> bool {
        let one = &self.open[idx];
        if one.is_handed || now < one.at.due {
            return false;
        }
        let stream = &one.event.metadata.stream;
        let mut earlier = self.open[..idx].iter();
        // Those that are handed out are before it in the same queue.
        !self.ordered
            || !earlier.any(|other| !other.is_handed && other.event.metadata.stream == *stream)
    }

    /// Opens an event again that was read before.
    pub(in crate::engine) fn go_back_to(&mut self, ports: &Ports, event: &Recorded) {
        let reads_it = event.position <= self.position;
        let mut open = self.open.iter();
        if reads_it && !open.any(|one| one.at.position == event.position) {
            self.keep(ports, event.clone(), ports.clock.now());
        }
    }

    /// Notes what became of an event, and saves the checkpoint.
    pub(in crate::engine) async fn settle(
        &mut self,
        ports: &Ports,
        position: Position,
        fate: Fate,
    ) -> Result<(), Error> {
        let mut open = self.open.iter();
        let Some(idx) = open.position(|one| one.at.position == position) else {
            return Ok(());
        };
        match fate {
            Fate::Done => {
                self.open.remove(idx);
            }
            Fate::Again { at, counts } => {
                let one = &mut self.open[idx];
                one.is_handed = false;
                one.at.attempt += u32::from(counts);
                one.at.due = at;
            }
        }
        self.save(ports).await
    }

    async fn save(&mut self, ports: &Ports) -> Result<(), Error> {
        let checkpoint = Checkpoint {
            position: self.position,
            open: self.open.iter().map(|one| one.at.clone()).collect(),
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
        self.open.clear();
        self.saved = None;
    }

    /// How many events were read and are not done with: those that wait for another attempt, and all.
    pub(in crate::engine) fn n_open(&self) -> (usize, usize) {
        let retried = self.open.iter().filter(|one| 1 < one.at.attempt);
        (retried.count(), self.open.len())
    }

    /// When the first event that waits may be tried. Those that wait for another of their stream are
    /// not asked.
    pub(in crate::engine) fn next_due(&self) -> Option<Timestamp> {
        let places = 0..self.open.len();
        let first = places.filter(|idx| self.can_be_handed(*idx, Timestamp::MAX));
        first.map(|idx| self.open[idx].at.due).min()
    }

    /// How many events lie behind the position.
    pub(in crate::engine) async fn lag(&self, ports: &Ports) -> Result<usize, Error> {
        let mut after = self.position;
        let mut n_events = 0;
        loop {
            let feed = Self {
                position: after,
                open: Vec::new(),
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
                waiting.keep(ports, event, Timestamp::default());
            }
            n_events += waiting.open.len();
        }
    }
}

impl Open {
    fn incoming(&self) -> Incoming {
        Incoming {
            envelope: Arc::clone(&self.event),
            attempt: self.at.attempt,
            order: u128::from(self.at.position.as_u64()),
            held_until: Timestamp::MAX,
            token: Token::Stored(self.at.position),
        }
    }
}
