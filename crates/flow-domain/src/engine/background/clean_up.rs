use std::{future::pending, sync::Arc, time::Duration};

use crate::{
    clock::monotonic_now,
    engine::{
        background::waiter::Waiter, delivery::trimming::trim_topics, outbox_backlog::OutboxBacklog,
    },
    error::Error,
    handler::Ports,
    port::{OutboxState, PortFuture},
    runtime::App,
};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
    /// How long inboxes, process histories and the versions of deleted values are kept.
    pub(in crate::engine) handled: Duration,
    /// Whether settled messages are deleted from the topics.
    pub(in crate::engine) trims_topics: bool,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            published: MINUTE,
            abandoned: 30 * DAY,
            handled: DAY,
            trims_topics: false,
        }
    }
}

impl App {
    /// Deletes old data once, as a running engine does all the time; for apps without an engine.
    ///
    /// It deletes what an [`Engine`](crate::Engine) with its default settings would delete: messages of
    /// the outbox, and what handlers with [`once`](crate::handler::SubscriptionOptions::once) and process
    /// managers remember of messages that they have handled. Returns how much it has deleted. Call it every
    /// few minutes, or once a day if little happens.
    ///
    /// While an event is left whose inline handling was cut off, it forgets no handled message: the event
    /// comes again to all its handlers. So call [`process_due`](App::process_due) first.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    ///
    /// # Examples
    ///
    /// ```
    /// # use flow_domain::doc_fixture::app;
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let app = app()?;
    /// assert_eq!(app.clean_up().await?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn clean_up(&self) -> Result<usize, Error> {
        let forgets = OutboxBacklog::load(&self.ports).await?.cut_off.is_empty();
        clean_up_once(&self.ports, Retention::default(), forgets).await
    }
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
            Ok(_) => waiter.record_success(),
            Err(err) => {
                waiter.record_failure();
                tracing::error!(error = %err.with_causes(), "deleting old data failed");
            }
        }

        waiter.wait(CLEAN_UP_INTERVAL, pending::<()>()).await;
    }
}

/// Returns how much it has deleted.
async fn clean_up_once(ports: &Ports, retention: Retention, forgets: bool) -> Result<usize, Error> {
    let (store, now) = (&ports.store, ports.clock.now());

    let published = || store.clean_up(OutboxState::Published, now - retention.published);
    let mut n_deleted = delete_all("published messages", published).await?;
    let abandoned = || store.clean_up(OutboxState::Abandoned, now - retention.abandoned);
    n_deleted += delete_all("abandoned messages", abandoned).await?;
    if forgets {
        n_deleted += delete_all("handled messages", || store.forget(retention.handled)).await?;
    }
    if retention.trims_topics {
        n_deleted += trim_topics(ports).await?;
    }

    Ok(n_deleted)
}

/// Deletes in parts until nothing is left, and returns how much that was.
async fn delete_all<'a>(
    what: &str,
    delete: impl Fn() -> PortFuture<'a, usize>,
) -> Result<usize, Error> {
    let mut n_deleted = 0;
    while let n @ 1.. = delete().await? {
        n_deleted += n;
        // A store in memory is always ready, and others wait for its lock.
        tokio::task::yield_now().await;
    }

    if 0 < n_deleted {
        tracing::debug!(n_deleted, "deleted old {what}");
    }
    Ok(n_deleted)
}
