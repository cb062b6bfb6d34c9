use std::sync::Arc;

use crate::{
    clock::IdContext,
    error::Error,
    handler::{CommittedEvent, Ports, Reply, Session, command_stream},
    message::{CorrelationId, Envelope, MessageId, MessageKind, Metadata, Processing, Recorded},
    model::{AnyEvent, IntoMessages, SerializedMessage},
    port::Changes,
    record::EntryKind,
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
            serialized.push(self.ports.serialize(event)?);
            Ok(())
        })?;

        let result = self
            .publish_messages(&serialized, &Headers::default())
            .await;
        result.into_result().map(|_: Reply| ())
    }

    /// Appends serialized events, and handles everything that they cause.
    pub(super) async fn publish_messages(
        &self,
        events: &[SerializedMessage],
        headers: &Headers,
    ) -> ProcessResult {
        match self.append(events, headers).await {
            Ok((committed, processing)) => {
                let mut result = ProcessResult::new(Ok(Reply::new(())));
                if processing == Processing::Sync {
                    self.deliver_inline(committed, Session::default(), &mut result)
                        .await;
                }
                result
            }
            Err(err) => ProcessResult::new(Err(err)),
        }
    }

    /// Commits events. Returns them, and how they are handled.
    async fn append(
        &self,
        events: &[SerializedMessage],
        headers: &Headers,
    ) -> Result<(Vec<CommittedEvent>, Processing), Error> {
        let (changes, processing) = self.plan_append(events, headers)?;
        let recorded = self.commit_append(&changes, processing).await?;

        Ok((self.record_append(recorded), processing))
    }

    /// Returns the changes that append events, and how the events are handled.
    pub(super) fn plan_append(
        &self,
        events: &[SerializedMessage],
        headers: &Headers,
    ) -> Result<(Changes, Processing), Error> {
        let processing = headers.event_processing.unwrap_or(self.modes.events);

        let mut changes = Changes::new("a caller outside the domain");
        for event in events {
            self.ports
                .catalog
                .require_event(event.name, event.category)?;
            let envelope = wrap(&self.ports, event, MessageKind::Event, headers, processing)?;
            changes.events.push(envelope);
        }
        if processing == Processing::Async {
            changes.enqueue_events();
        } else {
            self.ports.mark_inline(&mut changes);
        }

        Ok((changes, processing))
    }

    /// Commits planned changes, and wakes the engine if it handles the events.
    pub(super) async fn commit_append(
        &self,
        changes: &Changes,
        processing: Processing,
    ) -> Result<Vec<Recorded>, Error> {
        let ports = &self.ports;
        let recorded = ports.hooks.commit(&*ports.store, changes).await?;
        if processing == Processing::Async {
            self.ports.wake_signal.notify();
        }

        Ok(recorded)
    }

    /// Records the appended events, and returns them as committed events.
    pub(super) fn record_append(&self, recorded: Vec<Recorded>) -> Vec<CommittedEvent> {
        recorded
            .into_iter()
            .map(|event| CommittedEvent {
                entry: self
                    .ports
                    .record(None, || EntryKind::Appended(event.clone())),
                event: event.envelope,
            })
            .collect()
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
            upcast_from: None,
        },
        message: message.payload.clone(),
    }))
}
