use std::{fmt, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    clock::{IdContext, Timestamp},
    error::Error,
    handler::{
        Ports, View,
        trace::log_failure,
        work::{
            context::HandlingContext,
            load::{aggregate_table, fold, read_history, require_same_id},
            session::{PendingChange, Session},
        },
    },
    message::{
        CausationId, Envelope, MessageId, MessageKind, Metadata, Payload, Processing, StreamName,
        Version, shared_text,
    },
    model::{Aggregate, Event, Projection, SerializedMessage},
    record::{DiscardedEffect, EntryId, EntryKind, HandlerOutcome, RolledBack, Table, TableKind},
};

/// What one handling loads, changes and raises, written whole or not at all.
///
/// It is handed to every handler. What is written is kept until the handler returns: `Ok` commits it,
/// an error throws all of it away. What is loaded again is seen as it was written in between, and two
/// writes of one aggregate are one; of two copies, only the one that was loaded last can be added.
///
/// Nothing is locked. A commit is refused with a conflict if somebody else wrote, in between, what it
/// changes. What was only looked at may have changed by then.
pub struct UnitOfWork {
    pub(super) ports: Arc<Ports>,
    pub(super) context: HandlingContext,
    pub(super) session: Session,
}

impl UnitOfWork {
    /// Begins with an empty session, which may have room from an earlier one.
    pub(crate) fn begin(ports: Arc<Ports>, context: HandlingContext, session: Session) -> Self {
        Self {
            ports,
            context,
            session,
        }
    }

    /// Begins anew, with nothing but the room that there was.
    pub(crate) fn restart(&mut self, context: HandlingContext) {
        self.context = context;
        self.session.clear();
    }

    /// Gives the room of the session back.
    pub(crate) fn into_session(mut self) -> Session {
        self.session.clear();
        self.session
    }

    /// Returns the current time. Under the harness it is virtual.
    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// Makes a new id. Under the harness it is a function of the message and the handler, so that two
    /// runs give the same ids.
    pub fn new_id(&mut self) -> Uuid {
        let origin = IdContext::new(
            Some(self.context.message.metadata.id.as_uuid()),
            self.context.handler,
            self.context.n_commits,
            self.context.n_ids,
        );

        self.context.n_ids += 1;
        self.ports.ids.make(origin)
    }

    /// What is known of the message being handled.
    pub fn metadata(&self) -> &Metadata {
        &self.context.message.metadata
    }

    /// Loads an aggregate that must exist.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_not_found`] is true if it does not exist.
    pub async fn load<A: Aggregate>(&mut self, id: impl fmt::Display) -> Result<A, Error> {
        let id = id.to_string();
        match self.find(&id).await? {
            Some(aggregate) => Ok(aggregate),
            None => Err(self.not_found_error::<A>(id).await),
        }
    }

