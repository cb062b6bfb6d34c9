use std::collections::{BTreeMap, BTreeSet};

use flow_domain::{json::Json, message::MessageKind, testing::StoredType};
use serde::{Deserialize, Serialize};

/// The messages of a domain and the parts of their content, as the lock file has them.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Lock {
    /// The format of this file.
    pub(super) format: u32,
    pub(super) messages: BTreeMap<String, LockedMessage>,
}

/// A message of one version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LockedMessage {
    pub(super) kind: LockedKind,
    pub(super) category: String,
    pub(super) name: String,
    pub(super) version: u32,
    /// The fields, as they are called in Rust.
    pub(super) fields: Vec<String>,
    /// The JSON kinds of each part that a sample has: `lines[].product_id` is a `text`.
    pub(super) content: Content,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LockedKind {
    Command,
    Event,
}

/// The parts of the content of a message, each with its JSON kinds.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Content {
    kinds: BTreeMap<String, BTreeSet<String>>,
}

impl Lock {
    pub(super) const FORMAT: u32 = 1;

    pub(super) fn new(messages: BTreeMap<String, LockedMessage>) -> Self {
        Self {
            format: Self::FORMAT,
            messages,
        }
    }
}

impl LockedMessage {
    pub(super) fn of_type(stored: &StoredType) -> Self {
        Self {
            kind: stored.kind.into(),
            category: stored.category.to_owned(),
            name: stored.name.as_str().to_owned(),
            version: stored.name.version(),
            fields: stored
                .fields
                .iter()
                .map(|field| field.name.to_owned())
                .collect(),
            content: Content::default(),
        }
    }

    /// Describes an event of a version that the domain does not have any more.
    pub(super) fn of_old_event(category: &str, name: &str, version: u32) -> Self {
        Self {
            kind: LockedKind::Event,
            category: category.to_owned(),
            name: name.to_owned(),
            version,
            fields: Vec::new(),
            content: Content::default(),
        }
    }

    /// Returns the key in the lock file, which is also the path of the sample file.
    pub(super) fn key(&self) -> String {
        let folder = match self.kind {
            LockedKind::Command => "commands",
            LockedKind::Event => "events",
        };
        format!("{folder}/{}.{}.v{}", self.category, self.name, self.version)
    }
}

impl From<MessageKind> for LockedKind {
    fn from(kind: MessageKind) -> Self {
        match kind {
            MessageKind::Command => Self::Command,
            MessageKind::Event => Self::Event,
        }
    }
}

impl From<LockedKind> for MessageKind {
    fn from(kind: LockedKind) -> Self {
        match kind {
            LockedKind::Command => Self::Command,
            LockedKind::Event => Self::Event,
        }
    }
}

impl Content {
    /// Returns the parts of one sample.
    pub(super) fn of_sample(sample: &Json) -> Self {
        let mut content = Self::default();
        content.add_parts(sample, "");
        content
    }

    fn add_parts(&mut self, json: &Json, path: &str) {
        let kind = match json {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(_) => "number",
            Json::String(_) => "text",
            Json::Array(elements) => {
                for element in elements {
                    self.add_parts(element, &format!("{path}[]"));
                }
                "array"
            }
            Json::Object(fields) => {
                for (name, value) in fields {
                    let separator = if path.is_empty() { "" } else { "." };
                    self.add_parts(value, &format!("{path}{separator}{name}"));
                }
                "object"
            }
        };

        // The whole content has no name.
        if !path.is_empty() {
            let kinds = self.kinds.entry(path.to_owned()).or_default();
            kinds.insert(kind.to_owned());
        }
    }

    /// Adds the parts of `other`. Returns the paths of those that are new.
    pub(super) fn add(&mut self, other: Self) -> Vec<String> {
        let mut added = Vec::new();
        for (path, kinds) in other.kinds {
            let own = self.kinds.entry(path.clone()).or_default();
            let n_before = own.len();
            own.extend(kinds);
            if n_before < own.len() {
                added.push(path);
            }
        }
        added
    }
}
