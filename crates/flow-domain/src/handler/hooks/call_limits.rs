use std::{
    cell::Cell,
    future::poll_fn,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    clock::{is_clock_paused, monotonic_now},
    error::Error,
    handler::hooks::Hooks,
};

/// The limits of handler calls that a time limit cannot end, or not soon.
///
/// A paused clock stands still while a handler is busy, and while code of
/// `tokio::task::spawn_blocking` runs. A handler that waits for short timers may need millions of them to
/// reach its time limit.
#[derive(Debug)]
pub struct CallLimits {
    max_steps: u32,
    /// The steps of all calls since [`begin_act`](Self::begin_act).
    n_steps_of_act: AtomicU64,
    /// For how many milliseconds of real time the run has stood still; 0 while it moves on.
    n_millis_still: AtomicU64,
}

impl CallLimits {
    /// Sets how many steps a call may make if the clock of its runtime is paused.
    ///
    /// A step is a read, a message that the handler sends, or a wait.
    pub fn new(max_steps: u32) -> Self {
        Self {
            max_steps,
            n_steps_of_act: AtomicU64::new(0),
            n_millis_still: AtomicU64::new(0),
        }
    }

    /// Begins an act: all its calls together may make 50 times as many steps as one call.
    ///
    /// Otherwise, the steps of a call would multiply with the deliveries of a cycle.
    pub fn begin_act(&self) {
        self.n_steps_of_act.store(0, Ordering::Relaxed);
    }

    /// Returns the steps of a call that has made `n`, with the limit that it reaches first.
    fn steps_after(&self, n: u32) -> Steps {
        let max_of_act = u64::from(self.max_steps) * STEPS_OF_ACT;
        let rest = max_of_act.saturating_sub(self.n_steps_of_act.load(Ordering::Relaxed));
        let max = n.saturating_add(rest.try_into().unwrap_or(u32::MAX));
        // If time passes, the time limit ends the call.
        let is_of_act = max < self.max_steps && is_clock_paused();

        Steps {
            n,
            max: if is_of_act { max } else { self.max_steps },
            is_of_act,
        }
    }

    /// Counts the steps of a poll.
    fn count_steps_of_act(&self, n: u32) {
        self.n_steps_of_act.fetch_add(n.into(), Ordering::Relaxed);
    }

    /// Ends each call that waits, if the clock of its runtime has not moved since an earlier call of this
    /// method.
    ///
    /// `real_time` is how long the run has not moved on. It must grow from call to call, and a call that
    /// waits notices it when it is polled.
    pub fn end_waits(&self, real_time: Duration) {
        let n_millis = real_time.as_millis().try_into().unwrap_or(u64::MAX);
        self.n_millis_still.store(n_millis, Ordering::Relaxed);
    }

    /// Returns how often one call is repeated after a conflict, at most. No time passes in between.
    fn max_tries(&self) -> u32 {
        self.max_steps
    }
}

/// How many calls with all their steps one act may have.
const STEPS_OF_ACT: u64 = 50;

/// The steps of the handler call that this thread polls.
#[derive(Clone, Copy)]
struct Steps {
    n: u32,
    max: u32,
    /// Whether the steps of all calls of the act have reached their limit.
    is_of_act: bool,
}

impl Steps {
    /// The steps outside of calls, which have no limit.
    const UNLIMITED: Self = Self {
        n: 0,
        max: u32::MAX,
        is_of_act: false,
    };

    fn are_too_many(self) -> bool {
        self.max < self.n
    }
}

thread_local! {
    static STEPS: Cell<Steps> = const { Cell::new(Steps::UNLIMITED) };
}

/// Counts a step of the call that this thread polls, and returns false if there were too many.
fn count_step() -> bool {
    let mut steps = STEPS.get();
    steps.n = steps.n.saturating_add(1);
    STEPS.set(steps);

    !steps.are_too_many()
}

/// Counts the steps of another call until it is dropped.
struct CountedPoll {
    outer: Steps,
}

impl CountedPoll {
    fn begin(steps: Steps) -> Self {
        Self {
            outer: STEPS.replace(steps),
        }
    }
}

impl Drop for CountedPoll {
    fn drop(&mut self) {
        STEPS.set(self.outer);
    }
}

