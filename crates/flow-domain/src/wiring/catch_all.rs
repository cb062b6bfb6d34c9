use crate::{
    handler::{Catalog, Subscription},
    message::MessageSchema,
};

/// The events that a subscription takes only because it takes every event, each with its category, in
/// order of registration.
pub(super) fn catch_all_events<'a>(
    catalog: &'a Catalog,
    subscription: &'a Subscription,
) -> Vec<(&'static MessageSchema, &'static str)> {
    let mut taken = Vec::new();
    if subscription.catch_all.is_none() {
        return taken;
    }

    for (category, lists) in catalog
        .aggregates
        .iter()
        .map(|entry| (entry.category, entry.events))
        .chain(catalog.outside_events.iter().copied())
        .filter(|(category, _)| subscription.reads(category))
    {
        for schema in lists.iter().copied().flatten() {
            let mut named = subscription.routes.iter();
            let is_named =
                named.any(|route| route.event.name == schema.name && route.category == category);
            let mut earlier = taken.iter();
            // An event of an aggregate may be told from outside, too.
            let is_taken = earlier
                .any(|(of, at): &(&MessageSchema, _)| of.name == schema.name && *at == category);

            if !is_named && !is_taken {
                taken.push((schema, category));
            }
        }
    }

    taken
}
