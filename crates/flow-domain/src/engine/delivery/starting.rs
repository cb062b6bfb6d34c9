use std::sync::Arc;

use crate::{
    clock::Timestamp,
    engine::{
        delivery::attempt::Attempt,
        delivery::consumer::{Consumer, Target},
        delivery::incoming::IncomingMessage,
        delivery::partitions::OwnedPartition,
        delivery::queue::QueueKey,
    },
    error::Error,
    handler::Ports,
    message::Processing,
    runtime::App,
};

/// Starting of attempts.
impl Consumer {
    /// Returns the message to start next; `None` if none can be started beside those in flight.
    pub(in crate::engine) fn next_key(&self, now: Timestamp) -> Option<QueueKey> {
        let (key, _) = self
            .queue
            .ready()
            .find(|(_, message)| self.can_start(message, now))?;
        Some(key)
    }

    /// Returns true if a ready message may be started beside those in flight.
    pub(in crate::engine) fn can_start(&self, message: &IncomingMessage, now: Timestamp) -> bool {
        self.breaker.open_until(now).is_none()
            && self.queue.n_in_flight() < self.breaker.limit(usize::MAX)
            && self.is_partition_free(message.partition())
    }

    /// Prepares an attempt of the message with this key; `None` if another engine tries it.
    pub(in crate::engine) async fn start(
        &mut self,
        key: QueueKey,
        ports: &Arc<Ports>,
        n_commits: u32,
        processing: Processing,
    ) -> Result<Option<Attempt>, Error> {
        let Some(incoming) = self.queue.start(key) else {
            return Ok(None);
        };
        if let Err(err) = self.save_before_attempt(ports, &incoming.origin).await {
            let now = ports.clock.now();
            self.queue.retry(key, incoming.attempt, now, None);
            return Err(err);
        }

        Ok(Some(self.attempt(
            (key, incoming),
            ports,
            n_commits,
            processing,
        )))
    }

    /// Starts the next message if that needs nothing else than the queue: no claim, no save, no read.
    pub(in crate::engine) fn start_next(&mut self, app: &App) -> Option<Attempt> {
        let key = self.next_key(app.now())?;
        let index = self.queue.get(key)?.incoming.partition()?;
        let partition = self.partition(index)?;
        let needs_save = partition.saves_first || 0 < partition.n_quarantined;
        let is_leaving = |partition: &OwnedPartition| partition.is_leaving;
        if needs_save
            || key.is_backfill()
            || !self.is_owner()
            || self.partitions.iter().any(is_leaving)
        {
            return None;
        }

        let incoming = self.queue.start(key)?;
        let processing = self.target.processing(app);
        Some(self.attempt((key, incoming), &app.ports, 0, processing))
    }

    fn attempt(
        &self,
        (key, incoming): (QueueKey, IncomingMessage),
        ports: &Arc<Ports>,
        n_commits: u32,
        processing: Processing,
    ) -> Attempt {
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

        Attempt {
            ports: Arc::clone(ports),
            target: self.target,
            retry: settings.retry,
            time_limit: settings.time_limit,
            when_exhausted: settings.when_exhausted,
            fence: self.fence(incoming.partition()),
            is_quarantined: self.is_quarantined(incoming.partition()),
            key,
            incoming,
            n_commits,
            processing,
        }
    }
}
