use std::sync::Arc;

use crate::{
    error::{HandlerFailure, Stall},
    handler::{Committed, Ports, Session},
    port::BoxFuture,
    record::Happening,
    runtime::{
        handling::Handling,
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
    failures: Vec<HandlerFailure>,
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
            failures: Vec::new(),
            spare,
        }
    }

    /// Delivers `committed` and everything that it causes.
    ///
    /// On the heap: it is large, and would make the future of every command so.
    pub(super) fn run(&mut self, committed: Vec<Committed>) -> BoxFuture<'_, Option<Stall>> {
        Box::pin(self.settle(committed))
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
                event: route.event.name,
                handler: subscription.handler,
                cause: delivery.cause,
            }
        };
        let (made, waiting) = self.deliveries.split_at(self.n_made);
        let waiting = waiting.iter().map(step);
        let waiting = waiting.map(|step| format!("{} on {}", step.handler, step.event.as_str()));
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
            envelope: &delivery.committed.event.envelope,
            cause: delivery.committed.entry,
            handler,
            kind: subscription.kind,
            instance: &subscription.instance,
            call: &*route.call,
        };
        match handling.run(&mut self.spare).await {
            Ok((_, committed)) => self.enqueue(committed, Some(place)),
            Err(err) => {
                let event = event.as_str().to_owned();
                self.failures.push(HandlerFailure::new(handler, event, err));
            }
        }
    }
}
