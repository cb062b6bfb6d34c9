use std::{future::pending, sync::Arc, time::Duration};

use crate::{
    clock::monotonic_now,
    engine::{background::waiter::Waiter, delivery::trimming::trim_topics},
    error::Error,
    handler::Ports,
    port::{OutboxState, PortFuture},
};

/// How often old data is deleted.
pub(in crate::engine) const CLEAN_UP_INTERVAL: Duration = Duration::from_secs(10);

/// When an engine forgets for the first time after its start.
///
/// Until then it has handled what a dead engine had handled and not saved, and remembers that.
const FIRST_FORGETTING: Duration = Duration::from_secs(60);

/// How long data is kept that nobody needs any more.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Retention {
    /// How long the outbox keeps published rows.
    pub(in crate::engine) published: Duration,
    /// How long the outbox keeps abandoned rows.
    pub(in crate::engine) abandoned: Duration,
    /// How long inboxes and the versions of deleted values are kept.
    pub(in crate::engine) handled: Duration,
    /// Whether settled messages are deleted from the topics.
    pub(in crate::engine) trims_topics: bool,
}

/// Deletes old data until the engine stops.
pub(in crate::engine) async fn run_clean_up(
    ports: Arc<Ports>,
    retention: Retention,
    mut waiter: Waiter,
) {
    waiter.wait_for_backoff().await;

    let first_forgetting = monotonic_now() + FIRST_FORGETTING;
    while !waiter.has_to_stop() {
        let forgets = first_forgetting <= monotonic_now();
        match clean_up_once(&ports, retention, forgets).await {
            Ok(()) => waiter.record_success(),
            Err(err) => {
                waiter.record_failure();
                tracing::error!(error = %err.with_causes(), "deleting old data failed");
            }
        }

        waiter.wait(CLEAN_UP_INTERVAL, pending::<()>()).await;
    }
}

async fn clean_up_once(ports: &Ports, retention: Retention, forgets: bool) -> Result<(), Error> {
    let (store, now) = (&ports.store, ports.clock.now());

    let published = || store.clean_up(OutboxState::Published, now - retention.published);
    delete_all("published messages", published).await?;
    let abandoned = || store.clean_up(OutboxState::Abandoned, now - retention.abandoned);
    delete_all("abandoned messages", abandoned).await?;
    if forgets {
        delete_all("handled messages", || store.forget(retention.handled)).await?;
    }
    if retention.trims_topics {
        trim_topics(ports).await?;
    }

    Ok(())
}

/// Deletes in parts until nothing is left.
async fn delete_all<'a>(
    what: &str,
    delete: impl Fn() -> PortFuture<'a, usize>,
) -> Result<(), Error> {
    let mut n_deleted = 0;
    while let n @ 1.. = delete().await? {
        n_deleted += n;
        // A store in memory is always ready, and others wait for its lock.
        tokio::task::yield_now().await;
    }

    if 0 < n_deleted {
        tracing::debug!(n_deleted, "deleted old {what}");
    }
    Ok(())
}
