use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use flow_domain::{
    Error,
    handler::{EngineAction, Interceptor},
    message::{Envelope, Processing, StreamName},
};

use crate::system::{
    Resources,
    fault::{
        Fault, ScriptedFailure, StepFault,
        commit_barrier::CommitBarrier,
        script::{FaultEffect, HandlerRef, InjectionPoint},
    },
};

/// The faults of one run, from the step on in which each is said.
#[derive(Default)]
pub(crate) struct FaultInjector {
    active: Mutex<Vec<ActiveFault>>,
    deliveries: Mutex<DeliveryCount>,
    commit_barrier: CommitBarrier,
}

/// The deliveries of a run since its first act.
#[derive(Default)]
struct DeliveryCount {
    is_counting: bool,
    n_started: u32,
    n_ended: u32,
    /// What goes wrong at which of them.
    fault: Option<(StepFault, u32)>,
    injected_at: Option<String>,
    /// The delivery that began last.
    current: Option<(&'static str, String)>,
}

/// A fault, and what became of it.
struct ActiveFault {
    injection_point: InjectionPoint,
    nth: u32,
    times: u32,
    /// The place of its step in the sentence.
    step: usize,
    /// The name that the domain has for the handler, if it is about one.
    handler: Option<&'static str>,
    /// How often its place was met.
    n_hits: u32,
    /// How often it happened.
    n_injected: u32,
    /// The highest number of an attempt at which it happened.
    last_attempt: u32,
}

impl FaultInjector {
    fn lock(&self) -> MutexGuard<'_, Vec<ActiveFault>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has something go wrong at the delivery with this number.
    pub(crate) fn at_delivery(fault: StepFault, nth: u32) -> Self {
        let steps = DeliveryCount {
            fault: Some((fault, nth)),
            ..DeliveryCount::default()
        };

        Self {
            deliveries: Mutex::new(steps),
            ..Self::default()
        }
    }

    fn deliveries(&self) -> MutexGuard<'_, DeliveryCount> {
        self.deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What lets commands overlap.
    pub(crate) fn commit_barrier(&self) -> &CommitBarrier {
        &self.commit_barrier
    }

    /// Counts deliveries from here on.
    pub(crate) fn start_counting(&self) {
        self.deliveries().is_counting = true;
    }

    /// How many deliveries were counted.
    pub(crate) fn n_deliveries(&self) -> u32 {
        self.deliveries().n_ended
    }

    /// The handler and the message at which something went wrong.
    pub(crate) fn injected_at(&self) -> Option<String> {
        self.deliveries().injected_at.clone()
    }

    /// Arms a fault; `handler_name` gives the name that the domain has for a Rust type.
    pub(crate) fn activate(
        &self,
        step: usize,
        fault: &Fault,
        resources: &Resources,
        handler_name: impl Fn(HandlerRef) -> Option<&'static str>,
    ) -> Result<(), String> {
        let named = match &fault.injection_point {
            InjectionPoint::Handler { handler, .. } | InjectionPoint::Crash(Some(handler)) => {
                Some(*handler)
            }
            _ => None,
        };
        let named = named.filter(|named| named.type_id.is_some());
        let handler = match named {
            Some(named) => match handler_name(named) {
                Some(name) => Some(name),
                None => return Err(format!("there is no handler {} in the domain", named.name)),
            },
            None => None,
        };

        if let InjectionPoint::Resource { name, fail, .. } = &fault.injection_point
            && !fail(resources, fault.nth, fault.times)
        {
            return Err(format!(
                "the flow has no resource `{name}`: add `.resource(|| ..)` that makes one to the harness"
            ));
        }

        self.lock().push(ActiveFault {
            injection_point: fault.injection_point.clone(),
            nth: fault.nth,
            times: fault.times,
            step,
            handler,
            n_hits: 0,
            n_injected: 0,
            last_attempt: 0,
        });

        Ok(())
    }

    /// The steps of the faults that did not happen as often as they were to, each with what happened
    /// instead.
    pub(crate) fn shortfalls(&self, resources: &Resources) -> Vec<(usize, String)> {
        let armed = self.lock();
        let unmet = armed
            .iter()
            .filter_map(|one| Some((one.step, one.shortfall(resources)?)));
        unmet.collect()
    }

    /// Meets every place for which `is_it` holds; returns the first of them at which something happens.
    fn hit<T>(&self, attempt: u32, mut is_it: impl FnMut(&ActiveFault) -> Option<T>) -> Option<T> {
        let mut happens = None;
        for one in self.lock().iter_mut() {
            let Some(what) = is_it(one) else { continue };
            one.n_hits += 1;
            let is_due = one.nth <= one.n_hits && one.n_hits - one.nth < one.times;

            if is_due && happens.is_none() {
                one.n_injected += 1;
                one.last_attempt = one.last_attempt.max(attempt);
                happens = Some(what);
            }
        }

        happens
    }

