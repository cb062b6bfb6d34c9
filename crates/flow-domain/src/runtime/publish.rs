use std::sync::Arc;

use crate::{
    clock::IdContext,
    error::Error,
    handler::{CommittedEvent, Ports, Reply, Session, command_stream},
    message::{
        CorrelationId, Envelope, ExpectedVersion, MessageId, MessageKind, Metadata, Processing,
        Version,
    },
    model::{AnyEvent, IntoMessages, SerializedAggregate, SerializedMessage},
    port::{Changes, Write},
    record::{EntryKind, StateChange, Table, TableKind},
    runtime::{App, Headers, ProcessResult},
};

impl App {
    /// Publishes events that happened outside the domain, and handles everything that they cause.
    ///
    /// They are appended to their streams, all or none, whatever the versions of the streams are.
    ///
    /// # Errors
    ///
    /// Returns an error if an event is not registered or names no stream. Then nothing was written.
    /// Otherwise returns the errors of [`process`](Self::process) after the commit.
    pub async fn publish(&self, events: impl IntoMessages<AnyEvent>) -> Result<(), Error> {
        let mut serialized = Vec::new();
        events.try_for_each(&mut |event| {
            serialized.push(event.to_serialized()?);
            Ok(())
        })?;

        let result = self
            .publish_serialized(&serialized, &Headers::default())
            .await;
        result.into_result().map(|_: Reply| ())
    }

    /// Publishes serialized events; for tools that build on the app.
    pub async fn publish_serialized(
        &self,
        events: &[SerializedMessage],
        headers: &Headers,
    ) -> ProcessResult {
        match self.append(events, None, headers).await {
            Ok((committed, processing)) => self.deliver_committed(committed, processing).await,
            Err(err) => ProcessResult::from_error(err),
        }
    }

    /// Stores a serialized aggregate as if a handler had added it; for tools that build on the app.
    ///
    /// Handles everything that its events cause.
    pub async fn add_serialized(&self, aggregate: &SerializedAggregate) -> ProcessResult {
        let catalog = &self.ports.catalog;
        if let Err(err) = catalog.require_category(aggregate.category, aggregate.name) {
            return ProcessResult::from_error(err);
        }

        let state = aggregate.state.as_ref().map(|state| Write {
            table: Table::new(TableKind::Aggregate, aggregate.name),
            id: Arc::clone(&aggregate.id),
            expected: ExpectedVersion::Exact(Version::NONE),
            value: Some(state.clone()),
        });
        let headers = Headers::default();

        match self
            .append(&aggregate.raised, state.as_ref(), &headers)
            .await
        {
            Ok((committed, processing)) => self.deliver_committed(committed, processing).await,
            Err(err) => ProcessResult::from_error(err),
        }
    }

    async fn deliver_committed(
        &self,
        committed: Vec<CommittedEvent>,
        processing: Processing,
    ) -> ProcessResult {
        let session = Session::default();
        self.deliver_inline(committed, session, processing).await
    }

    /// Commits events and the state of an aggregate. Returns the events and how they are handled.
    async fn append(
        &self,
        events: &[SerializedMessage],
        state: Option<&Write>,
        headers: &Headers,
    ) -> Result<(Vec<CommittedEvent>, Processing), Error> {
        let processing = headers.event_processing.unwrap_or(self.modes.events);

        let mut changes = Changes::new("a caller outside the domain");
        for event in events {
            self.ports
                .catalog
                .require_event(event.name, event.category)?;
            let envelope = wrap(&self.ports, event, MessageKind::Event, headers, processing)?;
            changes.events.push(envelope);
        }
        changes.writes.extend(state.cloned());
        if processing == Processing::Async {
            changes.enqueue_events(self.ports.clock.now());
        }

        let recorded = self.ports.store.commit(&changes).await?;
        if processing == Processing::Async {
            self.ports.wake_signal.notify();
        }

        if let Some(state) = state {
            self.ports.record(None, || {
                EntryKind::StateChanged(Box::new(StateChange {
                    table: state.table,
                    id: Arc::clone(&state.id),
                    before: None,
                    after: state.value.clone(),
                }))
            });
        }

        let committed = recorded
            .into_iter()
            .map(|event| CommittedEvent {
                entry: self
                    .ports
                    .record(None, || EntryKind::Appended(event.clone())),
                event: event.envelope,
            })
            .collect();

        Ok((committed, processing))
    }
}

/// Wraps a message that comes from outside in its envelope.
pub(super) fn wrap(
    ports: &Ports,
    message: &SerializedMessage,
    kind: MessageKind,
    headers: &Headers,
    processing: Processing,
) -> Result<Arc<Envelope>, Error> {
    // No message caused this one, and no handler sends it.
    let id = MessageId::new(ports.ids.make(IdContext::new(None, "", 0, 0)));
    let stream = match kind {
        MessageKind::Command => command_stream(message, || id)?,
        MessageKind::Event => message.stream()?,
    };

    Ok(Arc::new(Envelope {
        metadata: Metadata {
            id,
            kind,
            message_type: ports.catalog.message_type(message.name),
            stream,
            time: ports.clock.now(),
            correlation: headers
                .correlation
                .unwrap_or_else(|| CorrelationId::from(id)),
            causation: None,
            priority: headers.priority,
            initiated_by: headers.initiated_by.clone(),
            caused_in_category: None,
            deadline: headers.deadline_from(ports.clock.now()),
            processing,
        },
        message: message.payload.clone(),
    }))
}
