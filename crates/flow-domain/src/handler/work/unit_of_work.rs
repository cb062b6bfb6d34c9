use std::{fmt, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    clock::{Origin, Timestamp},
    error::Error,
    handler::{
        Ports, Reply, View, catch_panic, span_of,
        trace::tell_failure,
        work::{
            context::Context,
            load::{fold, read_history, require_id, table_of},
            session::{Change, HandlingId, Session},
        },
    },
    message::{
        CausationId, Envelope, MessageId, MessageKind, Metadata, Payload, StreamName, shared_text,
    },
    model::{Aggregate, Command, Event, Projection, Written},
    record::{Ended, EntryId, HandlerKind, Happening, RolledBack, Table, TableKind},
};

/// What one handling loads, changes and raises, written whole or not at all.
///
/// It is handed to every handler. What is written is kept until the handler returns: `Ok` commits it,
/// an error throws all of it away. What is loaded twice is seen as it was written in between, and two
/// writes of one aggregate are one.
///
/// Nothing is locked. A commit is refused with a conflict if somebody else wrote, in between, what it
/// changes. What was only looked at may have changed by then.
pub struct UnitOfWork {
    pub(super) ports: Arc<Ports>,
    pub(super) context: Context,
    pub(super) session: Session,
    n_handlings: HandlingId,
}