    /// Says what is missing, and whether its events are there without it.
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
            let hint = ": its stream has events, but it is kept as state, which events do not make; \
                        in a test `.given_aggregate(..)` or `.given_command(..)` does";
            return Error::not_found_with_hint(A::NAME, id, hint);
        }

        Error::not_found(A::NAME, id)
    }

    /// Loads an aggregate if it exists.
    ///
    /// # Errors
    ///
    /// Returns an error if the aggregate is not registered, the store fails, or what is stored cannot
    /// be read as an `A`.
    pub async fn find<A: Aggregate>(&mut self, id: impl fmt::Display) -> Result<Option<A>, Error> {
        self.ports.catalog.require_aggregate::<A>()?;
        let id = shared_text(id);
        if !A::EVENT_SOURCED {
            let table = aggregate_table::<A>();
            let mut found: Option<A> = self.load_state(table, &id).await?;

            if let (Some(aggregate), Some(value)) = (&mut found, self.session.value(table, &id)) {
                aggregate
                    .pending_events_mut()
                    .set_load_token(value.load_token());
            }

            return Ok(found);
        }

        let name = stream_name::<A>(id)?;
        if self.session.stream(&name).is_none() {
            let history = read_history(&self.ports, &name).await?;
            let entry = self.context.entry;
            self.session.track_stream(name.clone(), history, entry);
        }

        let mut found: Option<A> = self.fold_current(&name)?;
        if let (Some(aggregate), Some(stream)) = (&mut found, self.session.stream(&name)) {
            aggregate
                .pending_events_mut()
                .set_load_token(stream.load_token());
        }

        Ok(found)
    }

    /// Folds what is stored and what was raised here.
    pub(super) fn fold_current<A: Aggregate>(&self, name: &StreamName) -> Result<Option<A>, Error> {
        let stored = self.session.stream(name);
        let mut aggregate: Option<A> = match stored {
            Some(stream) => fold(stream.history.iter())?,
            None => None,
        };

        for envelope in self
            .session
            .events
            .iter()
            .filter(|envelope| envelope.metadata.stream == *name)
        {
            if aggregate.is_none() {
                aggregate = A::initial();
            }
            if let Some(aggregate) = &mut aggregate {
                aggregate.replay(&envelope.metadata.message_type, &envelope.message)?;
            }
        }

        require_same_id(aggregate, name)
    }

    /// Adds an aggregate that is new or was changed, and the events that it raised.
    ///
    /// One that was not loaded here must not exist yet. Of several copies that were loaded, only the one
    /// that was loaded after the last `add` is taken: the others do not know what was written since.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_conflict`] is true if the copy is an older one. Returns an
    /// error if the aggregate is not registered, if it has no JSON form, if its id was changed, or if it
    /// raised an event that carries another id than its own. Nothing is added then.
    pub fn add<A: Aggregate>(&mut self, mut aggregate: A) -> Result<(), Error> {
        self.ports.catalog.require_aggregate::<A>()?;
        let stream = require_own_stream(&mut aggregate)?;
        let mut events = require_own_events(&aggregate, &stream)?;
        let copy = aggregate.pending_events_mut().load_token().cloned();
        let who = self.context.handler;

        if A::EVENT_SOURCED {
            if events.is_empty() {
                self.check_aggregate_without_events(aggregate, &stream);
                return Ok(());
            }
            self.session
                .require_newest_stream(&stream, copy.as_ref(), who)?;
            self.session.mark_raised(&stream);
        } else {
            let state = Payload::encode(A::NAME, &aggregate)?;
            let at = (aggregate_table::<A>(), stream.shared_id());

            self.session.require_newest(at, copy.as_ref(), who)?;
            // An event is a decision about the state, so the state is written with it even if it is
            // the same: or nothing would notice that it was stale.
            let entry = self.context.entry;
            self.session
                .set_change(at, PendingChange::Put(state), !events.is_empty(), entry);
        }

        self.check_event_round_trips(&aggregate, &mut events);
        for event in events {
            self.push_event(event, stream.clone());
        }

        self.check_aggregate(aggregate, &stream);
        Ok(())
    }

    /// Removes an aggregate that was loaded here, and adds the events that it raised.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if it was not loaded here, or if it is
    /// event-sourced: its events happened, and an event that ends it says so. Otherwise those of
    /// [`add`](Self::add).
    pub fn remove<A: Aggregate>(&mut self, mut aggregate: A) -> Result<(), Error> {
        let stream = require_own_stream(&mut aggregate)?;
        if A::EVENT_SOURCED {
            return Err(Error::setup(format!(
                "`{}` is event-sourced and cannot be removed: raise an event that ends it",
                A::NAME
            )));
        }

        let at = (aggregate_table::<A>(), stream.shared_id());
        let copy = aggregate.pending_events_mut().load_token().cloned();

        if copy.is_none() {
            return Err(Error::setup(format!(
                "{} `{}` cannot be removed: it was not loaded in this unit of work",
                A::NAME,
                stream.id()
            )));
        }

        let mut events = require_own_events(&aggregate, &stream)?;
        self.session
            .require_newest(at, copy.as_ref(), self.context.handler)?;
        let entry = self.context.entry;
        self.session
            .set_change(at, PendingChange::Delete, !events.is_empty(), entry);
        self.check_event_round_trips(&aggregate, &mut events);

        for event in events {
            self.push_event(event, stream.clone());
        }

        Ok(())
    }

    /// Raises an event without an aggregate at hand, whatever the version of its stream.
    ///
    /// # Errors
    ///
    /// Returns an error if the event is not registered, names no id, or has no JSON form.
    pub fn raise<E: Event>(&mut self, event: E) -> Result<(), Error> {
        let message = event;
        let mut event = SerializedMessage::new(&message)?;

        self.ports
            .catalog
            .require_event(event.name, event.category)?;
        self.check_message_round_trip(&message, &mut event);
        let stream = event.stream()?;
        self.session.mark_raised_if_tracked(&stream);
        self.push_event(event, stream);

        Ok(())
    }

    fn push_event(&mut self, event: SerializedMessage, stream: StreamName) {
        let id = MessageId::new(self.new_id());
        let processing = self.context.processing;
        let envelope = self.wrap(id, event, stream, MessageKind::Event, processing);
        let entry = self.ports.record(Some(self.context.entry), || {
            EntryKind::Raised(Arc::clone(&envelope))
        });

        self.session.events.push(envelope);
        self.session.event_entries.push(entry);
    }

    /// Puts a message that the current one causes into its envelope.
    pub(super) fn wrap(
        &self,
        id: MessageId,
        mut message: SerializedMessage,
        mut stream: StreamName,
        kind: MessageKind,
        processing: Processing,
    ) -> Arc<Envelope> {
        if let Some(rewrite) = &self.context.rewrite {
            rewrite.rewrite_message(&mut message, &mut stream);
        }

        let cause = &self.context.message.metadata;
        Arc::new(Envelope {
            metadata: Metadata {
                id,
                kind,
                message_type: self.ports.catalog.message_type(message.name),
                stream,
                time: self.ports.clock.now(),
                correlation: cause.correlation,
                causation: Some(CausationId::from(cause.id)),
                priority: cause.priority,
                initiated_by: cause.initiated_by.clone(),
                caused_in_category: Some(cause.stream.shared_category()),
                deadline: None,
                processing,
            },
            message: message.payload,
        })
    }

    pub(crate) fn record_failure(
        &self,
        (handler, started): (&'static str, EntryId),
        err: &Error,
        lost: Vec<DiscardedEffect>,
    ) {
        log_failure(handler, err);
        self.ports.record(Some(started), || {
            let undone = Box::new(RolledBack::new(err, lost));
            EntryKind::HandlerEnded(if err.is_rejection() {
                HandlerOutcome::Rejected(undone)
            } else {
                HandlerOutcome::Failed(undone)
            })
        });
    }

    /// Tells, for the record, what is lost if this is not committed.
    pub(crate) fn discarded_effects(&self) -> Vec<DiscardedEffect> {
        self.session.discarded_since(&Session::default())
    }

    /// Reads a projection as it was committed; what this unit of work changes is not in it yet.
    pub fn view<P: Projection>(&self) -> View<P> {
        View::new(Arc::clone(&self.ports))
    }

    /// Loads a state or row, as it was written here or as it is stored.
    pub(crate) async fn load_state<T: DeserializeOwned + 'static>(
        &mut self,
        table: Table,
        id: &Arc<str>,
    ) -> Result<Option<T>, Error> {
        self.ensure_loaded(table, id).await?;
        let value = self
            .session
            .value(table, id)
            .and_then(|value| value.current());
        value.map(|value| value.decode(table.name)).transpose()
    }

    /// Loads a state or row without reading it, so that it can be written.
    pub(crate) async fn ensure_loaded(&mut self, table: Table, id: &Arc<str>) -> Result<(), Error> {
        if self.session.value(table, id).is_some() {
            return Ok(());
        }

        let stored = match table.kind {
            TableKind::Projection => self.ports.store.get(table, id).await?,
            _ => self.ports.store.load(table, id).await?,
        };
        let entry = self.context.entry;

        self.session
            .track_value((table, Arc::clone(id)), stored, entry);
        Ok(())
    }

    /// Writes a state or row; one that was not loaded here must not exist.
    ///
    /// `is_decided_on` says whether it is written even if it is the same.
    pub(crate) fn write_state<T: Serialize>(
        &mut self,
        table: Table,
        id: &Arc<str>,
        value: &T,
        is_decided_on: bool,
    ) -> Result<(), Error> {
        let change = PendingChange::Put(Payload::encode(table.name, value)?);
        self.session
            .set_change((table, id), change, is_decided_on, self.context.entry);
        Ok(())
    }

    /// Returns true if anything is to be written.
    pub(crate) fn has_changes(&self) -> bool {
        self.session.has_changes()
    }

    /// Deletes a state or row that was loaded here.
    pub(crate) fn delete_state(&mut self, table: Table, id: &Arc<str>) {
        self.session.set_change(
            (table, id),
            PendingChange::Delete,
            false,
            self.context.entry,
        );
    }
}

