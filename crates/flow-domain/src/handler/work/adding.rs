use std::sync::Arc;

use crate::{
    error::Error,
    handler::{
        Ports, UnitOfWork,
        work::{
            load::{aggregate_table, stream_name},
            tracked_state::PendingChange,
        },
    },
    message::{MessageId, MessageKind, StreamName},
    model::{Aggregate, Event, SerializedMessage},
    port::RowKeys,
    record::EntryKind,
};

/// Changes of aggregates, and events.
impl UnitOfWork {
    /// Adds a new or changed aggregate, and the events that it raised.
    ///
    /// An aggregate that was not loaded in this unit of work must not exist yet. If it was loaded more
    /// than once, only a copy that was loaded after the last `add` is accepted. An older copy lacks the
    /// changes of that `add`.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_conflict`] is true if the copy is an older one. Returns an
    /// error if the aggregate is not registered, has no JSON form, or changed its id. Returns an
    /// error if it raised an event of another aggregate. In all these cases nothing is added.
    pub fn add<A: Aggregate>(&mut self, aggregate: A) -> Result<(), Error> {
        let result = self.try_add(aggregate);
        self.note_own_error(result)
    }

    fn try_add<A: Aggregate>(&mut self, mut aggregate: A) -> Result<(), Error> {
        self.ports.hooks.count_send(self.context.handler)?;
        self.ports.catalog.require_aggregate::<A>()?;
        let stream = require_own_stream(&mut aggregate)?;
        let events = require_own_events(&self.ports, &aggregate, &stream)?;
        let load_token = aggregate.pending_events_mut().load_token().cloned();
        let (handler, start_entry) = (self.context.handler, self.context.start_entry);

        if A::EVENT_SOURCED {
            if events.is_empty() {
                self.check_aggregate_without_events(aggregate, &stream);
                return Ok(());
            }
            self.session
                .require_newest_stream(&stream, load_token.as_ref(), handler)?;
            self.session.increment_revision(&stream);
        } else {
            let state = self.ports.encode(A::NAME, &aggregate, A::try_eq)?;
            let key = (aggregate_table::<A>(), stream.shared_id());
            self.session
                .require_newest(key, load_token.as_ref(), handler)?;
            // With events, the state is written even if it is unchanged. The events were decided on this
            // state, and only a write detects that another writer has changed it.
            let always_write = !events.is_empty();
            self.session.set_change(
                key,
                PendingChange::Put(state, RowKeys::default()),
                always_write,
                start_entry,
            );
        }

        self.push_events(&aggregate, events, &stream);
        self.write_snapshot_if_due::<A>(&stream);
        self.check_aggregate(aggregate, &stream);

        Ok(())
    }

    /// Removes an aggregate that was loaded in this unit of work, and adds the events that it raised.
    ///
    /// An event-sourced aggregate cannot be removed, because stored events are never deleted. Raise an
    /// event that ends it.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if it was not loaded here or is
    /// event-sourced. Otherwise returns the errors of [`add`](Self::add).
    pub fn remove<A: Aggregate>(&mut self, aggregate: A) -> Result<(), Error> {
        let result = self.try_remove(aggregate);
        self.note_own_error(result)
    }

    fn try_remove<A: Aggregate>(&mut self, mut aggregate: A) -> Result<(), Error> {
        let stream = require_own_stream(&mut aggregate)?;
        if A::EVENT_SOURCED {
            return Err(Error::setup(format!(
                "`{}` is event-sourced and cannot be removed: raise an event that ends it",
                A::NAME
            )));
        }

        let load_token = aggregate.pending_events_mut().load_token().cloned();
        if load_token.is_none() {
            return Err(Error::setup(format!(
                "{} `{}` cannot be removed: it was not loaded in this unit of work",
                A::NAME,
                stream.id()
            )));
        }

        let events = require_own_events(&self.ports, &aggregate, &stream)?;
        let key = (aggregate_table::<A>(), stream.shared_id());
        self.session
            .require_newest(key, load_token.as_ref(), self.context.handler)?;
        let (always_write, start_entry) = (!events.is_empty(), self.context.start_entry);
        self.session
            .set_change(key, PendingChange::Delete, always_write, start_entry);

        self.push_events(&aggregate, events, &stream);

        Ok(())
    }

    fn push_events<A: Aggregate>(
        &mut self,
        aggregate: &A,
        mut events: Vec<SerializedMessage>,
        stream: &StreamName,
    ) {
        self.check_event_round_trips(aggregate, &mut events);

        for event in events {
            self.push_event(event, stream.clone());
        }
    }

    /// Raises an event without loading its aggregate.
    ///
    /// The commit then accepts any version of the stream. But if this unit of work has loaded or added the
    /// event-sourced aggregate, it decided on that version: another writer of the stream is a conflict.
    ///
    /// # Errors
    ///
    /// Returns an error if the event is not registered, has an empty id, or has no JSON form.
    pub fn raise<E: Event>(&mut self, event: E) -> Result<(), Error> {
        let result = self.try_raise(event);
        self.note_own_error(result)
    }

    fn try_raise<E: Event>(&mut self, event: E) -> Result<(), Error> {
        self.ports.hooks.count_send(self.context.handler)?;
        let mut serialized = self.ports.serialize(&event)?;
        self.ports
            .catalog
            .require_event(serialized.name, serialized.category)?;
        self.check_message_round_trip(&event, &mut serialized);

        let stream = serialized.stream()?;
        self.session.increment_revision_if_tracked(&stream);
        self.push_event(serialized, stream);

        Ok(())
    }

    /// Records an event as raised, and adds it to the events to commit.
    fn push_event(&mut self, event: SerializedMessage, stream: StreamName) {
        let id = MessageId::new(self.new_id());
        let processing = self.context.processing;
        let envelope = self.wrap(id, event, stream, MessageKind::Event, processing);

        let raised_entry = self.ports.record(Some(self.context.start_entry), || {
            EntryKind::Raised(Arc::clone(&envelope))
        });

        self.session.events.push(envelope);
        self.session.event_entries.push(raised_entry);
    }
}

/// Returns the stream of an aggregate, or an error if its id changed since it was loaded.
fn require_own_stream<A: Aggregate>(aggregate: &mut A) -> Result<StreamName, Error> {
    let stream = stream_name::<A>(&*aggregate.id())?;

    match aggregate.pending_events_mut().load_token() {
        Some(token) if *token.id != *stream.id() => Err(Error::setup(format!(
            "{} `{}` was loaded as `{}`: an aggregate cannot change its id",
            A::NAME,
            stream.id(),
            token.id
        ))),
        _ => Ok(stream),
    }
}

/// Returns the events that an aggregate raised, or an error if one belongs to another aggregate.
fn require_own_events<A: Aggregate>(
    ports: &Ports,
    aggregate: &A,
    stream: &StreamName,
) -> Result<Vec<SerializedMessage>, Error> {
    let raised = aggregate.raised();
    let events: Vec<SerializedMessage> = raised
        .iter()
        .map(|event| ports.serialize(event))
        .collect::<Result<_, _>>()?;
    for event in &events {
        if event.category != A::CATEGORY || *event.id != *stream.id() {
            return Err(Error::setup(format!(
                "{} `{}` raised {} with the id `{}` and the category `{}`: an aggregate can raise only its own events",
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
