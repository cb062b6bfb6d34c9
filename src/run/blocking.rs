use std::{
    pin::pin,
    sync::{Arc, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::{
    outcome::Outcome,
    plan::{Plan, Setup},
    report::FlowFailure,
    run::run,
};

/// Runs `plan` in this thread, on a runtime that nothing else uses meanwhile.
///
/// # Panics
///
/// Panics if it is called inside an async runtime.
#[track_caller]
pub(crate) fn run_blocking(plan: Plan<'_>) -> Result<Outcome, FlowFailure> {
    assert!(
        Handle::try_current().is_err(),
        "`.run()` was called inside an async runtime, which it would block: write `.await` instead"
    );

    let setup = Arc::clone(&plan.setup);
    let runtime = take_runtime(&setup);
    let result = block_on(&runtime, run(&plan));

    // An unfinished task must not disturb the next run. So its runtime is not stored: it is dropped
    // here, together with the task.
    if runtime.metrics().num_alive_tasks() == 0 {
        *lock_idle_runtime(&setup) = Some(runtime);
    }

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

/// Takes the idle runtime of the harness, or builds one.
fn take_runtime(setup: &Setup) -> Runtime {
    let idle = lock_idle_runtime(setup).take();

    idle.unwrap_or_else(|| {
        Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime of one thread needs nothing but file handles")
    })
}

fn lock_idle_runtime(setup: &Setup) -> MutexGuard<'_, Option<Runtime>> {
    setup
        .idle_runtime
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}
