use std::{future::pending, sync::Arc, time::Duration};

use crate::{
    engine::{
        background::waiter::{Waiter, Wake},
        delivery::consumer::earliest,
        relay::Relay,
    },
    error::Error,
    handler::WakeSignal,
    runtime::App,
};

/// The largest number of outbox rows that are published in one batch.
const BATCH: usize = 200;

/// The longest wait of the relay while no row of the outbox is due.
const MAX_IDLE: Duration = Duration::from_secs(60);

/// Publishes committed messages until the engine stops, and notifies `published` after each batch.
pub(in crate::engine) async fn run_relay(
    app: App,
    mut relay: Relay,
    published: Arc<WakeSignal>,
    mut waiter: Waiter,
) {
    waiter.wait_for_backoff().await;

    let mut was_notified = false;
    // After the stop signal there is one more round, for messages that were committed before it.
    let mut is_last = false;

    loop {
        let result = publish_all_due(&app, &mut relay, &published).await;
        if was_notified && matches!(result, Ok((0, _))) {
            // The relay was notified, but there was nothing to publish. A dead letter may have been
            // marked for replay, so notify the subscriptions.
            published.notify();
        }

        let at_most = match result {
            Ok((n_rows, until_due)) => {
                waiter.record_success();
                if 0 < n_rows {
                    waiter.reset_idle_delay();
                }
                until_due
            }
            Err(err) => {
                let again_in = waiter.record_failure();
                let error = err.with_causes();
                tracing::error!(%error, ?again_in, "the relay failed");
                again_in
            }
        };

        if is_last {
            return;
        }

        let wake = waiter.wait(at_most, pending::<()>()).await;
        was_notified = wake == Wake::Notified;
        is_last = waiter.has_to_stop();
    }
}

/// Publishes all messages that are due. Returns their number, and the time until the next message
/// is due, or [`MAX_IDLE`] if none is.
async fn publish_all_due(
    app: &App,
    relay: &mut Relay,
    published: &WakeSignal,
) -> Result<(usize, Duration), Error> {
    let mut n_published = 0;
    loop {
        let n_rows = relay.publish_due(app, BATCH).await?;
        n_published += n_rows;
        if 0 < n_rows {
            published.notify();
        }

        if n_rows < BATCH {
            break;
        }
    }

    let now = app.now();
    let outbox = app.store().next_due(now).await?;
    let until_due = earliest(outbox.next_retry, outbox.next_scheduled)
        .map(|due| due.since(now))
        .filter(|until_due| !until_due.is_zero());

    Ok((n_published, until_due.unwrap_or(MAX_IDLE)))
}
