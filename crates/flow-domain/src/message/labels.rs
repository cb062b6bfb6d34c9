use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use crate::message::{Envelope, MessageName, MessageSchema, SchemaLists};

/// The names that texts use for the messages of a domain.
///
/// A message has a short name, `OrderPlaced`. If the domain knows messages of several categories
/// with the same name, the name of the aggregate comes first: `Customer.Created`. So two different
/// messages never have the same label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(hidden)]
pub struct MessageLabels {
    /// A clone shares the list: every run of a test has one.
    messages: Arc<[CategoryMessages]>,
}

/// Messages of one category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CategoryMessages {
    pub(crate) category: &'static str,
    /// The name of the aggregate; `None` if the messages come from outside.
    pub(crate) aggregate: Option<&'static str>,
    pub(crate) schemas: SchemaLists,
}

impl FromIterator<CategoryMessages> for MessageLabels {
    fn from_iter<I: IntoIterator<Item = CategoryMessages>>(messages: I) -> Self {
        Self {
            messages: messages.into_iter().collect(),
        }
    }
}

impl MessageLabels {
    /// Returns the label of the message `name` of this category.
    pub fn label(&self, category: &str, name: MessageName) -> Cow<'static, str> {
        let is_short = name.version() == 1 && !self.has_other_category(category, name.as_str());
        if is_short {
            // Every run asks for labels. Most of them are the plain name, which costs nothing.
            return Cow::Borrowed(name.as_str());
        }

        Cow::Owned(self.label_of(category, name.as_str(), name.version()))
    }

    /// Returns the label of the message in an envelope.
    pub fn label_of_envelope(&self, envelope: &Envelope) -> String {
        let metadata = &envelope.metadata;
        let message_type = &metadata.message_type;
        self.label_of(
            metadata.stream.category(),
            message_type.name(),
            message_type.version(),
        )
    }

    /// Returns the name of a Rust type of messages, after that of the aggregate if it is shared.
    pub fn label_of_type(&self, type_name: &str, schemas: &[MessageSchema]) -> String {
        let shared = schemas
            .iter()
            .find(|schema| self.has_other_category(schema.category, schema.name.as_str()));

        match shared {
            Some(schema) => format!("{}.{type_name}", self.owner(schema.category)),
            None => type_name.to_owned(),
        }
    }

    /// Returns the aggregate of a category, or the category itself if it has none.
    fn owner<'a>(&'a self, category: &'a str) -> &'a str {
        self.messages
            .iter()
            .filter(|messages| messages.category == category)
            .find_map(|messages| messages.aggregate)
            .unwrap_or(category)
    }

    /// Returns the label of a message by the parts of its type.
    pub fn label_of(&self, category: &str, name: &str, version: u32) -> String {
        let versioned = match version {
            1 => name.to_owned(),
            version => format!("{name}.v{version}"),
        };

        if self.has_other_category(category, name) {
            format!("{}.{versioned}", self.owner(category))
        } else {
            versioned
        }
    }

    /// Returns true if a message of another category has this name.
    fn has_other_category(&self, category: &str, name: &str) -> bool {
        self.categories_with(name).any(|other| other != category)
    }

    /// Returns the categories that have a message with this name, some of them twice.
    fn categories_with(&self, name: &str) -> impl Iterator<Item = &'static str> {
        self.messages
            .iter()
            .filter(move |messages| {
                let mut schemas = messages.schemas.iter().copied().flatten();
                schemas.any(|schema| schema.name.as_str() == name)
            })
            .map(|messages| messages.category)
    }

    /// Returns the labels of all messages with this name, without regard to the version.
    pub fn labels_with_name(&self, name: &str) -> Vec<String> {
        let categories: BTreeSet<&str> = self.categories_with(name).collect();
        categories
            .into_iter()
            .map(|category| self.label_of(category, name, 1))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn schema(name: &'static str, version: u32) -> MessageSchema {
        MessageSchema::new("", MessageName::new(name, version), None, &[])
    }

    static CUSTOMER: [MessageSchema; 2] = [schema("Created", 1), schema("Renamed", 2)];
    static BILLING: [MessageSchema; 1] = [schema("Created", 1)];

    fn labels() -> MessageLabels {
        let customer = CategoryMessages {
            category: "customer",
            aggregate: Some("Customer"),
            schemas: const { &[&CUSTOMER] },
        };
        let billing = CategoryMessages {
            category: "billing",
            aggregate: None,
            schemas: const { &[&BILLING] },
        };

        MessageLabels::from_iter([customer, billing])
    }

    #[test]
    fn label_is_short_if_no_other_message_has_the_name() {
        assert_eq!(
            labels().label("customer", MessageName::new("Renamed", 2)),
            "Renamed.v2"
        );
        assert_eq!(
            labels().label("unknown", MessageName::new("Sent", 1)),
            "Sent"
        );
    }

    #[test]
    fn label_of_a_shared_name_names_its_owner() {
        let created = MessageName::new("Created", 2);

        assert_eq!(labels().label("customer", created), "Customer.Created.v2");
        assert_eq!(labels().label("billing", created), "billing.Created.v2");
        assert_eq!(
            labels().labels_with_name("Created"),
            ["billing.Created", "Customer.Created"]
        );
    }

    #[test]
    fn label_of_an_unknown_category_is_qualified() {
        let renamed = MessageName::new("Renamed", 2);

        assert_eq!(labels().label("invoice", renamed), "invoice.Renamed.v2");
    }
}
