use std::{
    future::pending,
    pin::pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use tokio::{
    runtime::{Builder, Handle},
    task::unconstrained,
    time::timeout,
};
use tracing::subscriber::{NoSubscriber, with_default};

/// How long a call of a store may take.
pub(super) const CALL_LIMIT: Duration = Duration::from_secs(30);

/// Polls `call` in this thread until it is done, and returns its result. `None` if it takes too long.
///
/// The thread waits, so nothing else runs on its runtime, and a paused clock stands still. The call itself
/// has the sockets and the timers of a runtime in real time, which the process shares.
///
/// Its logs are not those of a handler, so nobody gets them.
pub(super) fn wait<F: Future>(call: F) -> Option<F::Output> {
    let _entered = background().enter();
    // The task of the flow has a budget for its sockets, which it gets back only when it waits.
    let mut call = pin!(unconstrained(timeout(CALL_LIMIT, call)));
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);

    with_default(NoSubscriber::default(), || {
        loop {
            match call.as_mut().poll(&mut cx) {
                Poll::Ready(result) => return result.ok(),
                Poll::Pending => thread::park(),
            }
        }
    })
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Returns the runtime that waits for sockets and timers. The first call in a process starts it.
fn background() -> &'static Handle {
    static BACKGROUND: OnceLock<Handle> = OnceLock::new();

    BACKGROUND.get_or_init(|| {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime of one thread needs nothing but file handles");
        let handle = runtime.handle().clone();

        thread::Builder::new()
            .name("flow-backend".to_owned())
            .spawn(move || runtime.block_on(pending::<()>()))
            .expect("the process can start a thread");
        handle
    })
}
