use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use crate::{
    error::Error,
    handler::{Upcast, panic::panic_error},
    json::Json,
    message::{Envelope, MessageKind, MessageName, MessageType, Metadata, Payload, Recorded},
};

/// All upcasts and retired events of a domain, with a lookup by the stored type.
#[derive(Debug, Default)]
pub(crate) struct Upcasts {
    /// The domain in camel case, for the types of changed events.
    domain: Option<Arc<str>>,
    declared: Vec<Upcast>,
    /// The names of events that are stored and that nobody needs.
    retired: Vec<String>,
    /// Invariant: sorted by name and version.
    stored_types: Vec<StoredType>,
}

/// A type of stored events that an upcast changes.
#[derive(Debug)]
struct StoredType {
    name: String,
    version: u32,
    target: MessageName,
    /// The index of the upcast.
    upcast_idx: usize,
}

impl Upcasts {
    /// Adds an upcast. [`build_index`](Self::build_index) must be called afterwards.
    pub(crate) fn add(&mut self, upcast: Upcast) {
        self.declared.push(upcast);
    }

    pub(crate) fn add_retired(&mut self, name: String) {
        self.retired.push(name);
    }

    pub(crate) fn declared(&self) -> &[Upcast] {
        &self.declared
    }

    pub(crate) fn retired(&self) -> &[String] {
        &self.retired
    }

    /// Builds the lookup by the stored type, after the upcasts were checked.
    pub(crate) fn build_index(&mut self, domain: &Arc<str>) {
        self.domain = Some(Arc::clone(domain));
        self.stored_types.clear();

        for (upcast_idx, upcast) in self.declared.iter_mut().enumerate() {
            // The step of version 1 gets the index 0.
            upcast.steps.sort_by_key(|(version, _)| *version);
            let Some(target) = upcast.target() else {
                continue;
            };
            let claims = upcast.claims(target).map(|(name, version)| StoredType {
                name: name.to_owned(),
                version,
                target,
                upcast_idx,
            });
            self.stored_types.extend(claims);
        }

        let key = |stored: &StoredType| (stored.name.clone(), stored.version);
        self.stored_types.sort_by_key(key);
    }

    /// Returns true if no stored event is changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.stored_types.is_empty()
    }

    /// Returns true if nobody needs events of this type any more.
    pub(crate) fn is_retired(&self, message_type: &MessageType) -> bool {
        self.retired.iter().any(|name| name == message_type.name())
    }

    /// Returns the event as it is today.
    ///
    /// An event whose step fails stays as it is. [`Catalog::require_readable`] returns the reason.
    ///
    /// [`Catalog::require_readable`]: crate::handler::Catalog::require_readable
    pub(crate) fn to_current(&self, event: Arc<Envelope>) -> Arc<Envelope> {
        match self.try_upcast(&event) {
            Some(Ok(current)) => current,
            Some(Err(_)) | None => event,
        }
    }

    /// Replaces events by what they are today.
    pub(crate) fn make_current(&self, events: &mut [Recorded]) {
        for event in events {
            if let Some(Ok(current)) = self.try_upcast(&event.envelope) {
                event.envelope = current;
            }
        }
    }

    /// Changes the event into what it is today. Returns `None` if no upcast changes events of its type.
    pub(crate) fn try_upcast(&self, event: &Arc<Envelope>) -> Option<Result<Arc<Envelope>, Error>> {
        let metadata = &event.metadata;
        let stored_type = self.find(&metadata.message_type, metadata.stream.category())?;
        if metadata.kind != MessageKind::Event {
            return None;
        }

        let upcast = &self.declared[stored_type.upcast_idx];
        let domain = self.domain.as_ref()?;
        let content = run_steps(upcast, stored_type, &event.message)
            .map_err(|err| Error::codec("upcasting", metadata.message_type.to_string(), err));

        Some(content.map(|message| {
            Arc::new(Envelope {
                metadata: Metadata {
                    message_type: MessageType::new(domain, stored_type.target),
                    upcast_from: Some(Arc::clone(event)),
                    ..metadata.clone()
                },
                message,
            })
        }))
    }

    fn find(&self, message_type: &MessageType, category: &str) -> Option<&StoredType> {
        let wanted = (message_type.name(), message_type.version());
        let start = self
            .stored_types
            .partition_point(|stored| (stored.name.as_str(), stored.version) < wanted);

        // Events of two categories may have the same name.
        self.stored_types[start..]
            .iter()
            .take_while(|stored| (stored.name.as_str(), stored.version) == wanted)
            .find(|stored| self.declared[stored.upcast_idx].category == category)
    }
}

/// Changes the content of an event, from its stored version up to the current one.
fn run_steps(
    upcast: &Upcast,
    stored_type: &StoredType,
    content: &Payload,
) -> Result<Payload, Error> {
    let mut json = content.to_json()?;
    let tag = upcast
        .variant
        .and_then(|_| remove_tag(&mut json, &stored_type.name));

    let n_done = (stored_type.version - 1) as usize;
    for (version, step) in upcast.steps.iter().skip(n_done) {
        // `AssertUnwindSafe` is right: the JSON is dropped after a panic.
        panic::catch_unwind(AssertUnwindSafe(|| step(&mut json)))
            .unwrap_or_else(|panic| Err(panic_error(panic.as_ref())))
            .map_err(|err| Error::failed(format!("the step from version {version}"), err))?;
    }

    if let Some(Tag) = tag {
        add_tag(&mut json, stored_type.target.as_str());
    }
    Ok(Payload::from_json(json.to_string()))
}

/// The JSON is the content of a variant, without the name of the variant.
struct Tag;

/// Removes the name of a variant: `{"Sent":{..}}` becomes `{..}`, and `"Sent"` becomes `null`.
fn remove_tag(json: &mut Json, name: &str) -> Option<Tag> {
    let content = match json {
        Json::Object(fields) if fields.len() == 1 => fields.remove(name)?,
        Json::String(text) if text == name => Json::Null,
        _ => return None,
    };

    *json = content;
    Some(Tag)
}

/// Adds the name of a variant: `{..}` becomes `{"Sent":{..}}`, and `null` becomes `"Sent"`.
fn add_tag(json: &mut Json, name: &str) {
    let content = std::mem::take(json);
    *json = match content {
        Json::Null => Json::from(name),
        content => Json::Object([(name.to_owned(), content)].into()),
    };
}
