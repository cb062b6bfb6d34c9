use std::sync::Arc;

use crate::{
    error::Error,
    handler::{Ports, UnitOfWork, work::history::History},
    message::{StreamName, Version},
    model::{Aggregate, Id},
    record::{Table, TableKind},
};

impl UnitOfWork {
    /// Loads an aggregate that must exist.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_not_found`] is true if it does not exist. Otherwise
    /// returns the errors of [`find`](Self::find).
    pub async fn load<A: Aggregate>(&mut self, id: impl Id) -> Result<A, Error> {
        let id = id.key();
        match self.find(&*id).await? {
            Some(aggregate) => Ok(aggregate),
            None => Err(self.not_found_error::<A>(id.into_owned()).await),
        }
    }

    /// Returns the error for a missing aggregate.
    ///
    /// It has a hint if the aggregate is stored as state, but its stream has events. In a test,
    /// these events come from the wrong `given` step.
    async fn not_found_error<A: Aggregate>(&self, id: String) -> Error {
        if !A::EVENT_SOURCED
            && let Ok(stream) = stream_name::<A>(id.as_str())
            && let Ok(events) = self
                .ports
                .store
                .read_stream(&stream, Version::NONE, 1)
                .await
            && !events.is_empty()
        {
            let hint = ": it is stored as state, so the events of its stream do not create it; \
                        in a test, create it with `.given_command(..)` or `.given_aggregate(..)`";
            return Error::not_found_with_hint(A::NAME, id, hint);
        }

        Error::not_found(A::NAME, id)
    }

    /// Loads an aggregate if it exists.
    ///
    /// # Errors
    ///
    /// Returns an error if the aggregate is not registered, the key of the id is invalid, the store
    /// fails, or the stored data is not an `A`.
    pub async fn find<A: Aggregate>(&mut self, id: impl Id) -> Result<Option<A>, Error> {
        let result = self.try_find(id).await;
        self.note_own_error(result)
    }

    async fn try_find<A: Aggregate>(&mut self, id: impl Id) -> Result<Option<A>, Error> {
        self.ports.catalog.require_aggregate::<A>()?;

        let name = stream_name::<A>(&*id.key())?;
        if A::EVENT_SOURCED {
            self.find_by_events(name).await
        } else {
            self.find_by_state(name.shared_id()).await
        }
    }

    async fn find_by_state<A: Aggregate>(&mut self, id: &Arc<str>) -> Result<Option<A>, Error> {
        let table = aggregate_table::<A>();
        let mut loaded: Option<A> = self.load_state(table, id).await?;

        if let (Some(aggregate), Some(value)) = (&mut loaded, self.session.value(table, id)) {
            aggregate
                .pending_events_mut()
                .set_load_token(value.load_token());
        }

        Ok(loaded)
    }

    async fn find_by_events<A: Aggregate>(&mut self, name: StreamName) -> Result<Option<A>, Error> {
        self.ports.hooks.count_read().await;
        if self.session.stream(&name).is_none() {
            let history = History::read::<A>(&self.ports, &name).await?;
            let start_entry = self.context.start_entry;
            self.session
                .track_stream(name.clone(), history, start_entry);
        }

        let mut loaded: Option<A> = self.fold_current(&name)?;
        if let (Some(aggregate), Some(stream)) = (&mut loaded, self.session.stream(&name)) {
            aggregate
                .pending_events_mut()
                .set_load_token(stream.load_token());
        }

        Ok(loaded)
    }

    /// Folds the stored events of a stream, and then those that were raised in this unit of work.
    pub(super) fn fold_current<A: Aggregate>(&self, name: &StreamName) -> Result<Option<A>, Error> {
        let mut aggregate: Option<A> = match self.session.stream(name) {
            Some(stream) => stream.history.fold(&self.ports.catalog)?,
            None => None,
        };

        for envelope in self.session.raised(name) {
            if aggregate.is_none() {
                aggregate = A::initial();
            }
            if let Some(aggregate) = &mut aggregate {
                aggregate.replay(&envelope.metadata.message_type, &envelope.message)?;
            }
        }

        require_same_id(aggregate, name)
    }
}

/// Returns the table with the states of `A`.
pub(super) const fn aggregate_table<A: Aggregate>() -> Table {
    Table::new(TableKind::Aggregate, A::NAME)
}

/// Returns the name of the stream of the `A` with this id.
pub(crate) fn stream_name<A: Aggregate>(id: impl Into<Arc<str>>) -> Result<StreamName, Error> {
    StreamName::new(A::CATEGORY, id).map_err(|err| err.of(A::NAME, A::ID_FIELD))
}

/// Loads an aggregate as it is stored, outside any unit of work.
pub(crate) async fn load_aggregate<A: Aggregate>(
    ports: &Ports,
    stream: &StreamName,
) -> Result<Option<A>, Error> {
    if A::EVENT_SOURCED {
        let history = History::read::<A>(ports, stream).await?;
        let aggregate = history.fold(&ports.catalog)?;
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

/// Returns an error if the events of an aggregate gave it an id that differs from its stream's id.
fn require_same_id<A: Aggregate>(
    aggregate: Option<A>,
    stream: &StreamName,
) -> Result<Option<A>, Error> {
    if let Some(aggregate) = &aggregate
        && aggregate.id() != stream.id()
    {
        return Err(Error::setup(format!(
            "the events of the stream `{stream}` fold into {} `{}`: the first event must set the id `{}`, in its `apply`",
            A::NAME,
            aggregate.id(),
            stream.id()
        )));
    }

    Ok(aggregate)
}
