use std::collections::{BTreeMap, BTreeSet};

use crate::message::{Envelope, MessageName, MessageSchema};

/// The names that texts use for the messages of a domain.
///
/// A message has a short name, `OrderPlaced`. If the domain knows messages of several categories
/// with the same name, the name of the aggregate comes first: `Customer.Created`. So two different
/// messages never have the same label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(hidden)]
pub struct MessageLabels {
    /// The categories that have a message with this name.
    categories: BTreeMap<&'static str, BTreeSet<&'static str>>,
    /// The aggregate of each category.
    aggregates: BTreeMap<&'static str, &'static str>,
}

impl MessageLabels {
    pub(crate) fn add_aggregate(&mut self, name: &'static str, category: &'static str) {
        self.aggregates.insert(category, name);
    }

    pub(crate) fn add_message(&mut self, name: MessageName, category: &'static str) {
        self.categories
            .entry(name.as_str())
            .or_default()
            .insert(category);
    }

    /// Returns the label of the message `name` of this category.
    pub fn label(&self, category: &str, name: MessageName) -> String {
        self.label_of(category, name.as_str(), name.version())
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
        self.aggregates.get(category).copied().unwrap_or(category)
    }

    fn label_of(&self, category: &str, name: &str, version: u32) -> String {
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
        self.categories
            .get(name)
            .is_some_and(|categories| categories.iter().any(|other| *other != category))
    }

    /// Returns the labels of all messages with this name, without regard to the version.
    pub fn labels_with_name(&self, name: &str) -> Vec<String> {
        let categories = self.categories.get(name).into_iter().flatten();
        categories
            .map(|category| self.label_of(category, name, 1))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> MessageLabels {
        let mut labels = MessageLabels::default();
        labels.add_aggregate("Customer", "customer");
        labels.add_message(MessageName::new("Created", 1), "customer");
        labels.add_message(MessageName::new("Renamed", 2), "customer");
        labels.add_message(MessageName::new("Created", 1), "billing");
        labels
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
