use std::sync::Arc;

use crate::{
    error::{HandlerFailure, Stall},
    handler::{CommittedEvent, Delivery as Attempt, Ports, Session},
    port::BoxFuture,
    record::EntryKind,
    runtime::{
        cascade_trace::{CascadeTrace, TraceStep},
        handling::{AttemptOptions, Handling, HandlingSuccess},
    },
};

/// Delivers what was committed, and what that causes, until nothing is left.
///
/// Breadth-first, in order of commit; for one event in order of registration. Every delivery has its
/// own unit of work, so that a handler that fails takes nothing down but itself.
#[derive(Debug)]
pub(super) struct Cascade {
    ports: Arc<Ports>,
    budget: usize,
    /// All deliveries in order, those that were made and those that wait. None is taken out: what was
    /// delivered because of what is told if there is no end to it.
    deliveries: Vec<PlannedDelivery>,
    n_delivered: usize,
    /// How many deliveries, from the first, are of messages that were delivered before, and how often.
    redelivery: (usize, u32),
    failures: Vec<HandlerFailure>,
    /// Whether a delivery may take no longer than its subscription says.
    has_time_limits: bool,
    /// The room of the last unit of work, for the next.
    spare_session: Session,
}

#[derive(Debug)]
struct PlannedDelivery {
    committed: CommittedEvent,
    subscription_idx: usize,
    route_idx: usize,
    /// The place of the delivery whose handler raised the event.
    cause_idx: Option<usize>,
}

impl Cascade {
    pub(super) fn new(ports: Arc<Ports>, budget: usize, spare: Session) -> Self {
        Self {
            ports,
            budget,
            deliveries: Vec::new(),
            n_delivered: 0,
            redelivery: (0, 0),
            failures: Vec::new(),
            has_time_limits: false,
            spare_session: spare,
        }
    }

    /// Limits how long a delivery may take, for those who cannot be kept waiting for ever.
    pub(super) fn with_time_limits(self) -> Self {
        Self {
            has_time_limits: true,
            ..self
        }
    }

    /// Delivers `committed` and everything that it causes.
    ///
    /// On the heap: it is large, and would make the future of every command so.
    pub(super) fn run(&mut self, committed: Vec<CommittedEvent>) -> BoxFuture<'_, Option<Stall>> {
        Box::pin(self.deliver_all(committed))
    }

    /// Delivers what was delivered before, as the `nth` copy, and everything that it causes.
    pub(super) fn redeliver(
        &mut self,
        committed: Vec<CommittedEvent>,
        nth: u32,
    ) -> BoxFuture<'_, Option<Stall>> {
        self.enqueue(committed, None);
        self.redelivery = (self.deliveries.len(), nth);
        Box::pin(self.deliver_all(Vec::new()))
    }

    async fn deliver_all(&mut self, committed: Vec<CommittedEvent>) -> Option<Stall> {
        self.enqueue(committed, None);
        while self.n_delivered < self.deliveries.len() {
            if self.n_delivered == self.budget {
                return Some(self.explain_stall());
            }
            self.n_delivered += 1;
            self.deliver(self.n_delivered - 1).await;
        }

        None
    }

    /// The handlers that failed.
    pub(super) fn into_failures(self) -> Vec<HandlerFailure> {
        self.failures
    }

    /// Explains why the cascade was stopped.
    fn explain_stall(&self) -> Stall {
        let catalog = &self.ports.catalog;
        let step = |delivery: &PlannedDelivery| {
            let (subscription, route) =
                catalog.route(delivery.subscription_idx, delivery.route_idx);
            TraceStep {
                event: route.event.name.as_str().into(),
                handler: subscription.handler,
                cause_idx: delivery.cause_idx,
            }
        };
        let (made, waiting) = self.deliveries.split_at(self.n_delivered);
        let waiting = waiting.iter().map(step);
        let waiting = waiting.map(|step| format!("{} on {}", step.handler, step.event));

        CascadeTrace::new(made.iter().map(step)).explain_stall(waiting.collect())
    }

    fn enqueue(&mut self, committed: Vec<CommittedEvent>, cause: Option<usize>) {
        for committed in committed {
            let n_before = self.deliveries.len();
            for (subscription, route) in self.ports.catalog.routes_of(&committed.event) {
                self.deliveries.push(PlannedDelivery {
                    committed: committed.clone(),
                    subscription_idx: subscription,
                    route_idx: route,
                    cause_idx: cause,
                });
            }

            if self.deliveries.len() == n_before {
                self.ports
                    .record(Some(committed.entry), || EntryKind::NoSubscriber);
            }
        }
    }

    async fn deliver(&mut self, place: usize) {
        let delivery = &self.deliveries[place];
        let (subscription, route) = self
            .ports
            .catalog
            .route(delivery.subscription_idx, delivery.route_idx);
        let (handler, event) = (subscription.handler, route.event.name);
        let handling = Handling {
            ports: &self.ports,
            envelope: &delivery.committed.event,
            cause: delivery.committed.entry,
            handler,
            kind: subscription.kind,
            instance: &subscription.instance,
            call: &*route.call,
            options: AttemptOptions {
                n_commits: if place < self.redelivery.0 {
                    self.redelivery.1
                } else {
                    0
                },
                time_limit: self.has_time_limits.then(|| {
                    let defaults = &self.ports.catalog.defaults;
                    subscription.settings(defaults).time_limit
                }),
                ..AttemptOptions::inline(subscription.is_once())
            },
        };

        if let Some(reason) = subscription.skip_reason(handling.envelope) {
            handling.record_skipped(reason);
            return;
        }

        let (_, handled) = handling.run(&mut self.spare_session).await;
        match handled {
            Ok(HandlingSuccess::Completed(_, committed)) => self.enqueue(committed, Some(place)),
            Ok(HandlingSuccess::Duplicate) => {}
            Err(err) => {
                let attempt = Attempt::new(Arc::clone(handling.envelope), 1, true);
                handling
                    .call_error_handler(subscription.on_error, &err, &attempt)
                    .await;
                let event = event.as_str().to_owned();
                self.failures.push(HandlerFailure::new(handler, event, err));
            }
        }
    }
}
