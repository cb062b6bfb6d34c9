use std::{
    any::TypeId,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flow_domain::{
    Error,
    message::{Envelope, MessageLabels, Processing, Recorded, StreamName},
    port::{Broker, Changes, PortFuture, Publication, PublishResult, Store},
    testing::{EngineAction, Interceptor},
};

use crate::system::{
    Resources,
    fault::{
        Fault, ScriptedFailure, StepFault,
        commit_barrier::CommitBarrier,
        script::{FaultEffect, HandlerRef, InjectionPoint},
    },
};

/// Injects the faults of one run. Each fault is active from its step on.
#[derive(Debug, Default)]
pub(crate) struct FaultInjector {
    active: Mutex<Vec<ActiveFault>>,
    deliveries: Mutex<DeliveryCount>,
    commit_barrier: CommitBarrier,
}

/// Counts the deliveries of a run since its first act.
#[derive(Debug, Default)]
struct DeliveryCount {
    is_counting: bool,
    n_started: u32,
    n_ended: u32,
    /// The fault to inject, and the number of its delivery, from 1.
    fault: Option<(StepFault, u32)>,
    /// The delivery at which the fault was injected.
    injected_at: Option<FaultedDelivery>,
    /// The delivery that started last.
    current: Option<FaultedDelivery>,
}

/// A delivery of a message to a handler.
#[derive(Clone, Debug)]
pub(crate) struct FaultedDelivery {
    /// The handler; `None` if the message has none.
    handler: Option<String>,
    message: Envelope,
}

impl FaultedDelivery {
    fn new(handler: Option<&str>, message: &Envelope) -> Self {
        Self {
            handler: handler.map(str::to_owned),
            message: message.clone(),
        }
    }

    /// Names the delivery: `OrderHandler on PlaceOrder`, or `PlaceOrder` without a handler.
    pub(crate) fn describe(&self, labels: &MessageLabels) -> String {
        let message = labels.label_of_envelope(&self.message);

        match &self.handler {
            Some(handler) => format!("{handler} on {message}"),
            None => message,
        }
    }
}

/// A fault that a step has activated, and its counters.
#[derive(Debug)]
struct ActiveFault {
    fault: Arc<Fault>,
    /// The index of the step that activated it.
    step_idx: usize,
    /// The name of the handler in the domain, if the fault is at a handler.
    handler: Option<&'static str>,
    /// How often the run reached its injection point.
    n_hits: u32,
    /// How often the fault happened.
    n_injected: u32,
    /// The highest attempt at which the fault happened.
    last_attempt: u32,
}

impl FaultInjector {
    fn lock(&self) -> MutexGuard<'_, Vec<ActiveFault>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates an injector that injects `fault` at the `nth` delivery.
    pub(crate) fn at_delivery(fault: StepFault, nth: u32) -> Self {
        let deliveries = DeliveryCount {
            fault: Some((fault, nth)),
            ..DeliveryCount::default()
        };

        Self {
            deliveries: Mutex::new(deliveries),
            ..Self::default()
        }
    }

    fn deliveries(&self) -> MutexGuard<'_, DeliveryCount> {
        self.deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the barrier for concurrent commands.
    pub(crate) fn commit_barrier(&self) -> &CommitBarrier {
        &self.commit_barrier
    }

    /// Starts to count deliveries.
    pub(crate) fn start_counting(&self) {
        self.deliveries().is_counting = true;
    }

    /// Returns how many deliveries have ended.
    pub(crate) fn n_deliveries(&self) -> u32 {
        self.deliveries().n_ended
    }

    /// Returns the label of the delivery at which the [`StepFault`] was injected, if it was.
    pub(crate) fn injected_at(&self) -> Option<FaultedDelivery> {
        self.deliveries().injected_at.clone()
    }

    /// Activates a fault. `handler_name` returns the name of a handler in the domain.
    ///
    /// # Errors
    ///
    /// Returns a text for the report if the domain has no such handler, the harness no such fake, or
    /// the name of the stream is invalid.
    pub(crate) fn activate(
        &self,
        step_idx: usize,
        fault: &Arc<Fault>,
        resources: &Resources,
        handler_name: impl Fn(TypeId) -> Option<&'static str>,
    ) -> Result<(), String> {
        let handler = match &fault.injection_point {
            InjectionPoint::Handler { handler, .. } | InjectionPoint::Crash(handler) => {
                let HandlerRef { type_id, name } = *handler;
                let not_found = || format!("there is no handler {name} in the domain");
                Some(handler_name(type_id).ok_or_else(not_found)?)
            }
            InjectionPoint::Append(Err(err)) => return Err(err.to_string()),
            InjectionPoint::Resource { name, fail, .. }
                if !fail(resources, fault.nth, fault.times) =>
            {
                return Err(format!(
                    "the harness has no resource `{name}`; add it with `.resource(|| ..)`"
                ));
            }
            _ => None,
        };

        self.lock().push(ActiveFault {
            fault: Arc::clone(fault),
            step_idx,
            handler,
            n_hits: 0,
            n_injected: 0,
            last_attempt: 0,
        });

        Ok(())
    }

    /// Returns the step index of each fault that happened too rarely, with a text that says why.
    pub(crate) fn shortfalls(&self, resources: &Resources) -> Vec<(usize, String)> {
        self.lock()
            .iter()
            .filter_map(|fault| Some((fault.step_idx, fault.shortfall(resources)?)))
            .collect()
    }

    /// Counts a hit of every fault for which `effect_at` returns an effect.
    ///
    /// Returns the effect of the first fault that is due. One hit injects at most one fault.
    /// `attempt` is 0 where attempts do not matter.
    fn hit<T>(
        &self,
        attempt: u32,
        mut effect_at: impl FnMut(&ActiveFault) -> Option<T>,
    ) -> Option<T> {
        let mut injected = None;

        for active in self.lock().iter_mut() {
            let Some(effect) = effect_at(active) else {
                continue;
            };

            active.n_hits += 1;
            let Fault { nth, times, .. } = *active.fault;
            let is_due = nth <= active.n_hits && active.n_hits - nth < times;

            if is_due && injected.is_none() {
                active.n_injected += 1;
                active.last_attempt = active.last_attempt.max(attempt);
                injected = Some(effect);
            }
        }

        injected
    }

    /// Counts an append to `streams`, and returns the stream that must conflict, if any.
    fn conflicting_stream<'a>(
        &self,
        streams: impl Iterator<Item = &'a StreamName> + Clone,
    ) -> Option<&'a StreamName> {
        self.hit(0, |active| match &active.fault.injection_point {
            InjectionPoint::Append(Ok(name)) => streams.clone().find(|stream| *stream == name),
            _ => None,
        })
    }

    /// Counts the publication of a message, and returns true if it must fail.
    fn publication_must_fail(&self) -> bool {
        self.hit(0, |active| {
            matches!(active.fault.injection_point, InjectionPoint::Publish).then_some(())
        })
        .is_some()
    }
}

