use std::sync::Arc;

use crate::{
    engine::{
        delivery::incoming::{Receipt, SettleAction},
        manual::test_engine::TestEngine,
        relay::{missing_broker, topic_of},
    },
    error::Error,
    handler::Session,
    message::{Envelope, Recorded},
    port::{Lane, Publication},
    record::EntryKind,
    runtime::delivery_log::DeliveryLog,
};

/// Redelivery, restarts and forks.
impl TestEngine {
    /// Delivers an event again, with the same id, to every subscription that reads it.
    ///
    /// The event is published again, as if the relay had died right after the first publication.
    /// Subscriptions of the event store read it again, as if their checkpoint had not been saved.
    ///
    /// # Errors
    ///
    /// Returns an error if an adapter fails.
    pub async fn redeliver(&mut self, event: &Recorded) -> Result<(), Error> {
        self.republish(&event.envelope).await?;
        for consumer in &mut self.consumers {
            consumer.reread(&self.app.ports, event);
        }

        Ok(())
    }

    /// Publishes a message again, with the same id.
    ///
    /// The same happens if a relay publishes the message and dies before it can note that.
    ///
    /// # Errors
    ///
    /// Returns an error if the app has no broker, or if the broker fails.
    pub async fn republish(&mut self, message: &Arc<Envelope>) -> Result<(), Error> {
        self.subscribe().await?;
        let ports = &self.app.ports;
        let broker = ports.broker.as_ref().ok_or_else(missing_broker)?;
        let publication = Publication {
            topic: topic_of(ports, message),
            envelope: Arc::clone(message),
        };

        ports.record_for(message.metadata.id, || EntryKind::Published {
            topic: publication.topic.to_string(),
            is_backfill: publication.topic.lane == Lane::Backfill,
        });
        for result in ports.hooks.publish(&**broker, &[publication]).await? {
            result?;
        }

        Ok(())
    }

    /// Restarts the engine as after a crash. The stores and the broker stay as they are.
    ///
    /// The engine forgets the messages that it has received and not acknowledged. A run redelivers
    /// them when nothing else is left to do, and needs no time for it. Until then their lease holds.
    ///
    /// # Errors
    ///
    /// Returns an error if the domain cannot be rebuilt.
    pub fn restart(&mut self) -> Result<(), Error> {
        for (consumer_idx, consumer) in self.consumers.iter_mut().enumerate() {
            let held = consumer.ready.drain(..);
            self.abandoned
                .extend(held.map(|message| (consumer_idx, message)));
            consumer.forget();
        }

        if let Some(rebuild) = &self.rebuild {
            let domain = rebuild()?;
            self.app = self.app.with_domain(domain);
            self.watched_ports = None;
        }

        Ok(())
    }

    /// Ends the leases of a crashed engine. Returns false if it held no messages.
    ///
    /// The clock stays. A lease is for other engines, and in test mode there are none to wait for.
    pub(super) async fn release_abandoned(&mut self) -> Result<bool, Error> {
        let ports = &self.app.ports;
        let action = SettleAction::Redeliver {
            due: ports.clock.now(),
            counts_as_attempt: true,
        };

        let mut has_released = false;
        for (consumer_idx, message) in std::mem::take(&mut self.abandoned) {
            // Only the broker has leases. The store feed reads again from its checkpoint.
            if let Receipt::Broker(_) = message.receipt {
                let consumer = &mut self.consumers[consumer_idx];
                consumer.settle_message(ports, &message, action).await?;
                has_released = true;
            }
        }

        Ok(has_released)
    }

    /// Releases the messages that were received and not tried.
    pub(super) async fn release_all(&mut self) -> Result<(), Error> {
        for consumer in &mut self.consumers {
            consumer.release_all(&self.app.ports, None).await?;
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
            abandoned: self.abandoned.clone(),
            session: Session::default(),
            watched_ports: None,
            rebuild: self.rebuild.clone(),
            is_subscribed: self.is_subscribed,
        })
    }
}
