use std::sync::Arc;

use crate::{
    error::{HandlerFailure, Stall},
    handler::{Committed, Delivery as Attempt, Ports, Session},
    port::BoxFuture,
    record::Happening,
    runtime::{
        handling::{Handled, Handling, Trial},
        trail::{Trail, TrailStep},
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
    deliveries: Vec<Delivery>,
    n_made: usize,
    /// How many deliveries, from the first, are of messages that were delivered before, and how often.
    again: (usize, u32),
    failures: Vec<HandlerFailure>,
    /// Whether a delivery may take no longer than its subscription says.
    is_limited: bool,
    /// The room of the last unit of work, for the next.
    spare: Session,
}

#[derive(Debug)]
struct Delivery {
    committed: Committed,
    subscription: usize,
    route: usize,
    /// The place of the delivery whose handler raised the event.
    cause: Option<usize>,
}

impl Cascade {
    pub(super) fn new(ports: Arc<Ports>, budget: usize, spare: Session) -> Self {
        Self {
            ports,
            budget,
            deliveries: Vec::new(),
            n_made: 0,
            again: (0, 0),
            failures: Vec::new(),
            is_limited: false,
            spare,
        }
    }

    /// Limits how long a delivery may take, for those who cannot be kept waiting for ever.
    pub(super) fn limited(self) -> Self {
        Self {
            is_limited: true,
            ..self
        }
    }

    /// Delivers `committed` and everything that it causes.
    ///
    /// On the heap: it is large, and would make the future of every command so.
    pub(super) fn run(&mut self, committed: Vec<Committed>) -> BoxFuture<'_, Option<Stall>> {
        Box::pin(self.settle(committed))
    }

    /// Delivers what was delivered before, as the `nth` copy, and everything that it causes.
    pub(super) fn run_again(
        &mut self,
        committed: Vec<Committed>,
        nth: u32,
    ) -> BoxFuture<'_, Option<Stall>> {
        self.enqueue(committed, None);
        self.again = (self.deliveries.len(), nth);
        Box::pin(self.settle(Vec::new()))
    }

    async fn settle(&mut self, committed: Vec<Committed>) -> Option<Stall> {
        self.enqueue(committed, None);
        while self.n_made < self.deliveries.len() {
            if self.n_made == self.budget {
                return Some(self.stall());
            }
            self.n_made += 1;
            self.deliver(self.n_made - 1).await;
        }
        None
    }

    /// The handlers that failed.
    pub(super) fn into_failures(self) -> Vec<HandlerFailure> {
        self.failures
    }

    /// Explains why the cascade was stopped.
    fn stall(&self) -> Stall {
        let catalog = &self.ports.catalog;
        let step = |delivery: &Delivery| {
            let (subscription, route) = catalog.route(delivery.subscription, delivery.route);
            TrailStep {
                event: route.event.name.as_str().into(),
                handler: subscription.handler,
                cause: delivery.cause,
            }
        };
        let (made, waiting) = self.deliveries.split_at(self.n_made);
        let waiting = waiting.iter().map(step);
        let waiting = waiting.map(|step| format!("{} on {}", step.handler, step.event));
        Trail::new(made.iter().map(step)).stall(waiting.collect())
    }

    fn enqueue(&mut self, committed: Vec<Committed>, cause: Option<usize>) {
        for committed in committed {
            let n_before = self.deliveries.len();
            for (subscription, route) in self.ports.catalog.routes_of(&committed.event) {
                self.deliveries.push(Delivery {
                    committed: committed.clone(),
                    subscription,
                    route,
                    cause,
                });
            }
            if self.deliveries.len() == n_before {
                self.ports
                    .record(Some(committed.entry), || Happening::NoSubscriber);
            }
        }
    }

    async fn deliver(&mut self, place: usize) {
        let delivery = &self.deliveries[place];
        let (subscription, route) = self
            .ports
            .catalog
            .route(delivery.subscription, delivery.route);
        let (handler, event) = (subscription.handler, route.event.name);
        let handling = Handling {
            ports: &self.ports,
            envelope: &delivery.committed.event,
            cause: delivery.committed.entry,
            handler,
            kind: subscription.kind,
            instance: &subscription.instance,
            call: &*route.call,
            trial: Trial {
                n_commits: if place < self.again.0 {
                    self.again.1
                } else {
                    0
                },
                time_limit: self.is_limited.then(|| {
                    let defaults = &self.ports.catalog.defaults;
                    subscription.settings(defaults).time_limit
                }),
                ..Trial::inline(subscription.is_once())
            },
        };
        if let Some(reason) = subscription.lets_go(handling.envelope) {
            handling.let_go(reason);
            return;
        }
        let (_, handled) = handling.run(&mut self.spare).await;
        match handled {
            Ok(Handled::Answered(_, committed)) => self.enqueue(committed, Some(place)),
            Ok(Handled::Before) => {}
            Err(err) => {
                let attempt = Attempt::new(Arc::clone(handling.envelope), 1, true);
                handling
                    .tell_handler(subscription.on_error, &err, &attempt)
                    .await;
                let event = event.as_str().to_owned();
                self.failures.push(HandlerFailure::new(handler, event, err));
            }
        }
    }
}
