use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::clock::Timestamp;

/// What the engines of this process tell of themselves.
#[derive(Debug, Default)]
pub(crate) struct EngineMetrics(Mutex<MetricsState>);

#[derive(Debug, Default)]
struct MetricsState {
    n_engines: usize,
    by_subscription: BTreeMap<Arc<str>, SubscriptionMetrics>,
}

/// What a subscription did since the engine started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SubscriptionMetrics {
    /// How many attempts succeeded, or found nothing to do.
    pub(crate) n_handled: u64,
    /// How many failed.
    pub(crate) n_failed: u64,
    /// When its circuit breaker closes, if it was opened.
    pub(crate) open_until: Option<Timestamp>,
}

/// An engine that runs; dropped when it does not any more.
#[derive(Debug)]
pub(crate) struct RunningEngine(Arc<EngineMetrics>);

impl EngineMetrics {
    /// Begins to count, from zero unless another engine of the same app runs already.
    pub(crate) fn register_engine(self: &Arc<Self>) -> RunningEngine {
        let mut state = self.lock();
        if state.n_engines == 0 {
            state.by_subscription.clear();
        }
        state.n_engines += 1;
        RunningEngine(Arc::clone(self))
    }

    pub(crate) fn update(
        &self,
        subscription: &Arc<str>,
        change: impl FnOnce(&mut SubscriptionMetrics),
    ) {
        let mut state = self.lock();
        if let Some(gauge) = state.by_subscription.get_mut(subscription) {
            return change(gauge);
        }

        change(
            state
                .by_subscription
                .entry(Arc::clone(subscription))
                .or_default(),
        );
    }

    pub(crate) fn subscription_metrics(&self, subscription: &str) -> SubscriptionMetrics {
        self.lock()
            .by_subscription
            .get(subscription)
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn n_engines(&self) -> usize {
        self.lock().n_engines
    }

    // Nothing here fails halfway, so what a panic could leave behind is whole.
    fn lock(&self) -> MutexGuard<'_, MetricsState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RunningEngine {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.n_engines -= 1;
        if state.n_engines == 0 {
            for gauge in state.by_subscription.values_mut() {
                gauge.open_until = None;
            }
        }
    }
}
