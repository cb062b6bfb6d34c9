use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    engine::rebuild::{
        RebuildReport, SkippedEvent, replay::Replay, report::StoredSkippedEvent, scratch_store,
    },
    error::Error,
    handler::{Catalog, Ports},
    message::{ExpectedVersion, Payload, Position, Version},
    port::{Changes, Durability, RowKeys, TableChange, Write},
    record::{Table, TableKind},
};

/// The rebuilds of all projections, by the name of the projection.
const REBUILDS: Table = Table::new(TableKind::Rebuild, "progress");

/// The largest number of events that a rebuild skips. Each of them is stored with its failure.
const MAX_SKIPPED: usize = 1_000;

/// Saves in the store what a rebuild has done, so that it takes little memory and can be resumed.
///
/// The rebuilt rows are in a table of their own. Each commit has the rows of a page and the position of its
/// last event.
pub(super) struct Staging<'a> {
    ports: &'a Ports,
    projection: &'static str,
    /// The version of the program, if the rebuild can be resumed.
    program: Option<String>,
    /// The version of the stored progress. Another rebuild of the projection changes it.
    version: Version,
    /// The position in the stored progress.
    saved: Position,
}

/// How far a rebuild is, as the store keeps it; `None` if no rebuild is open.
// Invariant: the names of the fields are part of the stored format.
type StoredRebuild = Option<OpenRebuild>;

#[derive(Serialize, Deserialize)]
struct OpenRebuild {
    program: Option<String>,
    position: u64,
    n_events: usize,
    n_handled: usize,
    skipped: Vec<StoredSkippedEvent>,
    unknown: BTreeMap<String, usize>,
}

impl OpenRebuild {
    fn report(self, catalog: &Catalog) -> RebuildReport {
        let skipped = self.skipped.into_iter();

        RebuildReport {
            n_events: self.n_events,
            n_handled: self.n_handled,
            skipped: skipped.map(|event| event.restore(catalog)).collect(),
            unknown: self.unknown,
            ..RebuildReport::default()
        }
    }
}

impl<'a> Staging<'a> {
    /// Begins a rebuild, or resumes an earlier one of the same version of the program.
    ///
    /// From here on, an earlier rebuild of the projection cannot save anything.
    pub(super) async fn begin(
        ports: &'a Ports,
        projection: &'static str,
        program: Option<String>,
        replay: &mut Replay<'_>,
    ) -> Result<Self, Error> {
        let stored = ports.store.load(REBUILDS, projection).await?;
        let (mut version, mut open) = (Version::NONE, None);
        if let Some(stored) = stored {
            version = stored.version;
            open = stored.value.decode::<StoredRebuild>("Rebuild")?;
        }
        let mut staging = Self {
            ports,
            projection,
            program,
            version,
            saved: Position::START,
        };

        let is_resumed =
            |open: &OpenRebuild| open.program.is_some() && open.program == staging.program;
        let mut changes = Changes::new("the rebuild");
        match open.filter(is_resumed) {
            Some(open) => {
                let position = Position::new(open.position);
                replay.resume(position, open.report(&ports.catalog));
            }
            None => changes
                .table_changes
                .push(TableChange::Clear(staging.rows())),
        }
        staging.commit(changes, replay).await?;

        Ok(staging)
    }

    /// Returns the table of the rebuilt rows.
    pub(super) fn rows(&self) -> Table {
        scratch_store::staged(Table::new(TableKind::Projection, self.projection))
    }

    /// Saves the rows since the last call, and the position.
    pub(super) async fn save(&mut self, replay: &Replay<'_>) -> Result<(), Error> {
        self.check_skipped(replay.report())?;
        if replay.position() == self.saved {
            return Ok(());
        }

        let mut changes = Changes::new("the rebuild");
        changes.writes = replay.scratch_store().unsaved_writes();
        self.commit(changes, replay).await?;
        replay.scratch_store().set_saved();
        Ok(())
    }

    async fn commit(&mut self, mut changes: Changes, replay: &Replay<'_>) -> Result<(), Error> {
        let report = replay.report();
        let open = OpenRebuild {
            program: self.program.clone(),
            position: replay.position().as_u64(),
            n_events: report.n_events,
            n_handled: report.n_handled,
            skipped: report.skipped.iter().map(SkippedEvent::to_stored).collect(),
            unknown: report.unknown.clone(),
        };
        changes.writes.push(self.write(Some(open))?);
        // A crash loses the last commits whole, rows and positions.
        changes.durability = Durability::Relaxed;

        self.ports.store.commit(&changes).await?;
        self.version = self.version.next();
        self.saved = replay.position();
        Ok(())
    }

    /// Adds to `changes` what ends the rebuild: its rows become those of the projection.
    pub(super) fn finish(&self, changes: &mut Changes, live: Version) -> Result<(), Error> {
        changes.writes.push(self.write(None)?);
        changes.table_changes.push(TableChange::Replace {
            table: Table::new(TableKind::Projection, self.projection),
            by: self.rows(),
            expected: live,
        });
        Ok(())
    }

    fn write(&self, rebuild: StoredRebuild) -> Result<Write, Error> {
        Ok(Write {
            table: REBUILDS,
            id: self.projection.into(),
            expected: ExpectedVersion::Exact(self.version),
            value: Some(Payload::encode("Rebuild", &rebuild)?),
            keys: RowKeys::default(),
        })
    }

    fn check_skipped(&self, report: &RebuildReport) -> Result<(), Error> {
        let [first, ..] = &*report.skipped else {
            return Ok(());
        };
        if report.skipped.len() <= MAX_SKIPPED {
            return Ok(());
        }

        Err(Error::failed(
            format!("the rebuild of `{}`", self.projection),
            format!(
                "it changed no row, because more than {MAX_SKIPPED} events failed; \
                 the first one is at {first}"
            ),
        ))
    }
}