impl ActiveFault {
    /// Returns a text that says why, if the fault did not happen as often as it should.
    fn shortfall(&self, resources: &Resources) -> Option<String> {
        let n_injected = match &self.fault.injection_point {
            InjectionPoint::Resource { n_failed, .. } => n_failed(resources),
            _ => self.n_injected,
        };
        let times_text = |n: u32| match n {
            1 => "once".to_owned(),
            n => format!("{n} times"),
        };

        match (&self.fault.injection_point, n_injected) {
            (InjectionPoint::Resource { name, .. }, 0) => {
                Some(format!("the flow called {name} fewer times"))
            }
            (_, 0) if self.n_hits == 0 => {
                Some("the run never reached the point of the fault".to_owned())
            }
            (_, 0) => Some(format!(
                "the run reached the point of the fault only {}",
                times_text(self.n_hits)
            )),
            // `on_attempts` sets no limit on the times, so only the last attempt counts.
            (InjectionPoint::Handler { attempts, .. }, _) if self.fault.times == u32::MAX => {
                let (last, last_wanted) = (self.last_attempt, *attempts.end());
                (last < last_wanted && last_wanted != u32::MAX)
                    .then(|| format!("attempt {last} was the last attempt"))
            }
            (_, n) if n < self.fault.times && self.fault.times != u32::MAX => {
                Some(format!("the fault happened only {}", times_text(n)))
            }
            _ => None,
        }
    }
}

impl DeliveryCount {
    /// Counts the start of a delivery, and returns true if it must fail.
    fn start_delivery(&mut self, handler: &'static str, message: &Envelope) -> bool {
        // An inline call does not count as a delivery: nothing would retry it.
        if !self.is_counting || message.metadata.processing == Processing::Sync {
            return false;
        }

        self.n_started += 1;
        self.current = Some(FaultedDelivery::new(Some(handler), message));

        let must_fail = self.fault == Some((StepFault::Fails, self.n_started));
        if must_fail {
            self.injected_at.clone_from(&self.current);
        }

        must_fail
    }

    /// Returns true if this commit of `handler` must conflict.
    fn commit_must_conflict(&mut self, handler: &str) -> bool {
        let is_due = self.is_counting
            && self.injected_at.is_none()
            && self.fault == Some((StepFault::Conflicts, self.n_started));

        match &self.current {
            // Handlers that run inline within the delivery also commit. Their commits do not count.
            Some(current) if is_due && current.handler.as_deref() == Some(handler) => {
                self.injected_at = Some(current.clone());
                true
            }
            _ => false,
        }
    }

