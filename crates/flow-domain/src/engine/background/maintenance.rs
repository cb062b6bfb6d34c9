use std::{future::pending, sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    engine::{
        background::waiter::{Waiter, Wake},
        delivery::broker_feed::earliest,
        relay::Relay,
    },
    error::Error,
    handler::{Ports, WakeSignal},
    port::OutboxState,
};

/// How many rows of the outbox are published at once.
const BATCH: usize = 200;

/// How often the outbox is cleaned.
pub(in crate::engine) const CLEAN_UP_INTERVAL: Duration = Duration::from_secs(60);

/// How long the outbox is left alone at most while nothing in it is due.
const MAX_IDLE: Duration = Duration::from_secs(60);

/// Publishes what is committed, as it comes, and rings `arrivals` for those who read it.
pub(in crate::engine) async fn run_relay(
    ports: Arc<Ports>,
    mut relay: Relay,
    arrivals: Arc<WakeSignal>,
    mut waiter: Waiter,
) {
    waiter.wait_for_backoff().await;
    let mut was_rung = false;
    // What was committed before the signal is published after it.
    let mut is_last = false;

    loop {
        let published = publish_all_due(&ports, &mut relay, &arrivals).await;
        if was_rung && matches!(published, Ok((0, _))) {
            // It was for the readers: a dead letter is replayed.
            arrivals.notify();
        }

        let at_most = match published {
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

        let woken = waiter.wait(at_most, pending::<()>()).await;
        was_rung = woken == Wake::Notified;
        is_last = waiter.stop.is_set();
    }
}

/// Publishes everything that is due; returns how much that was, and when more will be.
async fn publish_all_due(
    ports: &Ports,
    relay: &mut Relay,
    arrivals: &WakeSignal,
) -> Result<(usize, Duration), Error> {
    let mut n_published = 0;
    loop {
        let n_rows = relay.publish_due(ports, BATCH).await?;
        n_published += n_rows;
        if 0 < n_rows {
            arrivals.notify();
        }

        if n_rows < BATCH {
            break;
        }
    }

    let now = ports.clock.now();
    let due = ports.store.next_due(now).await?;
    let until_due = earliest(due.next_retry, due.next_scheduled)
        .map(|due| due.since(now))
        .filter(|until_due| !until_due.is_zero());

    Ok((n_published, until_due.unwrap_or(MAX_IDLE)))
}

/// For how long rows of the outbox are kept that nobody will send any more.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Retention {
    pub(in crate::engine) published: Duration,
    pub(in crate::engine) abandoned: Duration,
}

/// Forgets what is old.
pub(in crate::engine) async fn run_clean_up(
    ports: Arc<Ports>,
    keeping: Retention,
    mut waiter: Waiter,
) {
    waiter.wait_for_backoff().await;
    while !waiter.stop.is_set() {
        match clean_up_once(&ports, keeping, ports.clock.now()).await {
            Ok(()) => waiter.record_success(),
            Err(err) => {
                waiter.record_failure();
                tracing::error!(error = %err.with_causes(), "cleaning the outbox failed");
            }
        }

        waiter.wait(CLEAN_UP_INTERVAL, pending::<()>()).await;
    }
}

async fn clean_up_once(ports: &Ports, keeping: Retention, now: Timestamp) -> Result<(), Error> {
    let old = [
        (OutboxState::Published, keeping.published),
        (OutboxState::Abandoned, keeping.abandoned),
    ];
    for (state, age) in old {
        let n_rows = ports.store.clean_up(state, now - age).await?;
        if 0 < n_rows {
            tracing::debug!(n_rows, ?state, "cleaned the outbox");
        }
    }

    Ok(())
}