/// The stream of an aggregate, whose id must be the one that it was loaded by.
fn require_own_stream<A: Aggregate>(aggregate: &mut A) -> Result<StreamName, Error> {
    let stream = stream_name::<A>(&*aggregate.id())?;
    match aggregate.pending_events_mut().load_token() {
        Some(copy) if *copy.id != *stream.id() => Err(Error::setup(format!(
            "{} `{}` was loaded as `{}`: an aggregate does not change its id",
            A::NAME,
            stream.id(),
            copy.id
        ))),
        _ => Ok(stream),
    }
}

/// The events that an aggregate raised, which must be its own.
fn require_own_events<A: Aggregate>(
    aggregate: &A,
    stream: &StreamName,
) -> Result<Vec<SerializedMessage>, Error> {
    let events = aggregate.raised().to_serialized()?;
    for event in &events {
        if event.category != A::CATEGORY || *event.id != *stream.id() {
            return Err(Error::setup(format!(
                "{} `{}` raised {} with the id `{}` of the category `{}`: an aggregate raises its own events only",
                A::NAME,
                stream.id(),
                event.name,
                event.id,
                event.category
            )));
        }
    }

    Ok(events)
}

impl fmt::Debug for UnitOfWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnitOfWork")
            .field("handler", &self.context.handler)
            .field("message", &self.context.message.metadata.message_type)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

fn stream_name<A: Aggregate>(id: impl Into<Arc<str>>) -> Result<StreamName, Error> {
    StreamName::new(A::CATEGORY, id).map_err(|err| Error::setup(err.to_string()))
}
