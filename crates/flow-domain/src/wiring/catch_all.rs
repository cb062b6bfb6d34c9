use crate::{
    handler::{Catalog, Subscription},
    message::MessageSchema,
};

/// Returns the events that a subscription receives only through its catch-all route.
///
/// Returns each event with its category. The order is the order of registration.
pub(super) fn catch_all_events<'a>(
    catalog: &'a Catalog,
    subscription: &'a Subscription,
) -> Vec<(&'static MessageSchema, &'static str)> {
    let mut caught: Vec<(&'static MessageSchema, &'static str)> = Vec::new();
    if subscription.catch_all.is_none() {
        return caught;
    }

    let categories = catalog
        .aggregates
        .iter()
        .map(|entry| (entry.category, entry.events))
        .chain(catalog.outside_events.iter().copied())
        .filter(|(category, _)| subscription.reads(category));

    for (category, lists) in categories {
        for schema in lists.iter().copied().flatten() {
            let is_named = subscription
                .routes
                .iter()
                .any(|route| route.event.name == schema.name && route.category == category);
            // An event of an aggregate may be registered as an event from outside, too.
            let is_caught = caught.iter().any(|(earlier, earlier_category)| {
                earlier.name == schema.name && *earlier_category == category
            });

            if !is_named && !is_caught {
                caught.push((schema, category));
            }
        }
    }

    caught
}
