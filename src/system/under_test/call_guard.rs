use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use flow_domain::{Error, clock::is_clock_paused, testing::catch};

/// How long a call may take, unless the description says otherwise.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How often a call may be polled. One that goes on without waiting for anything reaches this soon.
const MAX_POLLS: usize = 100_000;

/// Waits for a future of the test. A panic becomes an error.
pub(super) async fn catch_panics<T>(future: impl Future<Output = T>) -> Result<T, Error> {
    let mut future = pin!(future);

    poll_fn(|cx| match catch(|| future.as_mut().poll(cx)) {
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}

/// Waits for a call of a part of the system, but not for ever.
///
/// On a paused clock, a call that waits for something that never comes reaches the limit at once.
pub(super) async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let mut call = pin!(call);
    let mut n_polls = 0;
    let counted = poll_fn(|cx| {
        n_polls += 1;
        if MAX_POLLS < n_polls {
            let text = "it goes on without waiting for anything";
            return Poll::Ready(Err(Error::failed("the call", text)));
        }
        call.as_mut().poll(cx)
    });

    match tokio::time::timeout(limit, counted).await {
        Ok(result) => result,
        Err(_elapsed) => Err(Error::failed("the call", too_long_text(limit))),
    }
}

fn too_long_text(limit: Duration) -> String {
    let limit = humantime::format_duration(limit);
    if is_clock_paused() {
        format!(
            "it waits for something that does not come within {limit}\n\
             If this is a socket or another thread, run the flow in an async test and end it with `.await`"
        )
    } else {
        format!("it took longer than {limit}: if this is right, raise `.time_limit(..)`")
    }
}
