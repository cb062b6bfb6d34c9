use serde::Serialize;

use crate::{
    handler::{Catalog, CommandRoute, Source, Subscription, SubscriptionSettings, WhenExhausted},
    record::HandlerKind,
};

/// The subscription of a handler, with all defaults applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HandlerWiring {
    /// The handler.
    pub handler: &'static str,
    /// What kind of handler it is.
    pub kind: HandlerKind,
    /// The name of its subscription. The handlers of the commands of one category share one.
    pub subscription: String,
    /// Where its messages come from.
    pub source: Source,
    /// The number of messages that are read at once.
    pub batch_size: usize,
    /// The number of messages that one engine handles at once.
    pub concurrency: usize,
    /// Whether the messages of one stream are handled one after the other.
    pub ordered: bool,
    /// The number of attempts for a message, with the first one.
    pub attempts: u32,
    /// What happens to a message after its last attempt.
    pub when_exhausted: WhenExhausted,
    /// The category of the message that must have caused an event. An event with another cause is
    /// skipped.
    pub origin: Option<&'static str>,
    /// Whether a redelivered message is skipped.
    pub once: bool,
}

pub(super) fn handlers(catalog: &Catalog) -> Vec<HandlerWiring> {
    let mut handlers: Vec<_> = catalog
        .subscriptions
        .iter()
        .map(|subscription| event_handler_wiring(catalog, subscription))
        .collect();

    // A command handler has one route for each command, but one entry for each category.
    for (idx, route) in catalog.commands.iter().enumerate() {
        let has_entry = catalog.commands[..idx].iter().any(|earlier| {
            (earlier.handler_type, earlier.category) == (route.handler_type, route.category)
        });
        if !has_entry {
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

    let reading = catalog.command_settings(route.category);
    let own = SubscriptionSettings {
        // A command is never skipped because of its origin.
        origin: None,
        ..route.settings(&catalog.defaults)
    };

    handler_wiring(handler, name, &reading, &own)
}

/// Joins two groups of settings: `reading` says how messages are read, `own` how each is handled.
///
/// They differ for commands, because all handlers of a category read its commands together.
fn handler_wiring(
    (handler, kind): (&'static str, HandlerKind),
    subscription: String,
    reading: &SubscriptionSettings,
    own: &SubscriptionSettings,
) -> HandlerWiring {
    HandlerWiring {
        handler,
        kind,
        subscription,
        source: reading.source,
        batch_size: reading.batch_size,
        concurrency: reading.concurrency,
        ordered: reading.ordered,
        attempts: own.retry.attempts,
        when_exhausted: own.when_exhausted,
        origin: own.origin,
        once: own.once,
    }
}
