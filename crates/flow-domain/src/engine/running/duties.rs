use std::{future::pending, sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    engine::{
        delivery::broker_feed::earliest,
        relay::Relay,
        running::waiter::{Waiter, Woken},
    },
    error::Error,
    handler::{Bell, Ports},
    port::OutboxState,
};

/// How many rows of the outbox are published at once.
const BATCH: usize = 200;

/// How often the outbox is cleaned.
pub(in crate::engine) const CLEANING: Duration = Duration::from_secs(60);

/// How long the outbox is left alone at most while nothing in it is due.
const LONGEST: Duration = Duration::from_secs(60);

/// Publishes what is committed, as it comes, and rings `arrivals` for those who read it.
pub(in crate::engine) async fn publish(
    ports: Arc<Ports>,
    mut relay: Relay,
    arrivals: Arc<Bell>,
    mut waiter: Waiter,
) {
    waiter.rest().await;
    let mut was_rung = false;
    // What was committed before the signal is published after it.
    let mut is_last = false;
    loop {
        let published = publish_all(&ports, &mut relay, &arrivals).await;
        if was_rung && matches!(published, Ok((0, _))) {
            // It was for the readers: a dead letter is replayed.
            arrivals.ring();
        }
        let at_most = match published {
            Ok((n_rows, until_due)) => {
                waiter.succeeded();
                if 0 < n_rows {
                    waiter.found_something();
                }
                until_due
            }
            Err(err) => {
                let again_in = waiter.failed();
                let error = err.with_causes();
                tracing::error!(%error, ?again_in, "the relay failed");
                again_in
            }
        };
        if is_last {
            return;
        }
        let woken = waiter.wait(at_most, pending::<()>()).await;
        was_rung = woken == Woken::Rung;
        is_last = waiter.stop.has_come();
    }
}

/// Publishes everything that is due; returns how much that was, and when more will be.
async fn publish_all(
    ports: &Ports,
    relay: &mut Relay,
    arrivals: &Bell,
) -> Result<(usize, Duration), Error> {
    let mut n_published = 0;
    loop {
        let n_rows = relay.publish_due(ports, BATCH).await?;
        n_published += n_rows;
        if 0 < n_rows {
            arrivals.ring();
        }
        if n_rows < BATCH {
            break;
        }
    }
    let now = ports.clock.now();
    let due = ports.store.next_due(now).await?;
    let due = earliest(due.again, due.first).map(|due| due.since(now));
    let until_due = due.filter(|until_due| !until_due.is_zero());
    Ok((n_published, until_due.unwrap_or(LONGEST)))
}

/// For how long rows of the outbox are kept that nobody will send any more.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Keeping {
    pub(in crate::engine) published: Duration,
    pub(in crate::engine) abandoned: Duration,
}

/// Forgets what is old.
pub(in crate::engine) async fn clean_up(ports: Arc<Ports>, keeping: Keeping, mut waiter: Waiter) {
    waiter.rest().await;
    while !waiter.stop.has_come() {
        match clean_up_once(&ports, keeping, ports.clock.now()).await {
            Ok(()) => waiter.succeeded(),
            Err(err) => {
                waiter.failed();
                tracing::error!(error = %err.with_causes(), "cleaning the outbox failed");
            }
        }
        waiter.wait(CLEANING, pending::<()>()).await;
    }
}

async fn clean_up_once(ports: &Ports, keeping: Keeping, now: Timestamp) -> Result<(), Error> {
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
