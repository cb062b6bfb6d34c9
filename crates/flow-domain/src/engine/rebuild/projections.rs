use std::{any::TypeId, fmt, pin::Pin, sync::Arc};

use crate::{
    engine::{
        RebuildProgress, RebuildReport, dead_letter,
        rebuild::{
            replay::Replay, scratch_store::ScratchStore, staging::Staging,
            taken_groups::TakenGroups,
        },
    },
    error::Error,
    message::Position,
    model::Projection,
    port::Changes,
    record::{Table, TableKind},
    runtime::App,
};

impl App {
    /// Rebuilds a projection from all events in the store, from the first to the last.
    ///
    /// The rebuild runs when the returned value is awaited. [`Rebuild`] has its settings.
    ///
    /// The projectors receive the events in batches, in the order of their positions. As in the first
    /// delivery, the projectors of one event run in the order of registration. Each projector receives
    /// only the events of its subscription.
    ///
    /// The new rows of each batch are saved in a table of their own, together with the position. So a rebuild needs
    /// little memory, whatever the number of events and rows. At the end, one commit writes the rows
    /// that differ, and deletes the rows that no event makes. Readers see all old rows or all new rows. If the
    /// rebuild fails, the old rows stay.
    ///
    /// If a projector fails, its event is skipped, and [`RebuildReport`] reports it. If an engine delivers
    /// to the projector, the event becomes a dead letter. If the projector needs an event
    /// that cannot be read, the rebuild ends with an error, because the new rows would lack it. A rebuild is not
    /// recorded, and does not call `handle_error`.
    ///
    /// # Beside running engines
    ///
    /// Engines may go on meanwhile: every event counts once in the end. The rows are built while the
    /// engines work. Then the rebuild takes the subscriptions of the projectors away from them, and
    /// catches up. It commits the rows together with the ledgers, which say that all events are done.
    /// Last, it gives the subscriptions back. An engine takes its share again within a few seconds.
    ///
    /// The commit deletes the dead letters of these projectors whose events the rebuild has handled.
    ///
    /// A projector that reads a broker must have read everything: places in a broker and in the event
    /// store are not comparable. Handlers that run inline have no ledger. So process no command inline
    /// while a rebuild runs. [What was cut off](crate::engine::Health::cut_off) must be handled before.
    ///
    /// # Errors
    ///
    /// Returns an error if the projection is not registered, if the store fails, or if more than 1,000 events fail.
    /// Returns one for which
    /// [`Error::is_unreadable_event`] is true if a projector needs an event that cannot be read. It names
    /// the position, the stream, the type and the reason. Returns one for which
    /// [`Error::is_conflict`] is true if another writer changed a row in the meantime, or if another rebuild
    /// of the same projection began. Returns one for which
    /// [`Error::has_events_waiting`] is true if events wait in a broker, or dead letters wait to be
    /// delivered again. Returns one for which [`Error::is_fenced`] is true if another rebuild took the
    /// subscriptions. Whatever the error, no row was changed, and the rebuild can be repeated.
    ///
    /// # Examples
    ///
    /// ```
    /// # use flow_domain::doc_fixture::{OrderDashboard, PlaceOrder, app};
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let app = app()?;
    /// app.process(PlaceOrder { order_id: "ord-1".into(), total_cents: 9_995 }).await?;
    ///
    /// let rebuilt = app.rebuild::<OrderDashboard>().await?;
    ///
    /// assert!(rebuilt.is_complete(), "{rebuilt}");
    /// assert_eq!(rebuilt.to_string(), "1 row from 1 event, 0 changed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rebuild<P: Projection>(&self) -> Rebuild<'_> {
        Rebuild {
            app: self,
            is_registered: self.ports.catalog.require_projection::<P>(),
            projection: (P::NAME, TypeId::of::<P>()),
            program: None,
            progress: Box::new(|_| {}),
            last_progress: None,
        }
    }
}

/// A rebuild of a projection: see [`App::rebuild`].
#[must_use = "a rebuild runs when it is awaited"]
pub struct Rebuild<'a> {
    app: &'a App,
    is_registered: Result<(), Error>,
    projection: (&'static str, TypeId),
    program: Option<String>,
    progress: Box<dyn FnMut(RebuildProgress) + Send + 'a>,
    last_progress: Option<RebuildProgress>,
}

