use std::sync::Arc;

use crate::{
    error::{HandlerFailure, Stall},
    handler::{CommittedEvent, Delivery, Ports, Session},
    message::MessageId,
    port::{BoxFuture, Changes, Durability},
    record::EntryKind,
    runtime::{
        delivery_log::{DeliveryLog, pending_text},
        handling::{AttemptOptions, HandlerOutput as _, Handling, HandlingSuccess},
        lost_race::DELIVERY_TRIES,
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
    /// All deliveries in order, done and pending.
    deliveries: Vec<PlannedDelivery>,
    n_delivered: usize,
    /// What was delivered in this act. Earlier cascades of the act count, too.
    log: DeliveryLog,
    /// How many of the first deliveries are redeliveries, and how often they were delivered before.
    redelivery: (usize, u32),
    failures: Vec<HandlerFailure>,
    /// The events whose marks no commit has cancelled, although their handlers have ended.
    marked: Vec<MessageId>,
    /// The session of the last unit of work; its allocated memory is reused.
    spare_session: Session,
}

/// A delivery of one event to one route of a subscription.
#[derive(Debug)]
struct PlannedDelivery {
    committed: CommittedEvent,
    subscription_idx: usize,
    route_idx: usize,
}

impl Cascade {
    /// Creates a cascade that continues the act with this log.
    pub(super) fn new(
        ports: Arc<Ports>,
        budget: usize,
        log: DeliveryLog,
        spare_session: Session,
    ) -> Self {
        Self {
            ports,
            budget,
            deliveries: Vec::new(),
            n_delivered: 0,
            log,
            redelivery: (0, 0),
            failures: Vec::new(),
            marked: Vec::new(),
            spare_session,
        }
    }

    /// Delivers `committed` and everything that it causes.
    ///
    /// The future is boxed because it is large. Otherwise the future of every command would be
    /// large.
    pub(super) fn run(
        &mut self,
        committed: Vec<CommittedEvent>,
    ) -> BoxFuture<'_, Option<Box<Stall>>> {
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
    ) -> BoxFuture<'_, Option<Box<Stall>>> {
        self.enqueue(committed);
        self.redelivery = (self.deliveries.len(), nth);

        Box::pin(self.deliver_all(Vec::new()))
    }

    async fn deliver_all(&mut self, committed: Vec<CommittedEvent>) -> Option<Box<Stall>> {
        self.enqueue(committed);

        let mut stall = None;
        while stall.is_none() && self.n_delivered < self.deliveries.len() {
            if self.log.exceeds_with_events(self.budget) {
                stall = Some(Box::new(self.explain_stall()));
            } else {
                self.n_delivered += 1;
                self.deliver(self.n_delivered - 1).await;
            }
        }

        if self.ports.inline_time.is_some() {
            Box::pin(self.cancel_marks()).await;
        }
        stall
    }

    /// Cancels the marks that are left. The caller learns of what a stall left undone, so that is no cut-off.
    async fn cancel_marks(&mut self) {
        let undone = &self.deliveries[self.n_delivered..];
        let undone = undone.iter().map(|delivery| delivery.committed.id());
        self.marked.extend(undone);
        if self.marked.is_empty() {
            return;
        }

        let mut changes = Changes::new("the inline delivery");
        changes.cancelled = std::mem::take(&mut self.marked);
        changes.durability = Durability::Relaxed;
        if let Err(err) = self.ports.store.commit(&changes).await {
            let error = err.with_causes();
            tracing::error!(%error, "events were handled inline and will be handled again");
        }
    }

    /// Returns the event of a delivery if it has a mark and this is its last delivery.
    fn last_of_event(&self, delivery_idx: usize) -> Option<MessageId> {
        self.ports.inline_time?;

        let id = self.deliveries[delivery_idx].committed.id();
        // The deliveries of an event follow one another.
        let next = self.deliveries.get(delivery_idx + 1);
        next.is_none_or(|next| next.committed.id() != id)
            .then_some(id)
    }

    /// Returns the failures of the handlers, in order, and the log of the act.
    pub(super) fn into_parts(self) -> (Vec<HandlerFailure>, DeliveryLog) {
        (self.failures, self.log)
    }

    /// Explains why the cascade was stopped.
    fn explain_stall(&self) -> Stall {
        let catalog = &self.ports.catalog;
        let pending = self.deliveries[self.n_delivered..].iter().map(|delivery| {
            let (subscription, _) = catalog.route(delivery.subscription_idx, delivery.route_idx);
            pending_text(catalog, subscription.handler, &delivery.committed.event)
        });

        self.log
            .explain_stall(self.budget, &catalog.labels, pending.collect())
    }

    /// Plans the deliveries of committed events.
    fn enqueue(&mut self, committed: Vec<CommittedEvent>) {
        for committed_event in committed {
            let n_before = self.deliveries.len();
            for (subscription_idx, route_idx) in
                self.ports.catalog.routes_of(&committed_event.event)
            {
                self.deliveries.push(PlannedDelivery {
                    committed: committed_event.clone(),
                    subscription_idx,
                    route_idx,
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
        let unmarked = self.last_of_event(delivery_idx);
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
                unmarked,
                ..AttemptOptions::inline(
                    subscription.is_once(),
                    subscription.time_limit(&self.ports.catalog.defaults),
                    subscription.conflict_tries().unwrap_or(DELIVERY_TRIES),
                )
            },
        };
        if let Some(reason) = subscription.skip_reason(handling.envelope) {
            handling.record_skipped(reason);
            self.log.add(handling.envelope, Some(handler), []);
            self.marked.extend(unmarked);
            return;
        }

        let (_, result) = handling.run(&mut self.spare_session).await;
        let sent = self.spare_session.sent().iter().copied();
        self.log.add(handling.envelope, Some(handler), sent);
        self.log.plan_commands(self.spare_session.n_due_commands());

        let has_committed = matches!(
            &result,
            Ok(HandlingSuccess::Completed(output, _)) if output.skip_reason().is_none()
        );
        if !has_committed {
            self.marked.extend(unmarked);
        }

        match result {
            Ok(HandlingSuccess::Completed(_, committed)) => {
                let n_before = self.deliveries.len();
                self.enqueue(committed);
                self.log.plan_events(self.deliveries.len() - n_before);
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
