use std::{future::pending, time::Duration};

use tokio::{sync::watch, time::timeout};

/// The longest wait of an idle task, as a multiple of the poll interval.
const MAX_IDLE_FACTOR: u32 = 10;

/// The delay after the first failure of an adapter. It doubles with each further failure.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);

/// The longest delay after a failure of an adapter.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// It is true if the tasks of the engine have to stop. The sender is gone if the engine is gone.
pub(in crate::engine) type StopSignal = watch::Receiver<bool>;

/// Waits for work: polls with growing intervals, and backs off from adapters that fail.
#[derive(Debug)]
pub(in crate::engine) struct Waiter {
    wake_signal: watch::Receiver<u64>,
    pub(in crate::engine) stop: StopSignal,
    interval: Duration,
    /// The current poll interval. It doubles while there is nothing to do.
    idle_delay: Duration,
    /// The current delay after a failure; `None` while the adapters work.
    backoff: Option<Duration>,
}

/// Why a wait ended.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) enum Wake<T> {
    /// The future that was passed to [`Waiter::wait`] is ready.
    Ready(T),
    /// The wake signal was notified.
    Notified,
    /// The time is over, or the task has to stop.
    Timeout,
}

impl Waiter {
    pub(in crate::engine) fn new(
        wake_signal: watch::Receiver<u64>,
        stop: StopSignal,
        interval: Duration,
    ) -> Self {
        Self {
            wake_signal,
            stop,
            interval,
            idle_delay: interval,
            backoff: None,
        }
    }

    pub(in crate::engine) fn has_to_stop(&self) -> bool {
        *self.stop.borrow()
    }

    /// Notes that there was work, so the next poll comes soon.
    pub(in crate::engine) fn reset_idle_delay(&mut self) {
        self.idle_delay = self.interval;
    }

    /// Notes that the adapters work, which ends the backoff.
    pub(in crate::engine) fn record_success(&mut self) {
        self.backoff = None;
    }

    /// Notes that an adapter failed, and returns the delay before it is used again.
    pub(in crate::engine) fn record_failure(&mut self) -> Duration {
        let next = self
            .backoff
            .map_or(FIRST_BACKOFF, |last| last.saturating_mul(2));

        *self.backoff.insert(next.min(MAX_BACKOFF))
    }

    /// Waits for the end of the backoff after a failure; returns at once if there was none.
    pub(in crate::engine) async fn wait_for_backoff(&mut self) {
        if self.backoff.is_some() {
            self.wait(Duration::MAX, pending::<()>()).await;
        }
    }

    /// Waits until `future` is ready, the wake signal is notified, the time is over or the task has
    /// to stop.
    ///
    /// The time is `at_most` or the current poll interval, whichever is shorter. The poll interval
    /// doubles each time the time runs out. After a failure, the time is `at_most` or the backoff, and
    /// the wake signal is ignored.
    pub(in crate::engine) async fn wait<T>(
        &mut self,
        at_most: Duration,
        future: impl Future<Output = T>,
    ) -> Wake<T> {
        let Self {
            wake_signal,
            stop,
            interval,
            idle_delay,
            backoff,
        } = self;
        let limit = at_most.min(backoff.unwrap_or(*idle_delay));
        let event = async {
            tokio::select! {
                biased;
                _ = stop.wait_for(|is_set| *is_set) => Wake::Timeout,
                output = future => Wake::Ready(output),
                // During the backoff, a commit must not cause another call of the failing adapter.
                Ok(()) = wake_signal.changed(), if backoff.is_none() => {
                    *idle_delay = *interval;
                    Wake::Notified
                }
            }
        };

        timeout(limit, event).await.unwrap_or_else(|_| {
            *idle_delay = idle_delay
                .saturating_mul(2)
                .min(interval.saturating_mul(MAX_IDLE_FACTOR));
            Wake::Timeout
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::WakeSignal;

    const INTERVAL: Duration = Duration::from_millis(100);

    fn waiter(wake_signal: &WakeSignal) -> (watch::Sender<bool>, Waiter) {
        let (stopper, stop) = watch::channel(false);
        (
            stopper,
            Waiter::new(wake_signal.subscribe(), stop, INTERVAL),
        )
    }

    async fn timed_wait(waiter: &mut Waiter) -> (Wake<()>, u128) {
        let start = tokio::time::Instant::now();
        let wake = waiter.wait(Duration::MAX, pending()).await;
        (wake, start.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn waiter_backs_off_to_ten_intervals_while_idle() {
        let wake_signal = WakeSignal::default();
        let (_stopper, mut waiter) = waiter(&wake_signal);

        let mut times = Vec::new();
        for _ in 0..6 {
            times.push(timed_wait(&mut waiter).await.1);
        }

        assert_eq!(times, [100, 200, 400, 800, 1_000, 1_000]);

        waiter.reset_idle_delay();
        assert_eq!(timed_wait(&mut waiter).await, (Wake::Timeout, 100));
    }

    #[tokio::test(start_paused = true)]
    async fn waiter_wakes_on_notification_and_on_stop() {
        let wake_signal = WakeSignal::default();
        let (stopper, mut waiter) = waiter(&wake_signal);

        wake_signal.notify();
        assert_eq!(timed_wait(&mut waiter).await, (Wake::Notified, 0));

        stopper.send_replace(true);
        assert_eq!(timed_wait(&mut waiter).await, (Wake::Timeout, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn waiter_ignores_notifications_while_an_adapter_fails() {
        let wake_signal = WakeSignal::default();
        let (_stopper, mut waiter) = waiter(&wake_signal);
        wake_signal.notify();

        let mut times = Vec::new();
        for _ in 0..7 {
            waiter.record_failure();
            times.push(timed_wait(&mut waiter).await.1 / 1_000);
        }

        assert_eq!(times, [1, 2, 4, 8, 16, 30, 30]);

        waiter.record_success();
        assert_eq!(timed_wait(&mut waiter).await, (Wake::Notified, 0));
    }
}
