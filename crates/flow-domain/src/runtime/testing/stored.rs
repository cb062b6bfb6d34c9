use std::sync::Arc;

use crate::{
    clock::IdContext,
    error::{Error, HandlerFailure},
    handler::{Interest, Session},
    message::{
        CorrelationId, Envelope, MessageId, MessageKind, MessageType, Metadata, Payload, Priority,
        Processing, StreamName,
    },
    port::Changes,
    runtime::{App, ProcessResult},
};

/// An event as a program of yesterday stored it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredEvent {
    /// Its stream.
    pub stream: StreamName,
    /// Its type: `Shop.OrderPlaced.v1`.
    pub message_type: MessageType,
    /// Its content.
    pub content: Payload,
}

impl StoredEvent {
    /// Reads an event from its parts.
    ///
    /// # Errors
    ///
    /// Returns an error if a part is not what it should be.
    pub fn parse(stream: &str, message_type: &str, content: &str) -> Result<Self, Error> {
        let event = Self {
            stream: stream
                .parse()
                .map_err(|err| Error::failed("reading the name of a stream", err))?,
            message_type: message_type
                .parse()
                .map_err(|err| Error::failed("reading the type of an event", err))?,
            content: Payload::from_json(content),
        };

        event.content.to_json().map_err(|err| {
            Error::failed(format!("reading the content of `{message_type}`"), err)
        })?;
        Ok(event)
    }
}

impl App {
    /// Stores events as they are, and handles everything that they cause.
    ///
    /// They are appended to their streams, all or none, whatever the versions of the streams are. A newer
    /// event is allowed.
    ///
    /// The reply is an error if the domain cannot read one of the events. Then nothing was written.
    pub async fn append_stored(&self, events: &[StoredEvent]) -> ProcessResult {
        match self.try_append_stored(events).await {
            Ok(result) => result,
            Err(err) => ProcessResult::from_error(err),
        }
    }

    async fn try_append_stored(&self, events: &[StoredEvent]) -> Result<ProcessResult, Error> {
        let catalog = &self.ports.catalog;
        let processing = self.modes.events;

        let mut changes = Changes::new("a program of yesterday");
        for event in events {
            let envelope = self.envelope_of(event, processing);
            let current = catalog.upcasts.to_current(Arc::clone(&envelope));
            match catalog.require_readable(&current) {
                Err(err) if !err.is_newer_event() => return Err(err),
                _ => changes.events.push(envelope),
            }
        }
        if processing == Processing::Async {
            changes.enqueue_events();
        }

        let recorded = self.commit_append(&changes, processing).await?;
        let committed = self.record_append(recorded);

        // An engine pauses the streams of newer events. An inline delivery cannot wait.
        let mut result = ProcessResult::empty();
        if processing == Processing::Sync {
            for event in &committed {
                result.failures.extend(self.waiting_handlers(&event.event));
            }
            self.deliver_inline(committed, Session::default(), &mut result)
                .await;
        }
        Ok(result)
    }

    fn envelope_of(&self, event: &StoredEvent, processing: Processing) -> Arc<Envelope> {
        let id = MessageId::new(self.ports.ids.make(IdContext::new(None, "", 0, 0)));

        Arc::new(Envelope {
            metadata: Metadata {
                id,
                kind: MessageKind::Event,
                message_type: event.message_type.clone(),
                stream: event.stream.clone(),
                time: self.ports.clock.now(),
                correlation: CorrelationId::from(id),
                causation: None,
                priority: Priority::NORMAL,
                initiated_by: None,
                caused_in_category: None,
                deadline: None,
                processing,
                upcast_from: None,
            },
            message: event.content.clone(),
        })
    }

    /// Returns a failure for each handler that an engine would pause because of this event.
    fn waiting_handlers(&self, event: &Arc<Envelope>) -> Vec<HandlerFailure> {
        let catalog = &self.ports.catalog;
        let waits = |idx: &usize| matches!(catalog.interest(*idx, event), Interest::Newer);
        let waiting = (0..catalog.subscriptions.len()).filter(waits);

        waiting
            .filter_map(|idx| {
                let err = catalog.require_readable(event).err()?;
                let name = event.metadata.message_type.name().to_owned();
                let handler = catalog.subscriptions[idx].handler;
                Some(HandlerFailure::new(Some(handler), name, err))
            })
            .collect()
    }
}
