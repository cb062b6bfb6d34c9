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
    /// Tells the domain of events that happened outside, and handles everything that they cause.
    ///
    /// They are appended to their streams, all or none, whatever the versions of these.
    ///
    /// # Errors
    ///
    /// Returns an error if an event is not registered or names no stream: then nothing was written.
    /// Otherwise those of [`process`](Self::process) after the commit.
    pub async fn publish(&self, events: impl IntoMessages<AnyEvent>) -> Result<(), Error> {
        let mut written = Vec::new();
        events.try_for_each(&mut |event| {
            written.push(event.to_serialized()?);
            Ok(())
        })?;
        let processed = self.publish_serialized(&written, &Headers::default()).await;
        processed.into_result().map(|_: Reply| ())
    }

    /// Publishes events that were written down, for those who build on the app.
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

    /// Stores an aggregate that was written down, as if a handler had added it, and handles everything
    /// that its events cause; for those who build on the app.
    pub async fn add_serialized(&self, aggregate: &SerializedAggregate) -> ProcessResult {
        let state = aggregate.state.as_ref().map(|state| Write {
            table: Table::new(TableKind::Aggregate, aggregate.name),
            id: Arc::clone(&aggregate.id),
            expected: ExpectedVersion::Exact(Version::NONE),
            value: Some(state.clone()),
        });
        let catalog = &self.ports.catalog;

        if let Err(err) = catalog.require_category(aggregate.category, aggregate.name) {
            return ProcessResult::from_error(err);
        }

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
        let spare = Session::default();
        self.deliver_inline(committed, spare, processing).await
    }

    async fn append(
        &self,
        events: &[SerializedMessage],
        state: Option<&Write>,
        headers: &Headers,
    ) -> Result<(Vec<CommittedEvent>, Processing), Error> {
        let processing = headers.event_processing.unwrap_or(self.modes.events);
        let mut changes = Changes::new("the outside");

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

        let committed = recorded.into_iter().map(|event| CommittedEvent {
            entry: self
                .ports
                .record(None, || EntryKind::Appended(event.clone())),
            event: event.envelope,
        });

        Ok((committed.collect(), processing))
    }
}

/// Puts a message that comes from outside into its envelope.
pub(super) fn wrap(
    ports: &Ports,
    message: &SerializedMessage,
    kind: MessageKind,
    headers: &Headers,
    processing: Processing,
) -> Result<Arc<Envelope>, Error> {
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