    /// An append to these streams: the one that conflicts, if one does.
    pub(super) fn append_conflict<'a>(
        &self,
        streams: impl Iterator<Item = &'a StreamName> + Clone,
    ) -> Option<&'a StreamName> {
        self.hit(0, |one| match &one.injection_point {
            InjectionPoint::Append(wanted) => {
                let mut streams = streams.clone();
                streams.find(|stream| stream.to_string() == *wanted)
            }
            _ => None,
        })
    }

    /// A commit by a handler: true if it is refused.
    pub(super) fn refuses_commit(&self, by: &str) -> bool {
        self.deliveries().refuses_commit(by)
    }

    /// Publishing a message: true if it fails.
    pub(super) fn fails_publish(&self) -> bool {
        let met = self.hit(0, |one| {
            matches!(one.injection_point, InjectionPoint::Publish).then_some(())
        });
        met.is_some()
    }
}

impl ActiveFault {
    /// What is missing, if it did not happen as often as it was to.
    fn shortfall(&self, resources: &Resources) -> Option<String> {
        let n_happened = match &self.injection_point {
            InjectionPoint::Resource { n_failed, .. } => n_failed(resources),
            _ => self.n_injected,
        };
        let times = |n: u32| match n {
            1 => "once".to_owned(),
            n => format!("{n} times"),
        };

        match (&self.injection_point, n_happened) {
            (InjectionPoint::Resource { .. }, 0) => {
                Some("there were fewer calls than that".to_owned())
            }
            (_, 0) if self.n_hits == 0 => Some("it was never reached".to_owned()),
            (_, 0) => Some(format!(
                "its place was reached {}, and it was to happen later",
                times(self.n_hits)
            )),
            (InjectionPoint::Handler { attempts, .. }, _) if self.times == u32::MAX => {
                let (last, wanted) = (self.last_attempt, *attempts.end());
                (last < wanted && wanted != u32::MAX)
                    .then(|| format!("there was no attempt after number {last}"))
            }
            (_, n) if n < self.times && self.times != u32::MAX => {
                Some(format!("it happened {} only", times(n)))
            }
            _ => None,
        }
    }
}

impl DeliveryCount {
    /// Counts a delivery that begins; returns true if it fails.
    fn start_delivery(&mut self, handler: &'static str, message: &Envelope) -> bool {
        // What is processed inline is no delivery, and not tried again.
        if !self.is_counting || message.metadata.processing == Processing::Sync {
            return false;
        }

        self.n_started += 1;
        self.current = Some((handler, delivery_label(handler, message)));
        let fails = self.fault == Some((StepFault::Fails, self.n_started));

        if fails {
            self.injected_at = Some(delivery_label(handler, message));
        }

        fails
    }

    /// Returns true if the commit of the delivery on its way is refused.
    fn refuses_commit(&mut self, by: &str) -> bool {
        let is_it = self.is_counting
            && self.injected_at.is_none()
            && self.fault == Some((StepFault::Conflicts, self.n_started));

        match &self.current {
            Some((handler, place)) if is_it && *handler == by => {
                self.injected_at = Some(place.clone());
                true
            }
            _ => false,
        }
    }

    /// Counts a delivery that ended; returns what the engine does if it does not go on.
    fn end_delivery(&mut self, handler: &str, message: &Envelope) -> Option<EngineAction> {
        if !self.is_counting {
            return None;
        }

        self.n_ended += 1;
        let after = match self.fault? {
            (StepFault::Crashes, nth) if nth == self.n_ended => EngineAction::Crash,
            (StepFault::Restarts, nth) if nth == self.n_ended => EngineAction::Restart,
            _ => return None,
        };

        self.injected_at = Some(delivery_label(handler, message));
        Some(after)
    }
}

fn delivery_label(handler: &str, message: &Envelope) -> String {
    format!("{handler} on {}", message.metadata.message_type.name())
}

impl Interceptor for FaultInjector {
    fn before(&self, handler: &'static str, message: &Envelope, attempt: u32) -> Result<(), Error> {
        if self.deliveries().start_delivery(handler, message) {
            return Err(Error::failed("the scripted attempt", ScriptedFailure));
        }

        let effect = self.hit(attempt, |one| match &one.injection_point {
            InjectionPoint::Handler {
                attempts, effect, ..
            } if one.handler.is_none_or(|name| name == handler) && attempts.contains(&attempt) => {
                Some(effect.clone())
            }
            _ => None,
        });

        match effect {
            None => Ok(()),
            Some(FaultEffect::Fails(make)) => Err(make()),
            // Its place would be this line, which is nobody's.
            Some(FaultEffect::Panics(text)) => std::panic::resume_unwind(Box::new(text)),
        }
    }

    fn after(&self, handler: &'static str, message: &Envelope, _: u32) -> EngineAction {
        if let Some(after) = self.deliveries().end_delivery(handler, message) {
            return after;
        }

        let after = self.hit(0, |one| match &one.injection_point {
            InjectionPoint::Crash(_) if one.handler.is_none_or(|name| name == handler) => {
                Some(EngineAction::Crash)
            }
            InjectionPoint::Restart => Some(EngineAction::Restart),
            _ => None,
        });

        after.unwrap_or_default()
    }
}

impl fmt::Debug for FaultInjector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArmedFaults")
            .field("n_faults", &self.lock().len())
            .finish()
    }
}