impl Hooks {
    /// Counts a read of the handler that this thread polls.
    ///
    /// The future is ready, unless the handler has made too many steps. Then the call ends here.
    pub(in crate::handler) fn count_read(&self) -> impl Future<Output = ()> + Send + use<> {
        let has_limits = self.call_limits.is_some();
        poll_fn(move |_| {
            if !has_limits || count_step() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
    }

    /// Counts a message that `handler` sends.
    ///
    /// # Errors
    ///
    /// Returns an error if the handler has made too many steps.
    ///
    /// # Panics
    ///
    /// Panics if the handler ignores this error again and again.
    pub(in crate::handler) fn count_send(&self, handler: &str) -> Result<(), Error> {
        if self.call_limits.is_none() || count_step() {
            return Ok(());
        }

        let steps = STEPS.get();
        let err = too_many_steps(handler, steps);
        // A loop that ignores the error never returns to the runtime. Only a panic ends it.
        assert!(steps.n / 2 <= steps.max.max(1_000), "{err}");
        Err(err)
    }

    /// Counts a message that `handler` cancels.
    ///
    /// # Panics
    ///
    /// Panics if the handler has made too many steps, because a cancellation returns no error.
    pub(in crate::handler) fn count_cancel(&self, handler: &str) {
        if let Err(err) = self.count_send(handler) {
            panic!("{err}");
        }
    }

    /// Returns how often one call may be tried if every try ends with a conflict.
    pub(crate) fn limit_tries(&self, n_tries: u32) -> u32 {
        let limits = self.call_limits.as_ref();
        limits.map_or(n_tries, |limits| n_tries.min(limits.max_tries()))
    }

    /// Applies the limits of the run to a call of `handler`.
    pub(crate) fn limit_call<'a, F>(&'a self, handler: &'a str, call: F) -> LimitedCall<'a, F> {
        LimitedCall {
            call,
            handler,
            limits: self.call_limits.as_deref(),
            n_steps: 0,
            last_check: None,
        }
    }
}

/// A call of a handler that ends with an error if it makes too many steps, or if the run stands still.
pub(crate) struct LimitedCall<'a, F> {
    call: F,
    handler: &'a str,
    limits: Option<&'a CallLimits>,
    n_steps: u32,
    /// For how long the run had stood still at the last check, and what the clock showed.
    last_check: Option<(u64, Instant)>,
}

impl<T, F> Future for LimitedCall<'_, F>
where
    F: Future<Output = Result<T, Error>> + Unpin,
{
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let call = &mut *self;
        let Some(limits) = call.limits else {
            return Pin::new(&mut call.call).poll(cx);
        };

        let n_before = call.n_steps;
        let polled = CountedPoll::begin(limits.steps_after(n_before));
        let result = Pin::new(&mut call.call).poll(cx);
        let mut steps = STEPS.get();
        drop(polled);

        if result.is_ready() {
            limits.count_steps_of_act(steps.n - n_before);
            return result;
        }
        steps.n = steps.n.saturating_add(1);
        call.n_steps = steps.n;
        limits.count_steps_of_act(steps.n - n_before);
        call.check_limits(limits, steps, cx)
    }
}

impl<F> LimitedCall<'_, F> {
    /// Checks the limits after a poll that did not end the call.
    fn check_limits<T>(
        &mut self,
        limits: &CallLimits,
        steps: Steps,
        cx: &Context<'_>,
    ) -> Poll<Result<T, Error>> {
        if steps.are_too_many() {
            if is_clock_paused() {
                return Poll::Ready(Err(too_many_steps(self.handler, steps)));
            }
            // The time limit ends the call. A read waits for the count, and timers fire only at a wait.
            self.n_steps = limits.max_steps - limits.max_steps / 100;
            cx.waker().wake_by_ref();
        }

        let n_millis_still = limits.n_millis_still.load(Ordering::Relaxed);
        let last_check = self.last_check;
        if let Some((last_millis, _)) = last_check
            && last_millis == n_millis_still
        {
            return Poll::Pending;
        }

        let now = monotonic_now();
        self.last_check = Some((n_millis_still, now));
        match last_check {
            Some((_, last_time)) if last_time == now => {
                Poll::Ready(Err(stands_still(self.handler, n_millis_still)))
            }
            // It is the first check, or time passes. Then the time limit ends the call.
            _ => Poll::Pending,
        }
    }
}

/// Returns the error of a handler that reads, sends or waits again and again.
fn too_many_steps(handler: &str, steps: Steps) -> Error {
    let made = if steps.is_of_act {
        format!("the handlers made too many steps in this act, and {handler} the last one")
    } else {
        format!("{handler} made {} steps in one call", steps.max)
    };
    Error::setup(format!(
        "{made}, so it probably never ends: \
         end the loop that reads, sends or waits, or raise the budget with `.budget(..)` if it really is this long"
    ))
}

/// Returns the error of a handler that waits while the clock of its runtime stands still.
fn stands_still(handler: &str, n_millis: u64) -> Error {
    let n_seconds = n_millis / 1_000;
    Error::setup(format!(
        "{handler} waits, and the flow has not moved on for {n_seconds} s: tokio's clock stands still while code in \
         `tokio::task::spawn_blocking` runs, or while a spawned task never waits, so no time limit is reached"
    ))
}
