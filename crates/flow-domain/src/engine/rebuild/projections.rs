use std::{any::TypeId, sync::Arc};

use crate::{
    engine::{
        RebuildReport, dead_letter,
        rebuild::{replay::Replay, scratch_store::RebuiltRows, taken_groups::TakenGroups},
    },
    error::Error,
    message::{ExpectedVersion, Version},
    model::Projection,
    port::{Changes, Query, RowKeys, StoredState, Write},
    record::{Table, TableKind},
    runtime::App,
};

impl App {
    /// Rebuilds a projection from all events in the store, from the first to the last.
    ///
    /// The projectors receive the events in batches, in the order of their positions. As in the first
    /// delivery, the projectors of one event run in the order of registration. Each projector receives
    /// only the events of its subscription.
    ///
    /// The new rows are collected in memory. Then one commit writes the rows that differ, and deletes the
    /// rows that no event makes. Readers see all old rows or all new rows. If the rebuild fails, the old
    /// rows stay.
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
    /// Returns an error if the projection is not registered or the store fails. Returns one for which
    /// [`Error::is_unreadable_event`] is true if a projector needs an event that cannot be read. It names
    /// the position, the stream, the type and the reason. Returns one for which
    /// [`Error::is_conflict`] is true if another writer changed a row in the meantime. Returns one for which
    /// [`Error::has_events_waiting`] is true if events wait in a broker, or dead letters wait to be
    /// delivered again. Returns one for which [`Error::is_fenced`] is true if another rebuild of the same
    /// projection began. Whatever the error, nothing was changed, and the rebuild can be repeated.
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
    pub async fn rebuild<P: Projection>(&self) -> Result<RebuildReport, Error> {
        self.ports.catalog.require_projection::<P>()?;

        // The engines go on while the rows are built.
        let mut replay = Replay::new(&self.ports, |id| id == TypeId::of::<P>());
        replay.run().await?;

        let mut groups = TakenGroups::new(&self.ports, replay.subscriptions());
        let table = Table::new(TableKind::Projection, P::NAME);
        let result = self.switch(table, replay, &mut groups).await;
        groups.give_back(&self.ports).await;

        result
    }

    /// Catches up with the stored events, and replaces the rows and the ledgers in one commit.
    async fn switch(
        &self,
        table: Table,
        mut replay: Replay<'_>,
        groups: &mut TakenGroups,
    ) -> Result<RebuildReport, Error> {
        groups.take(&self.ports).await?;
        groups.require_nothing_waits(&self.ports).await?;

        // The rows are read before the last events: an inline projector may handle an event that is too
        // late for this rebuild. If it writes from here on, the commit is a conflict.
        let live_rows = self.live_rows(table).await?;
        replay.run().await?;

        let mut changes = Changes::new("the rebuild");
        changes.ledgers = groups.ledgers_at(replay.position());
        let (mut settled, mut dead_letters) = (Vec::new(), Vec::new());
        for consumer in groups.consumers() {
            let group = &*consumer.name;
            let is_settled = |id| {
                let mut skipped = replay.skipped(group);
                skipped.all(|(_, event, _)| event.metadata.id != id)
            };
            settled.extend(dead_letter::deletions(&self.ports, group, is_settled).await?);

            // No engine gets a skipped event again, because the ledger says that it is done.
            for (handler, event, error) in replay.skipped(group) {
                if consumer.wants(&self.ports.catalog, event) {
                    let writes = dead_letter::of_skipped(&self.ports, handler, event, error);
                    dead_letters.extend(writes.await?);
                }
            }
        }

        let (scratch_store, mut report) = replay.into_parts();
        let rebuilt_rows = scratch_store.take_rows(table);

        report.n_rows = rebuilt_rows.len();
        changes.writes = differing_writes(table, live_rows, rebuilt_rows);
        report.n_changed = changes.writes.len();
        report.n_dead_letters = settled.len();
        changes.writes.extend(settled);
        changes.writes.extend(dead_letters);
        if !changes.is_empty() {
            self.ports.store.commit(&changes).await?;
        }

        Ok(report)
    }

    /// Returns the stored rows of a projection with their versions, which a query does not return.
    async fn live_rows(&self, table: Table) -> Result<Vec<(Arc<str>, StoredState)>, Error> {
        let store = &self.ports.store;
        let rows = store.query(table, &Query::default()).await?;

        let mut live_rows = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(stored) = store.get(table, &row.id).await? {
                live_rows.push((row.id, stored));
            }
        }

        Ok(live_rows)
    }
}

/// Returns the writes that turn `live_rows` into `rebuilt_rows`.
fn differing_writes(
    table: Table,
    live_rows: Vec<(Arc<str>, StoredState)>,
    mut rebuilt_rows: RebuiltRows,
) -> Vec<Write> {
    let mut writes = Vec::new();

    for (id, stored) in live_rows {
        let (value, keys) = match rebuilt_rows.remove(&id) {
            Some(row) => (Some(row.value), row.keys),
            None => (None, RowKeys::default()),
        };
        if value.as_ref() != Some(&stored.value) || keys != stored.keys {
            writes.push(Write {
                table,
                id,
                expected: ExpectedVersion::Exact(stored.version),
                value,
                keys,
            });
        }
    }

    // The rebuilt rows that are left have no stored row.
    writes.extend(rebuilt_rows.into_iter().map(|(id, row)| Write {
        table,
        id,
        expected: ExpectedVersion::Exact(Version::NONE),
        value: Some(row.value),
        keys: row.keys,
    }));

    writes
}
