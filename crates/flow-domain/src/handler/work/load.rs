use crate::{
    error::Error,
    handler::Ports,
    message::{Recorded, StreamName, Version},
    model::Aggregate,
    record::{Table, TableKind},
};

/// How many events are read at once.
const PAGE_SIZE: usize = 512;

pub(super) const fn aggregate_table<A: Aggregate>() -> Table {
    Table::new(TableKind::Aggregate, A::NAME)
}

/// Loads an aggregate as it is stored, outside any unit of work.
pub(crate) async fn load_aggregate<A: Aggregate>(
    ports: &Ports,
    stream: &StreamName,
) -> Result<Option<A>, Error> {
    if A::EVENT_SOURCED {
        let history = read_history(ports, stream).await?;
        let aggregate = fold(history.iter())?;
        return require_same_id(aggregate, stream);
    }

    let stored = ports
        .store
        .load(aggregate_table::<A>(), stream.id())
        .await?;

    stored
        .map(|stored| stored.value.decode(A::NAME))
        .transpose()
}

/// Reads a whole stream, page by page.
pub(super) async fn read_history(
    ports: &Ports,
    stream: &StreamName,
) -> Result<Vec<Recorded>, Error> {
    let mut history = ports
        .store
        .read_stream(stream, Version::NONE, PAGE_SIZE)
        .await?;
    let mut n_read = history.len();

    while n_read == PAGE_SIZE {
        let after = history.last().map_or(Version::NONE, |last| last.version);
        let page = ports.store.read_stream(stream, after, PAGE_SIZE).await?;
        n_read = page.len();
        history.extend(page);
    }

    Ok(history)
}

/// Folds events into the state of an aggregate; no events make no aggregate.
pub(crate) fn fold<'a, A: Aggregate>(
    history: impl Iterator<Item = &'a Recorded>,
) -> Result<Option<A>, Error> {
    let mut history = history.peekable();
    if history.peek().is_none() {
        return Ok(None);
    }

    let Some(mut aggregate) = A::initial() else {
        return Err(Error::setup(format!(
            "`{}` is event-sourced and has no initial state: `Aggregate::initial` must return one",
            A::NAME
        )));
    };

    for recorded in history {
        let envelope = &recorded.envelope;
        aggregate.replay(&envelope.metadata.message_type, &envelope.message)?;
    }

    Ok(Some(aggregate))
}

/// Refuses an aggregate whose events gave it another id than that of its stream.
pub(super) fn require_same_id<A: Aggregate>(
    aggregate: Option<A>,
    stream: &StreamName,
) -> Result<Option<A>, Error> {
    if let Some(aggregate) = &aggregate
        && aggregate.id() != stream.id()
    {
        return Err(Error::setup(format!(
            "the events of the stream `{stream}` make an {} with the id `{}`: its first event must set the id",
            A::NAME,
            aggregate.id()
        )));
    }

    Ok(aggregate)
}
