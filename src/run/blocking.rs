use std::{
    pin::pin,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::{
    flow::{Plan, Setup},
    report::FlowFailure,
    run::{Outcome, run},
};

/// Runs `plan` in this thread, on a runtime that nothing else uses at the time.
#[track_caller]
pub(crate) fn run_blocking(plan: Plan<'_>) -> Result<Outcome, FlowFailure> {
    assert!(
        Handle::try_current().is_err(),
        "`.run()` was called inside an async runtime, which it would block: write `.await` instead"
    );
    let setup = Arc::clone(&plan.setup);
    let runtime = take_runtime(&setup);
    let result = block_on(&runtime, run(&plan));

    // A runtime on which a handler left a task is thrown away, and the task with it: the next run
    // must not meet it.
    if runtime.metrics().num_alive_tasks() == 0 {
        store_runtime(&setup, runtime);
    }

    result
}

/// Runs a future on `runtime`.
///
/// Most flows never wait. One poll tells whether this one does, and costs less than to set up the loop
/// in which it would.
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
        // The loop polls again at once, and from then on it is the one that is woken.
        Poll::Pending => runtime.block_on(future),
    }
}

fn take_runtime(setup: &Setup) -> Runtime {
    let idle = setup
        .idle_runtime
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();

    idle.unwrap_or_else(|| {
        Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime of one thread needs nothing but file handles")
    })
}

fn store_runtime(setup: &Setup, runtime: Runtime) {
    let mut idle = setup
        .idle_runtime
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    *idle = Some(runtime);
}
