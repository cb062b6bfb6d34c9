use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use flow_domain::{
    Error,
    handler::{AfterAttempt, Interceptor},
    message::{Envelope, Processing, StreamName},
};

use crate::system::{
    Resources,
    fault::{
        Fault, ScriptedFailure, StepFault,
        overlap::Overlap,
        script::{Effect, Named, Place},
    },
};

/// The faults of one run, from the step on in which each is said.
#[derive(Default)]
pub(crate) struct ArmedFaults {
    armed: Mutex<Vec<Armed>>,
    steps: Mutex<StepCount>,
    overlap: Overlap,
}

/// The deliveries of a run since its first act.
#[derive(Default)]
struct StepCount {
    is_counting: bool,
    n_begun: u32,
    n_ended: u32,
    /// What goes wrong at which of them.
    fault: Option<(StepFault, u32)>,
    happened_at: Option<String>,
    /// The delivery that began last.
    now: Option<(&'static str, String)>,
}

/// A fault, and what became of it.
struct Armed {
    place: Place,
    nth: u32,
    times: u32,
    /// The place of its step in the sentence.
    step: usize,
    /// The name that the domain has for the handler, if it is about one.
    handler: Option<&'static str>,
    /// How often its place was met.
    n_met: u32,
    /// How often it happened.
    n_fired: u32,
    /// The highest number of an attempt at which it happened.
    last_attempt: u32,
}

impl ArmedFaults {
    fn lock(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has something go wrong at the delivery with this number.
    pub(crate) fn at_step(fault: StepFault, nth: u32) -> Self {
        let steps = StepCount {
            fault: Some((fault, nth)),
            ..StepCount::default()
        };
        Self {
            steps: Mutex::new(steps),
            ..Self::default()
        }
    }

    fn steps(&self) -> MutexGuard<'_, StepCount> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What lets commands overlap.
    pub(crate) fn overlap(&self) -> &Overlap {
        &self.overlap
    }

    /// Counts deliveries from here on.
    pub(crate) fn begin(&self) {
        self.steps().is_counting = true;
    }

    /// How many deliveries were counted.
    pub(crate) fn n_deliveries(&self) -> u32 {
        self.steps().n_ended
    }

    /// The handler and the message at which something went wrong.
    pub(crate) fn where_it_happened(&self) -> Option<String> {
        self.steps().happened_at.clone()
    }

    /// Arms a fault; `handler_name` gives the name that the domain has for a Rust type.
    pub(crate) fn arm(
        &self,
        step: usize,
        fault: &Fault,
        resources: &Resources,
        handler_name: impl Fn(Named) -> Option<&'static str>,
    ) -> Result<(), String> {
        let named = match &fault.place {
            Place::Handler { handler, .. } | Place::Die(Some(handler)) => Some(*handler),
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
        if let Place::Resource { name, fail, .. } = &fault.place
            && !fail(resources, fault.nth, fault.times)
        {
            return Err(format!(
                "the flow has no resource `{name}`: add `.resource(|| ..)` that makes one to the harness"
            ));
        }
        self.lock().push(Armed {
            place: fault.place.clone(),
            nth: fault.nth,
            times: fault.times,
            step,
            handler,
            n_met: 0,
            n_fired: 0,
            last_attempt: 0,
        });
        Ok(())
    }

    /// The steps of the faults that did not happen as often as they were to, each with what happened
    /// instead.
    pub(crate) fn unmet(&self, resources: &Resources) -> Vec<(usize, String)> {
        let armed = self.lock();
        let unmet = armed
            .iter()
            .filter_map(|one| Some((one.step, one.shortfall(resources)?)));
        unmet.collect()
    }

    /// Meets every place for which `is_it` holds; returns the first of them at which something happens.
    fn meet<T>(&self, attempt: u32, mut is_it: impl FnMut(&Armed) -> Option<T>) -> Option<T> {
        let mut happens = None;
        for one in self.lock().iter_mut() {
            let Some(what) = is_it(one) else { continue };
            one.n_met += 1;
            let is_due = one.nth <= one.n_met && one.n_met - one.nth < one.times;
            if is_due && happens.is_none() {
                one.n_fired += 1;
                one.last_attempt = one.last_attempt.max(attempt);
                happens = Some(what);
            }
        }
        happens
    }

    /// An append to these streams: the one that conflicts, if one does.
    pub(super) fn append<'a>(
        &self,
        streams: impl Iterator<Item = &'a StreamName> + Clone,
    ) -> Option<&'a StreamName> {
        self.meet(0, |one| match &one.place {
            Place::Append(wanted) => {
                let mut streams = streams.clone();
                streams.find(|stream| stream.to_string() == *wanted)
            }
            _ => None,
        })
    }

