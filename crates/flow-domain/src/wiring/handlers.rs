use serde::Serialize;

use crate::{
    handler::{Catalog, CommandRoute, Source, Subscription, SubscriptionSettings, WhenExhausted},
    record::HandlerKind,
};

/// The subscription of a handler, with all defaults applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HandlerWiring {
    /// The name of the handler.
    pub handler: &'static str,
    /// What kind of handler it is.
    pub kind: HandlerKind,
    /// The name of its subscription. All command handlers of a category share one subscription.
    pub subscription: String,
    /// Where its messages come from.
    pub source: Source,
    /// The number of messages that are read at once.
    pub batch_size: usize,
    /// The number of messages that one engine handles at once.
    pub concurrency: usize,
    /// Whether the messages of one stream are handled one after the other.
    pub ordered: bool,
    /// The number of attempts for a message, including the first.
    pub attempts: u32,
    /// What happens to a message after its last attempt.
    pub when_exhausted: WhenExhausted,
    /// If set, an event is skipped unless a message of this category caused it.
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

    // A command handler has one route for each command, but is listed once for each category.
    for (idx, route) in catalog.commands.iter().enumerate() {
        let is_listed = catalog.commands[..idx].iter().any(|earlier| {
            (earlier.handler_type, earlier.category) == (route.handler_type, route.category)
        });
        if !is_listed {
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
    let handling = SubscriptionSettings {
        // A command is never skipped because of its origin.
        origin: None,
        ..route.settings(&catalog.defaults)
    };

    handler_wiring(handler, name, &reading, &handling)
}

/// Joins two groups of settings: `reading` says how messages are read, `handling` how each is handled.
///
/// They differ for commands: all handlers of a category share one subscription that reads its commands.
fn handler_wiring(
    (handler, kind): (&'static str, HandlerKind),
    subscription: String,
    reading: &SubscriptionSettings,
    handling: &SubscriptionSettings,
) -> HandlerWiring {
    HandlerWiring {
        handler,
        kind,
        subscription,
        source: reading.source,
        batch_size: reading.batch_size,
        concurrency: reading.concurrency,
        ordered: reading.ordered,
        attempts: handling.retry.attempts,
        when_exhausted: handling.when_exhausted,
        origin: handling.origin,
        once: handling.once,
    }
}
