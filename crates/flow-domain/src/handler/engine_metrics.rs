use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::clock::Timestamp;

/// What the engines of an app in this process count, for each subscription.
#[derive(Debug, Default)]
pub(crate) struct EngineMetrics(Mutex<MetricsState>);

#[derive(Debug, Default)]
struct MetricsState {
    n_engines: usize,
    n_discarded_snapshots: u64,
    by_subscription: BTreeMap<Arc<str>, SubscriptionMetrics>,
}

/// What one subscription did since the first running engine started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SubscriptionMetrics {
    /// The number of attempts that succeeded, or had nothing to do.
    pub(crate) n_handled: u64,
    /// The number of attempts that failed.
    pub(crate) n_failed: u64,
    /// The number of calls that lost a race and were repeated, since the app started. Inline ones count.
    pub(crate) n_lost_races: u64,
    /// When the circuit breaker tries again, if it is open.
    pub(crate) open_until: Option<Timestamp>,
    /// The number of streams that wait for a newer program.
    pub(crate) n_paused_streams: usize,
    /// When the last of these streams is tried again.
    pub(crate) paused_until: Option<Timestamp>,
}

/// Counts an engine as running, until this guard is dropped.
#[derive(Debug)]
pub(crate) struct RunningEngine(Arc<EngineMetrics>);

impl EngineMetrics {
    /// Registers an engine. Counting attempts starts from zero, unless another engine of the app runs already.
    pub(crate) fn register_engine(self: &Arc<Self>) -> RunningEngine {
        let mut state = self.lock();
        if state.n_engines == 0 {
            for metrics in state.by_subscription.values_mut() {
                *metrics = SubscriptionMetrics {
                    n_lost_races: metrics.n_lost_races,
                    ..SubscriptionMetrics::default()
                };
            }
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
        // The name is looked up first, because `entry` would clone it for every update.
        if let Some(metrics) = state.by_subscription.get_mut(subscription) {
            return change(metrics);
        }

        let name = Arc::clone(subscription);
        change(state.by_subscription.entry(name).or_default());
    }

    pub(crate) fn subscription_metrics(&self, subscription: &str) -> SubscriptionMetrics {
        self.lock()
            .by_subscription
            .get(subscription)
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn count_discarded_snapshot(&self) {
        self.lock().n_discarded_snapshots += 1;
    }

    /// Returns the number of snapshots that were discarded since the app started.
    pub(crate) fn n_discarded_snapshots(&self) -> u64 {
        self.lock().n_discarded_snapshots
    }

    pub(crate) fn n_engines(&self) -> usize {
        self.lock().n_engines
    }

    // A poisoned lock is fine: no operation can fail halfway and leave inconsistent numbers.
    fn lock(&self) -> MutexGuard<'_, MetricsState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RunningEngine {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.n_engines -= 1;
        if state.n_engines == 0 {
            for metrics in state.by_subscription.values_mut() {
                metrics.open_until = None;
                metrics.n_paused_streams = 0;
            }
        }
    }
}
