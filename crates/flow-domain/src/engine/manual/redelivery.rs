use std::sync::Arc;

use crate::{
    engine::{
        manual::test_engine::TestEngine,
        relay::{missing_broker, topic_of},
    },
    error::Error,
    handler::Session,
    message::{Envelope, Recorded},
    port::Publication,
    record::EntryKind,
};

/// What happens once more, and what happens elsewhere.
impl TestEngine {
    /// Has an event delivered once more, with the same id, to every subscription that reads it.
    ///
    /// It is published again, as by a relay that died before it could note that it had; and what reads
    /// from the store goes back to it, as from a checkpoint that was not saved.
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

    /// Publishes a message that was published before once more, with the same id, as a relay does that
    /// died before it could note that it had.
    ///
    /// # Errors
    ///
    /// Returns an error if the app has no broker, or if it fails.
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
        });
        for result in broker.publish(&[publication]).await? {
            result?;
        }

        Ok(())
    }

    /// Starts again, as after a crash: what was handed out and not acknowledged is forgotten here, and
    /// comes again when it is taken for lost. Stores and broker stay as they are.
    ///
    /// # Errors
    ///
    /// Returns an error if the domain cannot be built again.
    pub fn restart(&mut self) -> Result<(), Error> {
        for consumer in &mut self.consumers {
            consumer.forget();
        }

        if let Some(rebuild) = &self.rebuild {
            let domain = rebuild()?;
            self.app = self.app.with_domain(domain);
            self.watched_ports = None;
        }

        Ok(())
    }

    /// Gives back what was handed out and not tried.
    pub(super) async fn release_all(&mut self) -> Result<(), Error> {
        for consumer in &mut self.consumers {
            consumer.release_all(&self.app.ports, None).await?;
        }
        Ok(())
    }

    /// Returns an engine with an app of its own that goes on from here: neither sees what the other
    /// does. In memory this costs the same however much was there before the first fork.
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
            attempts: Vec::new(),
            raised: Vec::new(),
            session: Session::default(),
            watched_ports: None,
            rebuild: self.rebuild.clone(),
            is_subscribed: self.is_subscribed,
        })
    }
}
