use serde::Serialize;

use crate::{
    handler::{Catalog, CommandRoute, Source, Subscription, SubscriptionSettings, WhenExhausted},
    record::HandlerKind,
};

/// How a handler is subscribed, after everything that was not said was filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HandlerWiring {
    /// The handler.
    pub handler: &'static str,
    /// What kind of handler it is.
    pub kind: HandlerKind,
    /// The name of its subscription. The handlers of the commands of one category share one.
    pub subscription: String,
    /// From where it is told.
    pub source: Source,
    /// How many messages are read at once.
    pub batch_size: usize,
    /// How many are handled at once, by one engine.
    pub concurrency: usize,
    /// Whether the messages of one stream are handled one after the other.
    pub ordered: bool,
    /// How often a message is tried in all.
    pub attempts: u32,
    /// What becomes of a message that is not tried again.
    pub when_exhausted: WhenExhausted,
    /// The category of the messages that must have caused an event, if only such are wanted.
    pub origin: Option<&'static str>,
    /// Whether a message that comes again is let go.
    pub once: bool,
}

pub(super) fn handlers(catalog: &Catalog) -> Vec<HandlerWiring> {
    let subscriptions = catalog.subscriptions.iter();
    let mut handlers: Vec<_> = subscriptions
        .map(|one| event_handler_wiring(catalog, one))
        .collect();

    for (idx, route) in catalog.commands.iter().enumerate() {
        let mut earlier = catalog.commands[..idx].iter();
        let is_told = |one: &CommandRoute| {
            (one.handler_type, one.category) == (route.handler_type, route.category)
        };
        if !earlier.any(is_told) {
            handlers.push(command_handler_wiring(catalog, route));
        }
    }

    handlers
}

fn event_handler_wiring(catalog: &Catalog, subscription: &Subscription) -> HandlerWiring {
    let settings = subscription.settings(&catalog.defaults);
    let name = subscription.handler.to_owned();
    let handler = (subscription.handler, subscription.kind);
    handler_wiring(handler, name, &settings, &settings)
}

fn command_handler_wiring(catalog: &Catalog, route: &CommandRoute) -> HandlerWiring {
    let name = Catalog::command_subscription_name(route.category);
    let handler = (route.handler, HandlerKind::CommandHandler);
    let read = catalog.command_settings(route.category);
    let own = SubscriptionSettings {
        // Commands are never let go for their origin.
        origin: None,
        ..route.settings(&catalog.defaults)
    };

    handler_wiring(handler, name, &read, &own)
}

/// Tells how a handler is subscribed, where `read` says how messages are read and `own` what becomes of
/// each.
fn handler_wiring(
    (handler, kind): (&'static str, HandlerKind),
    subscription: String,
    read: &SubscriptionSettings,
    own: &SubscriptionSettings,
) -> HandlerWiring {
    HandlerWiring {
        handler,
        kind,
        subscription,
        source: read.source,
        batch_size: read.batch_size,
        concurrency: read.concurrency,
        ordered: read.ordered,
        attempts: own.retry.attempts,
        when_exhausted: own.when_exhausted,
        origin: own.origin,
        once: own.once,
    }
}
