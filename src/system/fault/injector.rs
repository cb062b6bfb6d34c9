use std::{
    any::TypeId,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flow_domain::{
    Error,
    message::{Envelope, Recorded, StreamName},
    port::{Broker, Changes, PortFuture, Publication, PublishResult, Store},
    testing::{EngineAction, Interceptor},
};

use crate::system::{
    Resources,
    fault::{
        Fault, ScriptedFailure, StepFault,
        commit_barrier::CommitBarrier,
        delivery_count::{DeliveryCount, FaultedDelivery},
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

/// A fault that a step has activated, and its counters.
#[derive(Debug)]
struct ActiveFault {
    fault: Arc<Fault>,
    /// The index of the step that activated it.
    step_idx: usize,
    /// The name of the handler in the domain, if the fault is at a handler.
    handler: Option<&'static str>,
    /// The index of the fault in the script of its fake, if it is at a fake.
    script_idx: Option<usize>,
    /// How often the run reached its injection point.
    n_hits: u32,
    /// How often the fault happened.
    n_injected: u32,
    /// The highest attempt at which the fault happened.
    last_attempt: u32,
    /// Whether a handler was called after the fault happened last.
    is_followed: bool,
}

impl FaultInjector {
    fn lock(&self) -> MutexGuard<'_, Vec<ActiveFault>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates an injector that injects `fault` at the `nth` delivery.
    pub(crate) fn at_delivery(fault: StepFault, nth: u32) -> Self {
        Self {
            deliveries: Mutex::new(DeliveryCount::with_fault(fault, nth)),
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
        self.deliveries().start();
    }

    /// Returns how many deliveries have called a handler.
    pub(crate) fn n_deliveries(&self) -> u32 {
        self.deliveries().n_started()
    }

    /// Returns the delivery at which the [`StepFault`] was injected, if it was.
    pub(crate) fn injected_at(&self) -> Option<FaultedDelivery> {
        self.deliveries().injected_at().cloned()
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
        let mut script_idx = None;
        let handler = match &fault.injection_point {
            InjectionPoint::Handler { handler, .. } | InjectionPoint::Crash(handler) => {
                let HandlerRef { type_id, name } = *handler;
                let not_found = || format!("there is no handler {name} in the domain");
                Some(handler_name(type_id).ok_or_else(not_found)?)
            }
            InjectionPoint::Append(Err(err)) => return Err(err.to_string()),
            InjectionPoint::Resource { name, fail, .. } => {
                let not_found = || {
                    format!("the harness has no resource `{name}`; add it with `.resource(|| ..)`")
                };
                script_idx = Some(fail(resources, fault.nth, fault.times).ok_or_else(not_found)?);
                None
            }
            _ => None,
        };

        self.lock().push(ActiveFault {
            fault: Arc::clone(fault),
            step_idx,
            handler,
            script_idx,
            n_hits: 0,
            n_injected: 0,
            last_attempt: 0,
            is_followed: false,
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

    /// Returns true if the [`StepFault`] was injected and could change something.
    pub(crate) fn has_effect(&self) -> bool {
        self.deliveries().has_effect()
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
                active.is_followed = false;
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

    /// Counts a call of a component, and returns the failure that takes the place of the call, if any.
    pub(crate) fn component_failure(&self, component: &str) -> Option<Error> {
        let text = self.hit(0, |active| match &active.fault.injection_point {
            InjectionPoint::Component { name, text } if name == component => Some(text.clone()),
            _ => None,
        })?;
        Some(Error::failed("the scripted call", text))
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
        let n_injected = match (&self.fault.injection_point, self.script_idx) {
            (InjectionPoint::Resource { n_failed, .. }, Some(idx)) => n_failed(resources, idx),
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
            (InjectionPoint::Restart, _) if !self.is_followed => Some(
                "no handler was called after the restart, so the restart changes nothing\n\
                 Restart after fewer deliveries, or add an act"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

impl Interceptor for FaultInjector {
    fn before(&self, handler: &'static str, message: &Envelope, attempt: u32) -> Result<(), Error> {
        if self.deliveries().start_delivery(handler, message) {
            return Err(Error::failed("the scripted attempt", ScriptedFailure));
        }

        for active in self.lock().iter_mut() {
            active.is_followed = true;
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

    fn after(
        &self,
        handler: Option<&'static str>,
        _: &Envelope,
        _: u32,
        is_committed: bool,
    ) -> EngineAction {
        if let Some(action) = self.deliveries().end_delivery() {
            return action;
        }

        let action = self.hit(0, |active| match &active.fault.injection_point {
            InjectionPoint::Crash(_) if is_committed && active.handler == handler => {
                Some(EngineAction::Crash)
            }
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
