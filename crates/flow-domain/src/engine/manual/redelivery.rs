use std::sync::Arc;

use crate::{
    engine::{manual::test_engine::TestEngine, relay::topic_of},
    error::Error,
    handler::Session,
    message::{Envelope, Recorded},
    port::Lane,
    record::EntryKind,
    runtime::delivery_log::DeliveryLog,
};

/// Redelivery, restarts and forks.
impl TestEngine {
    /// Delivers an event again, with the same id, to every subscription that reads it.
    ///
    /// The same happens if an engine dies before it can save its ledgers.
    ///
    /// # Errors
    ///
    /// Returns an error if an adapter fails.
    pub async fn redeliver(&mut self, event: &Recorded) -> Result<(), Error> {
        self.republish(&event.envelope).await
    }

    /// Publishes a message again, with the same id, so that it is delivered again.
    ///
    /// The same happens if a relay publishes the message and dies before it can note that, and the
    /// broker has forgotten the id by then.
    ///
    /// # Errors
    ///
    /// Those of [`subscribe`](Self::subscribe).
    pub async fn republish(&mut self, message: &Arc<Envelope>) -> Result<(), Error> {
        self.subscribe().await?;
        let ports = &self.app.ports;
        let topic = topic_of(ports, message);
        ports.record_for(message.metadata.id, || EntryKind::Published {
            topic: topic.to_string(),
            is_backfill: topic.lane == Lane::Backfill,
        });
        for consumer in &mut self.consumers {
            consumer.repeat(ports, message);
        }

        Ok(())
    }

    /// Restarts the engine as after a crash. The stores and the broker stay as they are.
    ///
    /// The engine forgets what it has received. It owns its partitions again at once, and reads what
    /// was not settled again.
    ///
    /// # Errors
    ///
    /// Returns an error if the domain cannot be rebuilt.
    pub fn restart(&mut self) -> Result<(), Error> {
        for consumer in &mut self.consumers {
            consumer.forget();
        }
        self.is_subscribed = false;

        if let Some(rebuild) = &self.rebuild {
            let domain = rebuild()?;
            self.app = self.app.with_domain(domain);
            self.watched_ports = None;
        }

        Ok(())
    }

    /// Returns an independent engine that continues from here with its own app.
    ///
    /// Neither engine sees what the other does. With the in-memory adapters the cost does not
    /// depend on the amount of data before the first fork.
    ///
    /// # Errors
    ///
    /// Those of [`App::fork`](crate::App::fork).
    pub fn fork(&mut self) -> Result<Self, Error> {
        Ok(Self {
            app: self.app.fork()?,
            consumers: self.consumers.clone(),
            relay: self.relay.clone(),
            commits: self.commits.fork(),
            log: DeliveryLog::default(),
            session: Session::default(),
            watched_ports: None,
            rebuild: self.rebuild.clone(),
            is_subscribed: self.is_subscribed,
        })
    }
}