    /// Counts the end of a delivery, and returns the action of the engine if it must not continue.
    fn end_delivery(&mut self, handler: Option<&str>, message: &Envelope) -> Option<EngineAction> {
        if !self.is_counting {
            return None;
        }

        self.n_ended += 1;
        let action = match self.fault? {
            (StepFault::Crashes, nth) if nth == self.n_ended => EngineAction::Crash,
            (StepFault::Restarts, nth) if nth == self.n_ended => EngineAction::Restart,
            _ => return None,
        };

        self.injected_at = Some(FaultedDelivery::new(handler, message));
        Some(action)
    }
}

impl Interceptor for FaultInjector {
    fn before(&self, handler: &'static str, message: &Envelope, attempt: u32) -> Result<(), Error> {
        if self.deliveries().start_delivery(handler, message) {
            return Err(Error::failed("the scripted attempt", ScriptedFailure));
        }

        let effect = self.hit(attempt, |active| match &active.fault.injection_point {
            InjectionPoint::Handler {
                attempts, effect, ..
            } if active.handler == Some(handler) && attempts.contains(&attempt) => {
                Some(effect.clone())
            }
            _ => None,
        });

        match effect {
            None => Ok(()),
            Some(FaultEffect::Fails(make_error)) => Err(make_error()),
            // Not `panic!`: its location would be this line, which tells the user nothing.
            Some(FaultEffect::Panics(text)) => std::panic::resume_unwind(Box::new(text)),
        }
    }

    fn after(&self, handler: Option<&'static str>, message: &Envelope, _: u32) -> EngineAction {
        if let Some(action) = self.deliveries().end_delivery(handler, message) {
            return action;
        }

        let action = self.hit(0, |active| match &active.fault.injection_point {
            InjectionPoint::Crash(_) if active.handler == handler => Some(EngineAction::Crash),
            InjectionPoint::Restart => Some(EngineAction::Restart),
            _ => None,
        });

        action.unwrap_or_default()
    }

    fn commit<'a>(
        &'a self,
        store: &'a dyn Store,
        changes: &'a Changes,
    ) -> PortFuture<'a, Vec<Recorded>> {
        if self.deliveries().commit_must_conflict(changes.writer) {
            return scripted_conflict(changes, "its changes");
        }

        let streams = changes.events.iter().map(|event| &event.metadata.stream);
        if let Some(stream) = self.conflicting_stream(streams) {
            return scripted_conflict(changes, format_args!("stream `{stream}`"));
        }

        if !self.commit_barrier.is_closed() {
            return store.commit(changes);
        }

        PortFuture::boxed(async {
            self.commit_barrier.wait().await;
            store.commit(changes).await
        })
    }

    fn publish<'a>(
        &'a self,
        broker: &'a dyn Broker,
        publications: &'a [Publication],
    ) -> PortFuture<'a, Vec<PublishResult>> {
        // A broker stops a partition at its first failure, to keep its order.
        let mut failed = Vec::new();
        let plan: Vec<PublishPlan> = publications
            .iter()
            .map(|publication| {
                let stream = &publication.envelope.metadata.stream;
                let partition = (&publication.topic, stream.partition(broker.n_partitions()));
                if failed.contains(&partition) {
                    PublishPlan::Skip
                } else if self.publication_must_fail() {
                    failed.push(partition);
                    PublishPlan::Fail
                } else {
                    PublishPlan::Publish
                }
            })
            .collect();
        if failed.is_empty() {
            return broker.publish(publications);
        }

        PortFuture::boxed(async move {
            let mut results = Vec::new();

            for (publication, plan) in publications.iter().zip(plan) {
                match plan {
                    PublishPlan::Publish => {
                        let publication = std::slice::from_ref(publication);
                        results.extend(broker.publish(publication).await?);
                    }
                    PublishPlan::Fail => {
                        let error = Error::failed("publishing", ScriptedFailure);
                        results.push(PublishResult::Failed(error));
                    }
                    PublishPlan::Skip => results.push(PublishResult::NotTried),
                }
            }

            Ok(results)
        })
    }
}

/// What happens to a message in a batch in which a publication must fail.
#[derive(Clone, Copy, Debug)]
enum PublishPlan {
    Publish,
    Fail,
    Skip,
}

/// Returns the conflict of a commit, as if another writer had changed `target` first.
fn scripted_conflict<'a>(
    changes: &Changes,
    target: impl fmt::Display,
) -> PortFuture<'a, Vec<Recorded>> {
    PortFuture::ready(Err(Error::conflict(
        changes.writer,
        target,
        "the loaded version",
        "a newer version, from a scripted fault",
    )))
}
