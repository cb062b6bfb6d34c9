use std::{future::poll_fn, pin::pin, sync::Arc};

use tokio::runtime::Handle;

use crate::{
    outcome::Outcome,
    plan::Plan,
    report::FlowFailure,
    run::{
        run,
        runtime_pool::{RUNTIME_POOL, pause_clock},
    },
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
    let _guard = watched.watch();

    // If the flow panics, its runtime is dropped on the way out.
    let pooled = RUNTIME_POOL.take();
    let result = {
        let mut flow = pin!(run(&plan, Some(&pooled.blocking_threads)));
        // A poll outside of `block_on` would cost less. But there a handler that never waits would never be
        // interrupted, and one that blocks on a runtime would hang instead of panicking.
        pooled.runtime().block_on(poll_fn(|cx| {
            let polled = watched.poll(flow.as_mut(), cx);
            if polled.is_pending() {
                pause_clock();
            }
            polled
        }))
    };
    RUNTIME_POOL.give_back(pooled);

    result
}
