use std::sync::{Arc, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::{
    flow::{Plan, Setup},
    report::FlowFailure,
    run::{Outcome, runner::run},
};

/// Runs `plan` in this thread, on a runtime that nothing else uses at the time.
#[track_caller]
pub(crate) fn blocking(plan: Plan<'_>) -> Result<Outcome, FlowFailure> {
    assert!(
        Handle::try_current().is_err(),
        "`.run()` was called inside an async runtime, which it would block: write `.await` instead"
    );
    let setup = Arc::clone(&plan.setup);
    let runtime = take_runtime(&setup);
    let result = runtime.block_on(run(plan));
    // A runtime on which a handler left a task is thrown away, and the task with it: the next run
    // must not meet it.
    if runtime.metrics().num_alive_tasks() == 0 {
        keep_runtime(&setup, runtime);
    }
    result
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

fn keep_runtime(setup: &Setup, runtime: Runtime) {
    let mut idle = setup
        .idle_runtime
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    *idle = Some(runtime);
}
