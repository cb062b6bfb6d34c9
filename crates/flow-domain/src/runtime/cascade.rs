use std::{collections::VecDeque, sync::Arc};

use crate::{
    error::{HandlerFailure, Stall},
    handler::{Committed, Ports, Session},
    port::BoxFuture,
    record::Happening,
    runtime::{
        handling::Handling,
        trail::{StepIdx, Trail},
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
    queue: VecDeque<Delivery>,
    trail: Trail,
    failures: Vec<HandlerFailure>,
    /// The room of the last unit of work, for the next.
    spare: Session,
}

#[derive(Debug)]
struct Delivery {
    committed: Committed,
    subscription: usize,
    route: usize,
    cause: Option<StepIdx>,
}

impl Cascade {
    pub(super) fn new(ports: Arc<Ports>, budget: usize, spare: Session) -> Self {
        Self {
            ports,
            budget,
            queue: VecDeque::new(),
            trail: Trail::default(),
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
        while let Some(delivery) = self.queue.pop_front() {
            if self.trail.len() == self.budget {
                self.queue.push_front(delivery);
                return Some(self.trail.stall(self.waiting()));
            }
            self.deliver(delivery).await;
        }
        None
    }

    /// The handlers that failed.
    pub(super) fn into_failures(self) -> Vec<HandlerFailure> {
        self.failures
    }

    fn waiting(&self) -> Vec<String> {
        let waiting = self.queue.iter().map(|delivery| {
            let subscription = &self.ports.catalog.subscriptions[delivery.subscription];
            let event = delivery.committed.event.metadata().message_type.name();
            format!("{} on {event}", subscription.handler)
        });
        waiting.collect()
    }

    fn enqueue(&mut self, committed: Vec<Committed>, cause: Option<StepIdx>) {
        for committed in committed {
            let n_waiting = self.queue.len();
            for (subscription, route) in self.ports.catalog.routes_of(&committed.event) {
                self.queue.push_back(Delivery {
                    committed: committed.clone(),
                    subscription,
                    route,
                    cause,
                });
            }
            if self.queue.len() == n_waiting {
                self.ports
                    .record(Some(committed.entry), || Happening::NoSubscriber);
            }
        }
    }

    async fn deliver(&mut self, delivery: Delivery) {
        let (subscription, route) = self
            .ports
            .catalog
            .route(delivery.subscription, delivery.route);
        let (handler, event) = (subscription.handler, route.event.name);
        let envelope = &delivery.committed.event.envelope;
        let step = self.trail.add(event, handler, delivery.cause);
        let handling = Handling {
            ports: &self.ports,
            envelope,
            cause: delivery.committed.entry,
            handler,
            kind: subscription.kind,
            instance: &subscription.instance,
            call: &*route.call,
        };
        match handling.run(&mut self.spare).await {
            Ok((_, committed)) => self.enqueue(committed, Some(step)),
            Err(err) => {
                let event = event.as_str().to_owned();
                self.failures.push(HandlerFailure::new(handler, event, err));
            }
        }
    }
}