impl<'a> Rebuild<'a> {
    /// Goes on where an earlier rebuild by the same version of the program stopped.
    ///
    /// A process that is killed, or a future that is dropped, leaves the last batch that was saved. Name a new
    /// version whenever a projector changes: the rows of the older version would stay as they are. Without a
    /// version, or after a rebuild of another version, a rebuild begins with the first event.
    ///
    /// # Examples
    ///
    /// ```
    /// # use flow_domain::doc_fixture::{OrderDashboard, app};
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let app = app()?;
    /// let rebuilt = app
    ///     .rebuild::<OrderDashboard>()
    ///     .resumable(env!("CARGO_PKG_VERSION"))
    ///     .progress(|progress| println!("{progress}"))
    ///     .await?;
    ///
    /// assert!(rebuilt.is_complete(), "{rebuilt}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resumable(self, program_version: impl Into<String>) -> Self {
        Self {
            program: Some(program_version.into()),
            ..self
        }
    }

    /// Calls `report` at the beginning and after each batch. The last call says that every event was read.
    ///
    /// The rows are switched after the last call.
    pub fn progress(self, report: impl FnMut(RebuildProgress) + Send + 'a) -> Self {
        Self {
            progress: Box::new(report),
            ..self
        }
    }

    async fn run(mut self) -> Result<RebuildReport, Error> {
        self.is_registered.clone()?;
        let ports = &self.app.ports;
        let (name, type_id) = self.projection;
        let table = Table::new(TableKind::Projection, name);
        let scratch_store = ScratchStore::staged(Arc::clone(&ports.store), table);
        let mut replay = Replay::new(ports, scratch_store, |id| id == type_id);
        let program = self.program.take();
        let mut staging = Staging::begin(ports, name, program, &mut replay).await?;

        // The engines go on while the rows are built.
        self.catch_up(&mut replay, &mut staging).await?;

        let mut groups = TakenGroups::new(ports, replay.subscriptions());
        let result = self.switch(table, replay, staging, &mut groups).await;
        groups.give_back(ports).await;

        result
    }

    /// Delivers the stored events that were not delivered yet, and saves each batch.
    async fn catch_up(
        &mut self,
        replay: &mut Replay<'_>,
        staging: &mut Staging<'_>,
    ) -> Result<(), Error> {
        let mut last_position = self.app.ports.store.last_position().await?;
        self.report(replay, last_position);

        loop {
            let has_more = replay.deliver_page().await?;
            staging.save(replay).await?;

            if !has_more {
                self.report(replay, replay.position());
                return Ok(());
            }
            last_position = last_position.max(replay.position());
            self.report(replay, last_position);
            // A store in memory never waits, and other tasks must go on.
            tokio::task::yield_now().await;
        }
    }

    fn report(&mut self, replay: &Replay<'_>, last_position: Position) {
        let progress = RebuildProgress {
            position: replay.position(),
            last_position,
            n_events: replay.report().n_events,
        };

        if self.last_progress != Some(progress) {
            self.last_progress = Some(progress);
            (self.progress)(progress);
        }
    }

    /// Catches up with the stored events, and replaces the rows and the ledgers in one commit.
    async fn switch(
        &mut self,
        table: Table,
        mut replay: Replay<'_>,
        mut staging: Staging<'_>,
        groups: &mut TakenGroups,
    ) -> Result<RebuildReport, Error> {
        let ports = &self.app.ports;
        groups.take(ports).await?;
        groups.require_nothing_waits(ports).await?;

        // The version is read before the last events: an inline projector may handle an event that is too
        // late for this rebuild. If it writes from here on, the commit is a conflict.
        let live_version = ports.store.table_version(table).await?;
        self.catch_up(&mut replay, &mut staging).await?;

        let mut changes = Changes::new("the rebuild");
        changes.ledgers = groups.ledgers_at(replay.position());
        let skipped = &replay.report().skipped;
        let (mut settled, mut dead_letters) = (Vec::new(), Vec::new());
        for consumer in groups.consumers() {
            let group = &*consumer.name;
            let is_settled = |id| !skipped.iter().any(|event| event.is_of(group, id));
            settled.extend(dead_letter::deletions(ports, group, is_settled).await?);

            // No engine gets a skipped event again, because the ledger says that it is done.
            for skipped in skipped {
                let Some(projector) = skipped.failure.handler.filter(|name| *name == group) else {
                    continue;
                };
                let event = skipped.read(ports).await?.envelope;
                if consumer.wants(&ports.catalog, &event) {
                    let error = &skipped.failure.error;
                    let writes = dead_letter::of_skipped(ports, projector, &event, error);
                    dead_letters.extend(writes.await?);
                }
            }
        }

        let n_dead_letters = settled.len();
        let n_rows = ports.store.count(staging.rows(), &[]).await?;
        changes
            .writes
            .extend(settled.into_iter().chain(dead_letters));
        staging.finish(&mut changes, live_version)?;
        ports.store.commit(&changes).await?;

        // Each changed row adds one.
        let version = ports.store.table_version(table).await?;
        let n_changed = version.as_u64().saturating_sub(live_version.as_u64());
        let mut report = replay.into_report();
        report.n_rows = n_rows;
        report.n_changed = usize::try_from(n_changed).unwrap_or(usize::MAX);
        report.n_dead_letters = n_dead_letters;
        Ok(report)
    }
}

impl<'a> IntoFuture for Rebuild<'a> {
    type Output = Result<RebuildReport, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Rebuild<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rebuild")
            .field("projection", &self.projection.0)
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}
