use crate::{
    error::Error,
    handler::{Catalog, Ports, work::snapshot::Snapshot},
    message::{Payload, Recorded, StreamName, Version},
    model::Aggregate,
};

/// The number of events that are read at once.
const PAGE_SIZE: usize = 512;

/// What the store has of an event-sourced aggregate.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// The state after the first of the events. Without it, the events are all that the stream has.
    snapshot: Option<Payload>,
    events: Vec<Recorded>,
}

impl History {
    /// Reads a stream: the snapshot and the events since, or all events.
    pub(super) async fn read<A: Aggregate>(
        ports: &Ports,
        stream: &StreamName,
    ) -> Result<Self, Error> {
        if let Some((payload, snapshot)) = Snapshot::<A>::find(ports, stream).await? {
            // The last event of the snapshot is read, too: it proves that the snapshot is of this stream.
            let before = Version::new(snapshot.version.saturating_sub(1));
            let events = read_events(ports, stream, before).await?;
            if events
                .first()
                .is_some_and(|first| snapshot.ends_with(first))
            {
                return Ok(Self {
                    snapshot: Some(payload),
                    events,
                });
            }
            Snapshot::<A>::note_discarded(ports, stream, "the stream does not have its last event");
        }

        Ok(Self {
            snapshot: None,
            events: read_events(ports, stream, Version::NONE).await?,
        })
    }

    /// Returns true if the stream has no events.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Returns the version of the stream.
    pub(super) fn version(&self) -> Version {
        self.events
            .last()
            .map_or(Version::NONE, |last| last.version)
    }

    /// Returns the version of the stream at the snapshot.
    pub(super) fn snapshot_version(&self) -> Version {
        match (&self.snapshot, self.events.first()) {
            (Some(_), Some(first)) => first.version,
            _ => Version::NONE,
        }
    }

    /// Folds the events into the state. Returns `None` if there is no event, or only retired ones.
    pub(super) fn fold<A: Aggregate>(&self, catalog: &Catalog) -> Result<Option<A>, Error> {
        let Some(snapshot) = &self.snapshot else {
            return fold_aggregate(catalog, self.events.iter());
        };

        let mut aggregate = Snapshot::<A>::decode(snapshot)?.state;
        for recorded in self.events.iter().skip(1) {
            fold_event(&mut aggregate, catalog, recorded)?;
        }
        Ok(Some(aggregate))
    }
}

/// Reads the events of a stream after a version, page by page.
async fn read_events(
    ports: &Ports,
    stream: &StreamName,
    after: Version,
) -> Result<Vec<Recorded>, Error> {
    let mut events = ports.store.read_stream(stream, after, PAGE_SIZE).await?;

    let mut n_read = events.len();
    while n_read == PAGE_SIZE {
        let after = events.last().map_or(Version::NONE, |last| last.version);
        let page = ports.store.read_stream(stream, after, PAGE_SIZE).await?;
        n_read = page.len();
        events.extend(page);
    }

    Ok(events)
}

/// Folds events into the state of an aggregate. Returns `None` if there are no events, or only
/// retired ones.
pub(crate) fn fold_aggregate<'a, A: Aggregate>(
    catalog: &Catalog,
    history: impl Iterator<Item = &'a Recorded>,
) -> Result<Option<A>, Error> {
    let mut history = history.peekable();
    if history.peek().is_none() {
        return Ok(None);
    }

    let mut aggregate = initial::<A>()?;
    let mut n_folded = 0;
    for recorded in history {
        n_folded += usize::from(fold_event(&mut aggregate, catalog, recorded)?);
    }

    Ok((0 < n_folded).then_some(aggregate))
}

/// Folds events one by one, and calls `visit` with the state after each; `None` if there is none yet.
///
/// # Errors
///
/// Those of [`fold_aggregate`]. The states after the event that cannot be read are not visited.
#[cfg(feature = "testing")]
pub(crate) fn fold_each<A: Aggregate>(
    catalog: &Catalog,
    history: &[Recorded],
    mut visit: impl FnMut(Option<&A>),
) -> Result<(), Error> {
    let mut aggregate = initial::<A>()?;
    let mut n_folded = 0;
    for recorded in history {
        n_folded += usize::from(fold_event(&mut aggregate, catalog, recorded)?);
        visit((0 < n_folded).then_some(&aggregate));
    }

    Ok(())
}

fn initial<A: Aggregate>() -> Result<A, Error> {
    A::initial().ok_or_else(|| {
        Error::setup(format!(
            "`{}` is event-sourced and has no initial state: `Aggregate::initial` must return one",
            A::NAME
        ))
    })
}

/// Applies a stored event. Returns false for a retired event, which changes nothing.
fn fold_event<A: Aggregate>(
    aggregate: &mut A,
    catalog: &Catalog,
    recorded: &Recorded,
) -> Result<bool, Error> {
    let (metadata, content) = (recorded.metadata(), &recorded.envelope.message);
    match aggregate.replay(&metadata.message_type, content) {
        Ok(()) => Ok(true),
        // The checks come after the failure, so readable events do not pay for them.
        Err(_) if catalog.upcasts.is_retired(&metadata.message_type) => Ok(false),
        Err(err) => {
            catalog.require_readable(&recorded.envelope)?;
            Err(err)
        }
    }
}
