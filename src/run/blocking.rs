use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use tokio::runtime::{Handle, Runtime};

use crate::{
    outcome::Outcome,
    plan::Plan,
    report::FlowFailure,
    run::{run, runtime_pool::RUNTIME_POOL},
};

/// Runs `plan` in this thread, on a runtime that nothing else uses meanwhile.
///
/// The clock of the runtime is paused. While every task waits, it jumps to the next timer.
///
/// # Panics
///
/// Panics if it is called inside an async runtime.
#[track_caller]
pub(crate) fn run_blocking(plan: Plan<'_>) -> Result<Box<Outcome>, FlowFailure> {
    assert!(
        Handle::try_current().is_err(),
        "`.run()` was called inside an async runtime, which it would block: write `.await` instead"
    );

    let watched = Arc::clone(&plan.watched);
    let _entered = watched.enter();

    // If the flow panics, its runtime is dropped on the way out.
    let runtime = RUNTIME_POOL.take();
    let result = block_on(&runtime, run(&plan));
    RUNTIME_POOL.give_back(runtime);

    result
}

/// Runs a future on `runtime`.
///
/// Most flows never wait. A single poll finishes them, and costs less than [`Runtime::block_on`].
fn block_on<F: Future>(runtime: &Runtime, future: F) -> F::Output {
    let mut future = pin!(future);
    let polled = {
        // Handlers may spawn tasks and set timers from the first poll on.
        let _entered = runtime.enter();
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
    };

    match polled {
        Poll::Ready(output) => output,
        // `block_on` polls again at once, so nothing is lost by the no-op waker of the first poll.
        Poll::Pending => runtime.block_on(future),
    }
}
