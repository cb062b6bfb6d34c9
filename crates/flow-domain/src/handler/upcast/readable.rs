use std::sync::Arc;

use crate::{
    error::Error,
    handler::{Catalog, EventRoute, Subscription},
    message::{Envelope, MessageName, SchemaLists},
};

/// What a subscription does with an event.
#[derive(Debug)]
pub(crate) enum Interest<'a> {
    /// It handles the event by this route.
    Route(&'a EventRoute),
    /// It skips the event.
    None,
    /// It waits until a newer program runs, which knows this version of the event.
    Newer,
    /// It fails: the event must not be skipped, because it would be lost.
    Unreadable,
}

/// Whether this program can read an event, and why it cannot.
impl Catalog {
    /// Returns why the domain cannot read an event, if it cannot.
    ///
    /// `event` was upcast before. So it still has an old type if a step failed.
    pub(crate) fn require_readable(&self, event: &Arc<Envelope>) -> Result<(), Error> {
        if self.knows_event(event) {
            return Ok(());
        }
        if let Some(result) = self.upcasts.try_upcast(event) {
            return result.map(|_| ());
        }

        let (message_type, stream) = (&event.metadata.message_type, &event.metadata.stream);
        let known = self.newest_known(event);
        Err(match known {
            Some(known) if known.version() < message_type.version() => Error::newer_event(format!(
                "the event `{message_type}` of `{stream}` is newer than version {}, which this program knows: \
                     run a program that knows version {}",
                known.version(),
                message_type.version()
            )),
            Some(known) => Error::setup(format!(
                "the event `{message_type}` of `{stream}` is older than version {}, and nothing upcasts it: \
                 add `.upcast(Upcast::to::<{}>().from({}, ..))` to the domain",
                known.version(),
                known.as_str(),
                message_type.version()
            )),
            None => Error::setup(format!(
                "the event `{message_type}` of `{stream}` is not registered: \
                 list it in `#[aggregate(.., events(..))]`, or add it with `.event_from_outside::<..>()`; \
                 if it has another name today, add `.was(\"{name}\", ..)` to its `Upcast`; \
                 if nobody needs it any more, add `.retired(\"{name}\")`",
                name = message_type.name()
            )),
        })
    }

    /// Returns what the subscription with this index does with an event.
    pub(crate) fn interest(&self, subscription_idx: usize, event: &Envelope) -> Interest<'_> {
        if let Some(route) = self.route_in(subscription_idx, event) {
            return Interest::Route(route);
        }

        let subscription = &self.subscriptions[subscription_idx];
        let category = event.metadata.stream.category();
        let has_route_in = || {
            let mut routes = subscription.routes.iter();
            subscription.catch_all.is_some() || routes.any(|route| route.category == category)
        };

        if self.knows_event(event) || !subscription.reads(category) || !has_route_in() {
            Interest::None
        } else if self.waits_for_newer(subscription, event) {
            Interest::Newer
        } else if self.is_newer(event) {
            Interest::None
        } else {
            Interest::Unreadable
        }
    }

    /// Returns true if the event is of a newer version than the domain knows.
    pub(crate) fn is_newer(&self, event: &Envelope) -> bool {
        let version = event.metadata.message_type.version();
        !self.knows_event(event)
            && self
                .newest_known(event)
                .is_some_and(|known| known.version() < version)
    }

    /// Returns the newest version of the event that the domain lists.
    fn newest_known(&self, event: &Envelope) -> Option<MessageName> {
        let category = event.metadata.stream.category();

        self.event_lists()
            .filter(|(listed_in, _)| *listed_in == category)
            .flat_map(|(_, lists)| lists.iter().copied().flatten())
            .map(|schema| schema.name)
            .filter(|name| name.as_str() == event.metadata.message_type.name())
            .max_by_key(|name| name.version())
    }

    /// Returns the events of each aggregate and those from outside, with their categories.
    pub(crate) fn event_lists(&self) -> impl Iterator<Item = (&'static str, SchemaLists)> + '_ {
        let of_aggregates = self
            .aggregates
            .iter()
            .map(|entry| (entry.category, entry.events));
        of_aggregates.chain(self.outside_events.iter().copied())
    }

    /// Returns true if the subscription must wait for a program that knows this newer event.
    ///
    /// It handles an older version of the event. A subscription that handles no version of it skips
    /// the event.
    pub(crate) fn waits_for_newer(&self, subscription: &Subscription, event: &Envelope) -> bool {
        let (metadata, category) = (&event.metadata, event.metadata.stream.category());
        let handles_older = subscription.routes.iter().any(|route| {
            route.category == category
                && route.event.name.as_str() == metadata.message_type.name()
                && route.event.name.version() < metadata.message_type.version()
        });

        handles_older && subscription.reads(category) && self.is_newer(event)
    }
}
