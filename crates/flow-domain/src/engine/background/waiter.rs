use std::{future::pending, time::Duration};

use tokio::{sync::watch, time::timeout};

use crate::engine::background::select::{Either, select};

/// How much longer than the poll interval is waited at most while nothing comes.
const MAX_IDLE_FACTOR: u32 = 10;

/// How long is waited after the first failure of an adapter, and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Tells that it is time to stop.
#[derive(Clone, Debug)]
pub(in crate::engine) struct StopSignal(watch::Receiver<bool>);

impl StopSignal {
    /// What tells, and who is told.
    pub(in crate::engine) fn channel() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    pub(in crate::engine) fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    pub(in crate::engine) async fn wait(&mut self) {
        // Nobody is left to tell if the sender is gone, which is as good.
        let _ = self.0.wait_for(|has_come| *has_come).await;
    }
}

/// Waits for something to do.
#[derive(Debug)]
pub(in crate::engine) struct Waiter {
    wake_signal: watch::Receiver<u64>,
    pub(in crate::engine) stop: StopSignal,
    interval: Duration,
    idle_delay: Duration,
    /// Set while an adapter fails.
    backoff: Option<Duration>,
}

/// Why a wait is over.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) enum Wake<T> {
    /// What else was waited for is there.
    Ready(T),
    /// The bell rang.
    Notified,
    /// The time is over, or it is time to stop.
    Timeout,
}

impl Waiter {
    pub(in crate::engine) fn new(
        bell: watch::Receiver<u64>,
        stop: StopSignal,
        interval: Duration,
    ) -> Self {
        Self {
            wake_signal: bell,
            stop,
            interval,
            idle_delay: interval,
            backoff: None,
        }
    }

    /// Notes that something was there to do, so that it is looked again soon.
    pub(in crate::engine) fn reset_idle_delay(&mut self) {
        self.idle_delay = self.interval;
    }

    /// Notes that the adapters answer.
    pub(in crate::engine) fn record_success(&mut self) {
        self.backoff = None;
    }

    /// Notes that an adapter failed; returns how long it is left alone.
    pub(in crate::engine) fn record_failure(&mut self) -> Duration {
        let (first, longest) = BACKOFF;
        let next = self.backoff.map_or(first, |last| last.saturating_mul(2));
        *self.backoff.insert(next.min(longest))
    }

    /// Leaves the adapters alone if they have failed.
    pub(in crate::engine) async fn wait_for_backoff(&mut self) {
        if self.backoff.is_some() {
            self.wait(Duration::MAX, pending::<()>()).await;
        }
    }

    /// Waits for `other`, and otherwise: after a failure, as long as the adapters are left alone; else
    /// for the bell, but no longer than `at_most`, and longer every time that nothing is found.
    pub(in crate::engine) async fn wait<T>(
        &mut self,
        at_most: Duration,
        other: impl Future<Output = T>,
    ) -> Wake<T> {
        let Self {
            wake_signal: bell,
            stop,
            interval,
            idle_delay: idle,
            backoff,
        } = self;
        let how_long = backoff.unwrap_or_else(|| at_most.min(*idle));
        let rung = async {
            // An adapter that is down is not asked again whenever somebody writes.
            if backoff.is_some() || bell.changed().await.is_err() {
                pending::<()>().await;
            }
        };
        let something = select(stop.wait(), select(other, rung));

        match timeout(how_long, something).await {
            Ok(Either::Second(Either::First(output))) => Wake::Ready(output),
            Ok(Either::Second(Either::Second(()))) => {
                *idle = *interval;
                Wake::Notified
            }
            Ok(Either::First(())) => Wake::Timeout,
            Err(_) => {
                *idle = idle
                    .saturating_mul(2)
                    .min(interval.saturating_mul(MAX_IDLE_FACTOR));
                Wake::Timeout
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::WakeSignal;

    const INTERVAL: Duration = Duration::from_millis(100);

    fn waiter(bell: &WakeSignal) -> (watch::Sender<bool>, Waiter) {
        let (stopper, stop) = StopSignal::channel();
        (stopper, Waiter::new(bell.subscribe(), stop, INTERVAL))
    }

    async fn timed_wait(waiter: &mut Waiter) -> (Wake<()>, u128) {
        let start = tokio::time::Instant::now();
        let woken = waiter.wait(Duration::MAX, pending()).await;
        (woken, start.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn waiter_backs_off_to_ten_intervals_while_idle() {
        let bell = WakeSignal::default();
        let (_stopper, mut waiter) = waiter(&bell);

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
        let bell = WakeSignal::default();
        let (stopper, mut waiter) = waiter(&bell);

        bell.notify();
        assert_eq!(timed_wait(&mut waiter).await, (Wake::Notified, 0));
        stopper.send_replace(true);
        assert_eq!(timed_wait(&mut waiter).await, (Wake::Timeout, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn waiter_ignores_notifications_while_an_adapter_fails() {
        let bell = WakeSignal::default();
        let (_stopper, mut waiter) = waiter(&bell);

        bell.notify();

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
