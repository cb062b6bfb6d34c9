use std::{future::pending, time::Duration};

use tokio::{sync::watch, time::timeout};

use crate::engine::running::first::{First, first};

/// How much longer than the poll interval is waited at most while nothing comes.
const IDLEST: u32 = 10;

/// How long is waited after the first failure of an adapter, and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Tells that it is time to stop.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// What tells, and who is told.
    pub(in crate::engine) fn new() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    pub(in crate::engine) fn has_come(&self) -> bool {
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
    bell: watch::Receiver<u64>,
    pub(in crate::engine) stop: Stop,
    interval: Duration,
    idle: Duration,
    /// Set while an adapter fails.
    backoff: Option<Duration>,
}

/// Why a wait is over.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) enum Woken<T> {
    /// What else was waited for is there.
    By(T),
    /// The bell rang.
    Rung,
    /// The time is over, or it is time to stop.
    Up,
}

impl Waiter {
    pub(in crate::engine) fn new(
        bell: watch::Receiver<u64>,
        stop: Stop,
        interval: Duration,
    ) -> Self {
        Self {
            bell,
            stop,
            interval,
            idle: interval,
            backoff: None,
        }
    }

    /// Notes that something was there to do, so that it is looked again soon.
    pub(in crate::engine) fn found_something(&mut self) {
        self.idle = self.interval;
    }

    /// Notes that the adapters answer.
    pub(in crate::engine) fn succeeded(&mut self) {
        self.backoff = None;
    }

    /// Notes that an adapter failed; returns how long it is left alone.
    pub(in crate::engine) fn failed(&mut self) -> Duration {
        let (first, longest) = BACKOFF;
        let next = self.backoff.map_or(first, |last| last.saturating_mul(2));
        *self.backoff.insert(next.min(longest))
    }

    /// Leaves the adapters alone if they have failed.
    pub(in crate::engine) async fn rest(&mut self) {
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
    ) -> Woken<T> {
        let Self {
            bell,
            stop,
            interval,
            idle,
            backoff,
        } = self;
        let how_long = backoff.unwrap_or_else(|| at_most.min(*idle));
        let rung = async {
            // An adapter that is down is not asked again whenever somebody writes.
            if backoff.is_some() || bell.changed().await.is_err() {
                pending::<()>().await;
            }
        };
        let something = first(stop.wait(), first(other, rung));
        match timeout(how_long, something).await {
            Ok(First::Other(First::One(output))) => Woken::By(output),
            Ok(First::Other(First::Other(()))) => {
                *idle = *interval;
                Woken::Rung
            }
            Ok(First::One(())) => Woken::Up,
            Err(_) => {
                *idle = idle.saturating_mul(2).min(interval.saturating_mul(IDLEST));
                Woken::Up
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::Bell;

    const INTERVAL: Duration = Duration::from_millis(100);

    fn waiter(bell: &Bell) -> (watch::Sender<bool>, Waiter) {
        let (stopper, stop) = Stop::new();
        (stopper, Waiter::new(bell.listen(), stop, INTERVAL))
    }

    async fn waited(waiter: &mut Waiter) -> (Woken<()>, u128) {
        let start = tokio::time::Instant::now();
        let woken = waiter.wait(Duration::MAX, pending()).await;
        (woken, start.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_longer_while_nothing_comes_up_to_ten_times_the_interval() {
        let bell = Bell::default();
        let (_stopper, mut waiter) = waiter(&bell);

        let mut times = Vec::new();
        for _ in 0..6 {
            times.push(waited(&mut waiter).await.1);
        }
        assert_eq!(times, [100, 200, 400, 800, 1_000, 1_000]);
        waiter.found_something();
        assert_eq!(waited(&mut waiter).await, (Woken::Up, 100));
    }

    #[tokio::test(start_paused = true)]
    async fn a_ring_and_the_signal_end_a_wait() {
        let bell = Bell::default();
        let (stopper, mut waiter) = waiter(&bell);

        bell.ring();
        assert_eq!(waited(&mut waiter).await, (Woken::Rung, 0));
        stopper.send_replace(true);
        assert_eq!(waited(&mut waiter).await, (Woken::Up, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_is_left_alone_longer_and_longer_whoever_rings() {
        let bell = Bell::default();
        let (_stopper, mut waiter) = waiter(&bell);
        bell.ring();

        let mut times = Vec::new();
        for _ in 0..7 {
            waiter.failed();
            times.push(waited(&mut waiter).await.1 / 1_000);
        }
        assert_eq!(times, [1, 2, 4, 8, 16, 30, 30]);
        waiter.succeeded();
        assert_eq!(waited(&mut waiter).await, (Woken::Rung, 0));
    }
}