impl UnitOfWork {
    /// Begins with an empty session, which may have room from an earlier one.
    pub(crate) fn begin(
        ports: Arc<Ports>,
        message: Arc<Envelope>,
        handler: &'static str,
        entry: EntryId,
        session: Session,
    ) -> Self {
        Self {
            ports,
            context: Context::new(message, handler, entry),
            session,
            n_handlings: 1,
        }
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
        let origin = Origin::new(
            Some(self.context.message.metadata.id.as_uuid()),
            self.context.handler,
            0,
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
            None => Err(Error::not_found(A::NAME, id)),
        }
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
            return self.load_state(table_of::<A>(), &id).await;
        }
        let name = stream_name::<A>(id)?;
        if self.session.stream(&name).is_none() {
            let history = read_history(&self.ports, &name).await?;
            self.session.keep_stream(name.clone(), history);
        }
        self.session.loaded_stream(&name);
        self.folded(&name)
    }

    /// Folds what is stored and what was raised here.
    fn folded<A: Aggregate>(&self, name: &StreamName) -> Result<Option<A>, Error> {
        let stored = self.session.stream(name);
        let mut aggregate: Option<A> = match stored {
            Some(stream) => fold(stream.history.iter())?,
            None => None,
        };
        let raised = self.session.events.iter();
        for envelope in raised.filter(|envelope| envelope.metadata.stream == *name) {
            if aggregate.is_none() {
                aggregate = A::initial();
            }
            if let Some(aggregate) = &mut aggregate {
                aggregate.replay(&envelope.metadata.message_type, &envelope.message)?;
            }
        }
        require_id(aggregate, name)
    }

    /// Adds an aggregate that is new or was changed, and takes the events that it raised.
    ///
    /// One that was not loaded here must not exist yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the aggregate is not registered, if it has no JSON form, or if it raised an
    /// event that carries another id than its own.
    pub fn add<A: Aggregate>(&mut self, mut aggregate: A) -> Result<(), Error> {
        self.ports.catalog.require_aggregate::<A>()?;
        let stream = stream_name::<A>(&*aggregate.id())?;
        let n_raised = self.take_raised(&mut aggregate, &stream)?;
        if A::EVENT_SOURCED {
            if self.session.stream(&stream).is_none() {
                self.session.keep_stream(stream, Vec::new());
            }
            return Ok(());
        }
        let state = Payload::encode(A::NAME, &aggregate)?;
        // An event is a decision about the state, so the state is written with it even if it is the
        // same: or nothing would notice that it was stale.
        self.set(
            table_of::<A>(),
            stream.shared_id(),
            Change::Put(state),
            0 < n_raised,
        )
    }

    /// Removes an aggregate that was loaded here, and takes the events that it raised.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if it was not loaded here, or if it is
    /// event-sourced: its events happened, and an event that ends it says so.
    pub fn remove<A: Aggregate>(&mut self, mut aggregate: A) -> Result<(), Error> {
        let stream = stream_name::<A>(&*aggregate.id())?;
        if A::EVENT_SOURCED {
            return Err(Error::setup(format!(
                "`{}` is event-sourced and cannot be removed: raise an event that ends it",
                A::NAME
            )));
        }
        let id = stream.shared_id();
        if self.session.value(table_of::<A>(), id).is_none() {
            return Err(Error::setup(format!(
                "{} `{}` cannot be removed: it was not loaded in this unit of work",
                A::NAME,
                stream.id()
            )));
        }
        self.take_raised(&mut aggregate, &stream)?;
        self.set(table_of::<A>(), id, Change::Delete, false)
    }

    fn take_raised<A: Aggregate>(
        &mut self,
        aggregate: &mut A,
        stream: &StreamName,
    ) -> Result<usize, Error> {
        let raised = aggregate.raised_mut().take()?;
        if !raised.is_empty() {
            self.session.require_fresh(stream, self.context.handler)?;
        }
        let n_raised = raised.len();
        for event in raised {
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
            self.append(event, stream.clone());
        }
        Ok(n_raised)
    }

    /// Raises an event without an aggregate at hand, whatever the version of its stream.
    ///
    /// # Errors
    ///
    /// Returns an error if the event is not registered, names no id, or has no JSON form.
    pub fn raise<E: Event>(&mut self, event: E) -> Result<(), Error> {
        let event = Written::new(&event)?;
        self.ports
            .catalog
            .require_event(event.name, event.category)?;
        let stream = event.stream()?;
        self.append(event, stream);
        Ok(())
    }

    fn append(&mut self, event: Written, stream: StreamName) {
        let id = MessageId::new(self.new_id());
        let envelope = self.wrap(id, event, stream, MessageKind::Event);
        let entry = self.ports.record(Some(self.context.entry), || {
            Happening::Raised(Arc::clone(&envelope))
        });
        self.session.events.push(envelope);
        self.session.raised_at.push(entry);
    }

    /// Puts a message that the current one causes into its envelope.
    fn wrap(
        &self,
        id: MessageId,
        message: Written,
        stream: StreamName,
        kind: MessageKind,
    ) -> Arc<Envelope> {
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
                asked_by: cause.asked_by.clone(),
            },
            message: message.payload,
        })
    }

    /// Processes a further command as part of this unit of work, and returns what its handler
    /// answered.
    ///
    /// What its handler writes is committed with everything else, or not at all. If it refuses or
    /// fails, what it wrote is thrown away and the error is returned; a handler that goes on after
    /// that keeps what it wrote itself. What the command's events cause happens after the commit.
    ///
    /// # Errors
    ///
    /// Returns the rejection or failure of the command's handler, or an error for which
    /// [`Error::is_no_handler`] is true if there is none.
    pub async fn process<C: Command>(&mut self, command: C) -> Result<C::Reply, Error> {
        let command = Written::new(&command)?;
        let ports = Arc::clone(&self.ports);
        let Some(route) = ports.catalog.command_route(command.name, command.category) else {
            return Err(no_handler(&command));
        };
        let id = MessageId::new(self.new_id());
        let stream = command_stream(&command, || id)?;
        let envelope = self.wrap(id, command, stream, MessageKind::Command);
        let received = self.ports.record(Some(self.context.entry), || {
            Happening::CommandReceived(Arc::clone(&envelope))
        });
        let started = self
            .ports
            .record(Some(received), || Happening::HandlerStarted {
                handler: route.handler,
                kind: HandlerKind::CommandHandler,
                attempt: 1,
            });
        let handling = self.n_handlings;
        self.n_handlings += 1;
        let nested = Context::of_command(Arc::clone(&envelope), route, handling, started);
        let outer = std::mem::replace(&mut self.context, nested);
        let earlier = self.session.clone();
        let span = span_of(&envelope, route.handler, HandlerKind::CommandHandler);
        let mut called = route.call.call(&route.instance, &envelope, self);
        let handled = catch_panic(&span, called.as_mut()).await;
        drop(called);
        let _entered = span.enter();
        self.context = outer;
        match handled {
            Ok(reply) => {
                let n_events = earlier.events.len();
                self.session
                    .nested_is_done(handling, self.context.handling, n_events);
                self.ports
                    .record(Some(started), || Happening::HandlerEnded(Ended::Handled));
                Ok(Reply::into(reply))
            }
            Err(err) => {
                let lost = self.session.lost_since(&earlier);
                self.session.roll_back_to(earlier);
                self.record_failure((route.handler, started), &err, lost);
                Err(err)
            }
        }
    }

    pub(crate) fn record_failure(
        &self,
        (handler, started): (&'static str, EntryId),
        err: &Error,
        lost: Vec<String>,
    ) {
        tell_failure(handler, err);
        self.ports.record(Some(started), || {
            let reason = err.with_causes().to_string();
            let undone = Box::new(RolledBack { reason, lost });
            Happening::HandlerEnded(if err.is_rejection() {
                Ended::Rejected(undone)
            } else {
                Ended::Failed(undone)
            })
        });
    }

    /// Tells, for the record, what is lost if this is not committed.
    pub(crate) fn lost(&self) -> Vec<String> {
        self.session.lost_since(&Session::default())
    }

    /// Reads a projection as it was committed; what this unit of work changes is not in it yet.
    pub fn view<P: Projection>(&self) -> View<P> {
        View::new(Arc::clone(&self.ports))
    }

    /// Loads a state or row, as it was written here or as it is stored.
    pub(crate) async fn load_state<T: DeserializeOwned>(
        &mut self,
        table: Table,
        id: &Arc<str>,
    ) -> Result<Option<T>, Error> {
        self.touch(table, id).await?;
        let value = self.session.loaded(table, id).and_then(|value| value.now());
        value.map(|value| value.decode(table.name)).transpose()
    }

    /// Loads a state or row without reading it, so that it can be written.
    pub(crate) async fn touch(&mut self, table: Table, id: &Arc<str>) -> Result<(), Error> {
        if self.session.loaded(table, id).is_some() {
            return Ok(());
        }
        let stored = match table.kind {
            TableKind::Projection => self.ports.store.get(table, id).await?,
            _ => self.ports.store.load(table, id).await?,
        };
        self.session.keep(table, Arc::clone(id), stored);
        Ok(())
    }

    /// Writes a state or row; one that was not loaded here must not exist.
    pub(crate) fn write_state<T: Serialize>(
        &mut self,
        table: Table,
        id: &Arc<str>,
        value: &T,
    ) -> Result<(), Error> {
        let value = Payload::encode(table.name, value)?;
        self.set(table, id, Change::Put(value), false)
    }

    /// Deletes a state or row that was loaded here.
    pub(crate) fn delete_state(&mut self, table: Table, id: &Arc<str>) -> Result<(), Error> {
        self.set(table, id, Change::Delete, false)
    }

    fn set(
        &mut self,
        table: Table,
        id: &Arc<str>,
        change: Change,
        always: bool,
    ) -> Result<(), Error> {
        let Context {
            handling,
            entry,
            handler,
            ..
        } = self.context;
        self.session
            .set((table, id), change, always, (handling, entry, handler))
    }
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

/// The stream of the aggregate that a command is for, or one of its own if it names none.
pub(crate) fn command_stream(
    command: &Written,
    own_id: impl FnOnce() -> MessageId,
) -> Result<StreamName, Error> {
    if command.id.is_empty() {
        return StreamName::new(command.category, own_id().to_string())
            .map_err(|err| Error::setup(err.to_string()));
    }
    command.stream()
}

pub(crate) fn no_handler(command: &Written) -> Error {
    Error::no_handler(format!(
        "nobody handles the command `{}`: register a command handler whose routes name it, with `.command_handler(..)`",
        command.name
    ))
}
