use std::sync::Arc;

use crate::{
    engine::{
        delivery::attempt::AttemptResult,
        delivery::queue::QueueKey,
        manual::footprint::{Footprint, FootprintStore},
        manual::test_engine::TestEngine,
    },
    error::Error,
    handler::{Ports, hooks::EngineAction},
    message::Envelope,
};

/// A message that can be delivered now to a subscription.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PendingDelivery {
    /// The name of the subscription: the name of the handler, or `order:command` for commands.
    pub subscription: Arc<str>,
    /// The message.
    pub message: Arc<Envelope>,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    pub(super) key: QueueKey,
    pub(super) consumer_idx: usize,
}

/// The result of one delivery.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "the handler may have failed"]
pub struct Step {
    /// The handler that was called; `None` for a command without a handler.
    pub handler: Option<&'static str>,
    /// How the delivery ended.
    pub outcome: StepOutcome,
    /// What the delivery read and wrote.
    pub footprint: Footprint,
}

/// How a step ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum StepOutcome {
    /// The message was handled.
    Handled {
        /// The number of events that the handler raised.
        n_events: usize,
    },
    /// There was nothing to do: the message was filtered, was handled before, or had expired.
    Skipped,
    /// The domain rejected the command.
    Rejected(Error),
    /// The event is newer than this program. Its stream waits in this subscription.
    Paused(Error),
    /// The handler failed.
    Failed {
        /// Why the handler failed.
        error: Error,
        /// Whether the retries are exhausted.
        is_last: bool,
    },
    /// The handler committed, and the engine crashed before it acknowledged the message.
    Crashed,
}

/// Deliveries of single messages.
impl TestEngine {
    /// Publishes the due messages of the outbox, and lists the messages that can be delivered now.
    ///
    /// The list is in the order in which [`run`](Self::run) would deliver them. This order is the
    /// same every time.
    ///
    /// # Errors
    ///
    /// Those of [`subscribe`](Self::subscribe).
    pub async fn pending(&mut self) -> Result<Vec<PendingDelivery>, Error> {
        self.publish_and_read().await?;

        let now = self.app.now();
        let mut pending = Vec::new();
        for (consumer_idx, consumer) in self.consumers.iter().enumerate() {
            let ready = consumer
                .queue
                .ready()
                .filter(|(_, message)| consumer.can_start(message, now));

            // After a pause, the circuit breaker lets one message through.
            let limit = consumer.breaker.limit(usize::MAX);
            pending.extend(ready.take(limit).map(|(key, message)| PendingDelivery {
                subscription: Arc::clone(&consumer.name),
                message: Arc::clone(&message.envelope),
                attempt: message.attempt,
                key,
                consumer_idx,
            }));
        }

        pending.sort_by_key(|delivery| (delivery.key.place, delivery.consumer_idx, delivery.key));
        self.save().await?;
        Ok(pending)
    }

    /// Delivers one message: calls the handler, commits and acknowledges.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] returns true if the message is not pending.
    /// Also returns an error if an adapter fails. A failure of the handler is not an error: see
    /// [`Step::outcome`].
    pub async fn deliver(&mut self, pending: &PendingDelivery) -> Result<Step, Error> {
        self.deliver_then(pending, None).await
    }

    /// Delivers one message, and crashes between the commit and the acknowledgement.
    ///
    /// The engine restarts and owns its partitions at once, so the message is pending again.
    ///
    /// # Errors
    ///
    /// Those of [`deliver`](Self::deliver).
    pub async fn deliver_and_crash(&mut self, pending: &PendingDelivery) -> Result<Step, Error> {
        self.deliver_then(pending, Some(EngineAction::Crash)).await
    }

    pub(super) async fn deliver_then(
        &mut self,
        pending: &PendingDelivery,
        next_action: Option<EngineAction>,
    ) -> Result<Step, Error> {
        let message_id = pending.message.metadata.id;
        let is_pending = self
            .startable(pending.consumer_idx, pending.key)
            .is_some_and(|message| {
                message.envelope.metadata.id == message_id && message.attempt == pending.attempt
            });

        if !is_pending {
            let (subscription, metadata) = (&pending.subscription, &pending.message.metadata);
            return Err(Error::setup(format!(
                "{} {message_id} is not pending for {subscription}: call `pending()` again",
                metadata.message_type.name()
            )));
        }

        // Drop what was noted before, so the footprint has only this delivery.
        let (store, ports) = self.watched_ports();
        store.take();

        let report = self
            .run_attempt(pending.consumer_idx, pending.key, &ports, next_action)
            .await?;
        let footprint = store.take();
        self.save().await?;

        Ok(Step {
            handler: report.handler,
            footprint,
            outcome: match report.result {
                AttemptResult::Handled(_) if next_action == Some(EngineAction::Crash) => {
                    StepOutcome::Crashed
                }
                AttemptResult::Handled(committed) => StepOutcome::Handled {
                    n_events: committed.len(),
                },
                AttemptResult::Skipped
                | AttemptResult::NotSubscribed
                | AttemptResult::Expired(_)
                | AttemptResult::Fenced => StepOutcome::Skipped,
                AttemptResult::Rejected(error) => StepOutcome::Rejected(error),
                AttemptResult::NewerEvent(error) => StepOutcome::Paused(error),
                AttemptResult::Failed { error, is_last } => StepOutcome::Failed { error, is_last },
            },
        })
    }

    /// Returns a store that notes what is read and written, and the ports that use this store.
    pub(super) fn watched_ports(&mut self) -> (Arc<FootprintStore>, Arc<Ports>) {
        let ports = &self.app.ports;
        let watched = self.watched_ports.get_or_insert_with(|| {
            let store = Arc::new(FootprintStore::new(Arc::clone(&ports.store)));
            let ports = Arc::new(Ports {
                store: Arc::clone(&store) as Arc<dyn crate::port::Store>,
                ..(**ports).clone()
            });
            (store, ports)
        });

        watched.clone()
    }
}
