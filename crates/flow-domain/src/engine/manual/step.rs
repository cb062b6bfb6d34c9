use std::sync::Arc;

use crate::{
    engine::{
        delivery::attempt::AttemptResult,
        manual::footprint::{Footprint, FootprintStore},
        manual::test_engine::TestEngine,
    },
    error::Error,
    handler::{EngineAction, Ports},
    message::Envelope,
};

/// A message that can be delivered now, and to whom.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PendingDelivery {
    /// The subscription: the name of the handler, or `order:command`.
    pub subscription: Arc<str>,
    /// The message.
    pub message: Arc<Envelope>,
    /// Which attempt this would be, from 1.
    pub attempt: u32,
    pub(super) offset: u128,
    pub(super) consumer_idx: usize,
}

/// What a step did.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "the handler may have failed"]
pub struct Step {
    /// The handler that was called.
    pub handler: &'static str,
    /// How it ended.
    pub outcome: StepOutcome,
    /// What it read and wrote.
    pub footprint: Footprint,
}

/// How a step ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum StepOutcome {
    /// The message was handled; so many events were raised.
    Handled {
        /// How many.
        n_events: usize,
    },
    /// There was nothing to do: the message is not for it, was handled before, or came too late.
    Skipped,
    /// The domain refused.
    Rejected(Error),
    /// The handler failed; the message is tried again if this was not the last attempt.
    Failed {
        /// Why.
        error: Error,
        /// Whether the message was given up on.
        is_last: bool,
    },
    /// It was committed, and then the engine died before it could acknowledge the message.
    Crashed,
}

/// One message at a time.
impl TestEngine {
    /// Publishes what waits in the outbox, and lists what can be delivered now, in the order in which
    /// [`run`](Self::run) would deliver it. The list is the same every time.
    ///
    /// # Errors
    ///
    /// Those of [`begin`](Self::begin).
    pub async fn pending(&mut self) -> Result<Vec<PendingDelivery>, Error> {
        self.publish_and_read().await?;
        let mut all = Vec::new();
        for (place, consumer) in self.consumers.iter().enumerate() {
            for (idx, one) in consumer.ready.iter().enumerate() {
                if consumer.can_be_tried(idx) {
                    all.push(PendingDelivery {
                        subscription: Arc::clone(&consumer.name),
                        message: Arc::clone(&one.envelope),
                        attempt: one.attempt,
                        offset: one.offset,
                        consumer_idx: place,
                    });
                }
            }
        }

        all.sort_by_key(|one| (one.offset, one.consumer_idx));
        Ok(all)
    }

    /// Delivers one message: the handler, its commit and the acknowledgement are one step.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if it is not pending, or one of an adapter.
    /// That the handler failed is no error: the step tells.
    pub async fn deliver(&mut self, pending: &PendingDelivery) -> Result<Step, Error> {
        self.deliver_then(pending, None).await
    }

    /// Delivers one message, and dies between the commit and the acknowledgement: the message comes
    /// again when what the engine held is taken for lost.
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
        after: Option<EngineAction>,
    ) -> Result<Step, Error> {
        let consumer = &self.consumers[pending.consumer_idx];
        let wanted = pending.message.metadata.id;
        let place = (0..consumer.ready.len()).find(|idx| {
            let one = &consumer.ready[*idx];
            one.envelope.metadata.id == wanted
                && one.attempt == pending.attempt
                && consumer.can_be_tried(*idx)
        });

        let Some(place) = place else {
            let (subscription, message) = (&pending.subscription, &pending.message.metadata);
            return Err(Error::setup(format!(
                "{} {wanted} is not pending for {subscription}: ask for `pending()` again",
                message.message_type.name()
            )));
        };

        let (store, ports) = self.watched_ports();
        store.take();
        let attempted = self
            .run_attempt(pending.consumer_idx, place, &ports, after)
            .await?;
        let footprint = store.take();

        Ok(Step {
            handler: attempted.handler,
            footprint,
            outcome: match attempted.result {
                AttemptResult::Handled(_) if after == Some(EngineAction::Crash) => {
                    StepOutcome::Crashed
                }
                AttemptResult::Handled(committed) => StepOutcome::Handled {
                    n_events: committed.len(),
                },
                AttemptResult::Skipped(_) => StepOutcome::Skipped,
                AttemptResult::Rejected(error) => StepOutcome::Rejected(error),
                AttemptResult::Failed { error, is_last } => StepOutcome::Failed { error, is_last },
            },
        })
    }

    /// The ports through which a step goes whose footprint is wanted, and what notes it.
    pub(super) fn watched_ports(&mut self) -> (Arc<FootprintStore>, Arc<Ports>) {
        let ports = &self.app.ports;
        let watched = self.watched_ports.get_or_insert_with(|| {
            let store = Arc::new(FootprintStore::new(Arc::clone(&ports.store)));
            let watched = Arc::new(Ports {
                store: Arc::clone(&store) as Arc<dyn crate::port::Store>,
                ..(**ports).clone()
            });
            (store, watched)
        });

        watched.clone()
    }
}
