use std::sync::Arc;

use uuid::Uuid;

use crate::{
    clock::Timestamp,
    error::Error,
    message::{
        CorrelationId, Envelope, FieldSchema, MessageId, MessageKind, MessageName, MessageSchema,
        MessageType, Metadata, Payload, Priority, Processing, ReencodeFn, SchemaLists, StreamName,
    },
    wiring::Domain,
};

/// A type of messages that a domain has today.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StoredType {
    /// Whether it is a command or an event.
    pub kind: MessageKind,
    /// The category of its streams.
    pub category: &'static str,
    /// The name and the version.
    pub name: MessageName,
    /// The stored fields.
    pub fields: &'static [FieldSchema],
}

/// The content of a stored message, as the domain reads it today.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadContent {
    /// The content after all upcasts.
    pub current: Payload,
    /// The content after it was decoded as its Rust type and encoded again.
    pub reencoded: Payload,
    reencode: ReencodeFn,
}

impl ReadContent {
    /// Decodes another content of the same message as its Rust type, and encodes it again.
    ///
    /// # Errors
    ///
    /// Returns an error if the content cannot be decoded.
    pub fn reencode(&self, content: &Payload) -> Result<Payload, Error> {
        (self.reencode)(content)
    }
}

/// Returns the message types of a domain, sorted by kind, category, name and version.
pub fn stored_types(domain: &Domain) -> Vec<StoredType> {
    let mut types: Vec<StoredType> = schemas(domain)
        .map(|(kind, category, schema)| StoredType {
            kind,
            category,
            name: schema.name,
            fields: schema.fields,
        })
        .collect();
    types.sort_by_key(|it| (it.kind == MessageKind::Event, it.category, it.name));
    types.dedup_by_key(|it| (it.kind, it.category, it.name));
    types
}

/// Reads the content of a stored message as the domain does today.
///
/// Returns `None` for a retired event.
///
/// # Errors
///
/// Returns an error if the domain does not know the message, a step of its upcast fails, or the
/// content cannot be decoded.
pub fn read_stored(
    domain: &Domain,
    kind: MessageKind,
    category: &str,
    (name, version): (&str, u32),
    content: &Payload,
) -> Result<Option<ReadContent>, Error> {
    let catalog = domain.catalog();
    let stored = stored_message(domain, kind, category, (name, version), content)?;
    let message = catalog.upcasts.to_current(stored);
    if kind == MessageKind::Event {
        catalog.require_readable(&message)?;
    }
    if catalog.upcasts.is_retired(&message.metadata.message_type) {
        return Ok(None);
    }

    let found = schemas(domain).find(|(other_kind, other_category, schema)| {
        *other_kind == kind
            && *other_category == category
            && message.metadata.message_type.matches(schema.name)
    });
    let reencode = found.and_then(|(_, _, schema)| schema.reencode);
    let Some(reencode) = reencode else {
        return Err(Error::setup(format!(
            "the domain has no command `{name}` of version {version} in the category `{category}`"
        )));
    };

    Ok(Some(ReadContent {
        current: message.message.clone(),
        reencoded: reencode(&message.message)?,
        reencode,
    }))
}

fn stored_message(
    domain: &Domain,
    kind: MessageKind,
    category: &str,
    (name, version): (&str, u32),
    content: &Payload,
) -> Result<Arc<Envelope>, Error> {
    let catalog = domain.catalog();
    let id = MessageId::new(Uuid::nil());

    Ok(Arc::new(Envelope {
        metadata: Metadata {
            id,
            kind,
            message_type: MessageType::of_stored(&catalog.domain, name, version),
            stream: StreamName::new(category.to_owned(), "1")
                .map_err(|err| Error::setup(err.to_string()))?,
            time: Timestamp::from_micros(0),
            correlation: CorrelationId::from(id),
            causation: None,
            priority: Priority::NORMAL,
            initiated_by: None,
            caused_in_category: None,
            deadline: None,
            processing: Processing::Async,
            upcast_from: None,
        },
        message: content.clone(),
    }))
}

/// Returns the schemas of all messages, with their categories.
fn schemas(
    domain: &Domain,
) -> impl Iterator<Item = (MessageKind, &'static str, &'static MessageSchema)> {
    let catalog = domain.catalog();
    let of_aggregates = catalog.aggregates.iter().flat_map(|aggregate| {
        [
            (MessageKind::Command, aggregate.category, aggregate.commands),
            (MessageKind::Event, aggregate.category, aggregate.events),
        ]
    });
    let from_outside = catalog
        .outside_events
        .iter()
        .map(|(category, events)| (MessageKind::Event, *category, *events));

    of_aggregates
        .chain(from_outside)
        .flat_map(|(kind, category, lists): (_, _, SchemaLists)| {
            lists
                .iter()
                .copied()
                .flatten()
                .map(move |schema| (kind, category, schema))
        })
}