    /// A commit by a handler: true if it is refused.
    pub(super) fn commit(&self, by: &str) -> bool {
        self.steps().conflicts(by)
    }

    /// Publishing a message: true if it fails.
    pub(super) fn publish(&self) -> bool {
        let met = self.meet(0, |one| matches!(one.place, Place::Publish).then_some(()));
        met.is_some()
    }
}

impl Armed {
    /// What is missing, if it did not happen as often as it was to.
    fn shortfall(&self, resources: &Resources) -> Option<String> {
        let n_happened = match &self.place {
            Place::Resource { n_failed, .. } => n_failed(resources),
            _ => self.n_fired,
        };
        let times = |n: u32| match n {
            1 => "once".to_owned(),
            n => format!("{n} times"),
        };
        match (&self.place, n_happened) {
            (Place::Resource { .. }, 0) => Some("there were fewer calls than that".to_owned()),
            (_, 0) if self.n_met == 0 => Some("it was never reached".to_owned()),
            (_, 0) => Some(format!(
                "its place was reached {}, and it was to happen later",
                times(self.n_met)
            )),
            (Place::Handler { attempts, .. }, _) if self.times == u32::MAX => {
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

impl StepCount {
    /// Counts a delivery that begins; returns true if it fails.
    fn fails(&mut self, handler: &'static str, message: &Envelope) -> bool {
        // What is processed inline is no delivery, and not tried again.
        if !self.is_counting || message.metadata.processing == Processing::Sync {
            return false;
        }
        self.n_begun += 1;
        self.now = Some((handler, place(handler, message)));
        let fails = self.fault == Some((StepFault::Fails, self.n_begun));
        if fails {
            self.happened_at = Some(place(handler, message));
        }
        fails
    }

    /// Returns true if the commit of the delivery on its way is refused.
    fn conflicts(&mut self, by: &str) -> bool {
        let is_it = self.is_counting
            && self.happened_at.is_none()
            && self.fault == Some((StepFault::Conflicts, self.n_begun));
        match &self.now {
            Some((handler, place)) if is_it && *handler == by => {
                self.happened_at = Some(place.clone());
                true
            }
            _ => false,
        }
    }

    /// Counts a delivery that ended; returns what the engine does if it does not go on.
    fn after(&mut self, handler: &str, message: &Envelope) -> Option<AfterAttempt> {
        if !self.is_counting {
            return None;
        }
        self.n_ended += 1;
        let after = match self.fault? {
            (StepFault::Dies, nth) if nth == self.n_ended => AfterAttempt::Die,
            (StepFault::Restarts, nth) if nth == self.n_ended => AfterAttempt::Restart,
            _ => return None,
        };
        self.happened_at = Some(place(handler, message));
        Some(after)
    }
}

fn place(handler: &str, message: &Envelope) -> String {
    format!("{handler} on {}", message.metadata.message_type.name())
}

impl Interceptor for ArmedFaults {
    fn before(&self, handler: &'static str, message: &Envelope, attempt: u32) -> Result<(), Error> {
        if self.steps().fails(handler, message) {
            return Err(Error::failed("the scripted attempt", ScriptedFailure));
        }
        let effect = self.meet(attempt, |one| match &one.place {
            Place::Handler {
                attempts, effect, ..
            } if one.handler.is_none_or(|name| name == handler) && attempts.contains(&attempt) => {
                Some(effect.clone())
            }
            _ => None,
        });
        match effect {
            None => Ok(()),
            Some(Effect::Fails(make)) => Err(make()),
            // Its place would be this line, which is nobody's.
            Some(Effect::Panics(text)) => std::panic::resume_unwind(Box::new(text)),
        }
    }

    fn after(&self, handler: &'static str, message: &Envelope, _: u32) -> AfterAttempt {
        if let Some(after) = self.steps().after(handler, message) {
            return after;
        }
        let after = self.meet(0, |one| match &one.place {
            Place::Die(_) if one.handler.is_none_or(|name| name == handler) => {
                Some(AfterAttempt::Die)
            }
            Place::Restart => Some(AfterAttempt::Restart),
            _ => None,
        });
        after.unwrap_or_default()
    }
}

impl fmt::Debug for ArmedFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArmedFaults")
            .field("n_faults", &self.lock().len())
            .finish()
    }
}
