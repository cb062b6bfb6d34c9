use std::{collections::VecDeque, sync::Arc};

use crate::{
    error::{Error, HandlerFailure, Stall},
    handler::{Committed, Disposition, Ports, Session, UnitOfWork, catch_panic},
    record::{Ended, Happening},
    runtime::trail::{StepIdx, Trail},
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
    pub(super) fn new(ports: Arc<Ports>, budget: usize) -> Self {
        Self {
            ports,
            budget,
            queue: VecDeque::new(),
            trail: Trail::default(),
            failures: Vec::new(),
            spare: Session::default(),
        }
    }

    /// Delivers `committed` and everything that it causes.
    pub(super) async fn run(
        mut self,
        committed: Vec<Committed>,
    ) -> (Vec<HandlerFailure>, Option<Stall>) {
        self.enqueue(committed, None);
        while let Some(delivery) = self.queue.pop_front() {
            if self.trail.len() == self.budget {
                self.queue.push_front(delivery);
                let stall = self.trail.stall(self.waiting());
                return (self.failures, Some(stall));
            }
            self.deliver(delivery).await;
        }
        (self.failures, None)
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
        let ports = Arc::clone(&self.ports);
        let (subscription, route) = ports.catalog.route(delivery.subscription, delivery.route);
        let envelope = &delivery.committed.event.envelope;
        let event = route.event.name;
        let step = self.trail.add(event, subscription.handler, delivery.cause);
        let started = ports.record(Some(delivery.committed.entry), || {
            Happening::HandlerStarted {
                handler: subscription.handler,
                kind: subscription.kind,
                attempt: 1,
            }
        });
        let mut work = UnitOfWork::begin(
            Arc::clone(&ports),
            Arc::clone(envelope),
            subscription.handler,
            started,
            std::mem::take(&mut self.spare),
        );
        let handled = catch_panic(async {
            match route.call.call(envelope, &mut work).await? {
                Disposition::Handled => Ok((Ended::Handled, work.commit().await?)),
                Disposition::Filtered(reason) => Ok((Ended::Filtered(reason), Vec::new())),
            }
        })
        .await;
        match handled {
            Ok((ended, committed)) => {
                ports.record(Some(started), || Happening::HandlerEnded(ended));
                self.enqueue(committed, Some(step));
            }
            Err(err) => self.fail(&work, subscription.handler, event.as_str(), started, err),
        }
        self.spare = work.into_session();
    }

    fn fail(
        &mut self,
        work: &UnitOfWork,
        handler: &'static str,
        event: &str,
        started: crate::record::EntryId,
        err: Error,
    ) {
        work.record_failure(started, &err, work.lost());
        self.failures
            .push(HandlerFailure::new(handler, event.to_owned(), err));
    }
}
