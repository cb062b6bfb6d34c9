use std::sync::Arc;

use crate::{
    error::{HandlerFailure, Stall},
    handler::{CommittedEvent, Delivery, Ports, Session},
    port::BoxFuture,
    record::EntryKind,
    runtime::{
        cascade_trace::{CascadeTrace, TraceStep},
        handling::{AttemptOptions, Handling, HandlingSuccess},
    },
};

/// Delivers committed events, and the events that these cause, until nothing is left.
///
/// Events are delivered breadth-first in the order of commit. The handlers of one event run in the order
/// of registration. Every delivery has a unit of work of its own, so a failed handler discards only its
/// own changes.
#[derive(Debug)]
pub(super) struct Cascade {
    ports: Arc<Ports>,
    budget: usize,
    /// All deliveries in order, done and pending. None is removed: if the cascade does not end, they
    /// show which delivery caused which.
    deliveries: Vec<PlannedDelivery>,
    n_delivered: usize,
    /// How many of the first deliveries are redeliveries, and how often they were delivered before.
    redelivery: (usize, u32),
    failures: Vec<HandlerFailure>,
    /// Whether the time limits of the subscriptions apply.
    has_time_limits: bool,
    /// The session of the last unit of work; its allocated memory is reused.
    spare_session: Session,
}

/// A delivery of one event to one route of a subscription.
#[derive(Debug)]
struct PlannedDelivery {
    committed: CommittedEvent,
    subscription_idx: usize,
    route_idx: usize,
    /// The index of the delivery that raised the event.
    cause_idx: Option<usize>,
}

impl Cascade {
    pub(super) fn new(ports: Arc<Ports>, budget: usize, spare_session: Session) -> Self {
        Self {
            ports,
            budget,
            deliveries: Vec::new(),
            n_delivered: 0,
            redelivery: (0, 0),
            failures: Vec::new(),
            has_time_limits: false,
            spare_session,
        }
    }

    /// Applies the time limits of the subscriptions, for callers that must not wait forever.
    pub(super) fn with_time_limits(self) -> Self {
        Self {
            has_time_limits: true,
            ..self
        }
    }

    /// Delivers `committed` and everything that it causes.
    ///
    /// The future is boxed because it is large. Otherwise the future of every command would be
    /// large.
    pub(super) fn run(&mut self, committed: Vec<CommittedEvent>) -> BoxFuture<'_, Option<Stall>> {
        Box::pin(self.deliver_all(committed))
    }

    /// Delivers events again, and everything that they cause.
    ///
    /// `nth` is the number of the redelivery, from 1.
    #[cfg(feature = "testing")]
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

    /// Returns the failures of the handlers, in order.
    pub(super) fn into_failures(self) -> Vec<HandlerFailure> {
        self.failures
    }

    /// Explains why the cascade was stopped.
    fn explain_stall(&self) -> Stall {
        let catalog = &self.ports.catalog;
        let route_of = |delivery: &PlannedDelivery| {
            catalog.route(delivery.subscription_idx, delivery.route_idx)
        };
        let step = |delivery: &PlannedDelivery| {
            let (subscription, route) = route_of(delivery);
            TraceStep {
                event: catalog
                    .labels
                    .label(route.category, route.event.name)
                    .into_owned(),
                handler: Some(subscription.handler),
                cause_idx: delivery.cause_idx,
            }
        };

        let (delivered, pending) = self.deliveries.split_at(self.n_delivered);
        let pending = pending
            .iter()
            .map(|delivery| {
                let (subscription, route) = route_of(delivery);
                let event = catalog.labels.label(route.category, route.event.name);
                format!("{} on {event}", subscription.handler)
            })
            .collect();

        CascadeTrace::new(delivered.iter().map(step)).explain_stall(pending)
    }

    /// Plans the deliveries of committed events, which the delivery with the index `cause_idx` raised.
    fn enqueue(&mut self, committed: Vec<CommittedEvent>, cause_idx: Option<usize>) {
        for committed_event in committed {
            let n_before = self.deliveries.len();
            for (subscription_idx, route_idx) in
                self.ports.catalog.routes_of(&committed_event.event)
            {
                self.deliveries.push(PlannedDelivery {
                    committed: committed_event.clone(),
                    subscription_idx,
                    route_idx,
                    cause_idx,
                });
            }

            if self.deliveries.len() == n_before {
                self.ports
                    .record(Some(committed_event.entry), || EntryKind::NoSubscriber);
            }
        }
    }

    /// Makes one planned delivery, and plans the deliveries of the events that it raised.
    async fn deliver(&mut self, delivery_idx: usize) {
        let delivery = &self.deliveries[delivery_idx];
        let (subscription, route) = self
            .ports
            .catalog
            .route(delivery.subscription_idx, delivery.route_idx);
        let (handler, event) = (subscription.handler, (route.category, route.event.name));
        let (n_redeliveries, n_commits) = self.redelivery;
        let handling = Handling {
            ports: &self.ports,
            envelope: &delivery.committed.event,
            cause: delivery.committed.entry,
            handler,
            kind: subscription.kind,
            instance: &subscription.instance,
            call: &*route.call,
            options: AttemptOptions {
                n_commits: if delivery_idx < n_redeliveries {
                    n_commits
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

        let (_, result) = handling.run(&mut self.spare_session).await;
        match result {
            Ok(HandlingSuccess::Completed(_, committed)) => {
                self.enqueue(committed, Some(delivery_idx));
            }
            Ok(HandlingSuccess::Duplicate) => {}
            Err(err) => {
                // An inline delivery has one attempt, so the first is the last.
                let delivery = Delivery::new(Arc::clone(handling.envelope), 1, true);
                handling
                    .call_error_handler(subscription.on_error, &err, &delivery)
                    .await;

                let event_name = self.ports.catalog.labels.label(event.0, event.1);
                self.failures
                    .push(HandlerFailure::new(Some(handler), event_name.into(), err));
            }
        }
    }
}
