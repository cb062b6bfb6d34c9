use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::clock::Timestamp;

/// What the engines of this process tell of themselves.
#[derive(Debug, Default)]
pub(crate) struct Gauges(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    n_engines: usize,
    of: BTreeMap<Arc<str>, Gauge>,
}

/// What a subscription did since the engine started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gauge {
    /// How many attempts succeeded, or found nothing to do.
    pub(crate) n_handled: u64,
    /// How many failed.
    pub(crate) n_failed: u64,
    /// When its circuit breaker closes, if it was opened.
    pub(crate) open_until: Option<Timestamp>,
}

/// An engine that runs; dropped when it does not any more.
#[derive(Debug)]
pub(crate) struct RunningEngine(Arc<Gauges>);

impl Gauges {
    /// Begins to count, from zero unless another engine of the same app runs already.
    pub(crate) fn start(self: &Arc<Self>) -> RunningEngine {
        let mut state = self.state();
        if state.n_engines == 0 {
            state.of.clear();
        }
        state.n_engines += 1;
        RunningEngine(Arc::clone(self))
    }

    pub(crate) fn change(&self, subscription: &Arc<str>, change: impl FnOnce(&mut Gauge)) {
        let mut state = self.state();
        if let Some(gauge) = state.of.get_mut(subscription) {
            return change(gauge);
        }
        change(state.of.entry(Arc::clone(subscription)).or_default());
    }

    pub(crate) fn read(&self, subscription: &str) -> Gauge {
        self.state()
            .of
            .get(subscription)
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn n_engines(&self) -> usize {
        self.state().n_engines
    }

    // Nothing here fails halfway, so what a panic could leave behind is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RunningEngine {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.n_engines -= 1;
        if state.n_engines == 0 {
            for gauge in state.of.values_mut() {
                gauge.open_until = None;
            }
        }
    }
}
