use std::time::Duration;

use crate::{
    handler::{CommandRoute, Source, Subscription, SubscriptionOptions, SubscriptionSettings},
    wiring::{SubscriptionMistake, WiringMistake, nearest, verify::Verifier},
};

/// Checks that what is said of subscriptions can work.
impl Verifier<'_> {
    /// What the domain says of all subscriptions is told once, not for each handler.
    pub(super) fn check_defaults(&mut self) {
        let catalog = &self.parts.catalog;
        let defaults = &catalog.defaults;
        self.check_options(None, defaults);
        self.check_source(None, defaults);
        if catalog.lane_threshold.is_some() {
            self.check_lanes();
        }
    }

    pub(super) fn check_subscription_options(&mut self, subscription: &Subscription) {
        let Some(options) = &subscription.options else {
            return;
        };
        let by = Some(subscription.handler);
        self.check_options(by, options);
        self.check_source(by, options);
    }

    pub(super) fn check_command_options(&mut self, route: &CommandRoute) {
        let Some(options) = &route.options else {
            return;
        };

        let by = Some(route.handler);
        self.check_options(by, options);
        if let Some(category) = options.configured_origin() {
            self.push_subscription_mistake(
                by,
                SubscriptionMistake::OriginOnCommandHandler { category },
            );
        }

        if options.configured_source() == Some(Source::EventStore) {
            self.push_subscription_mistake(by, SubscriptionMistake::CommandsFromEventStore);
        }

        if options.configures_reading() {
            self.check_read_options(route, options);
        }
    }

    /// Checks what is said here, and not what is filled in: whoever said that is told.
    fn check_options(&mut self, by: Option<&'static str>, options: &SubscriptionOptions) {
        if options.configured_batch_size() == Some(0) {
            self.push_subscription_mistake(by, SubscriptionMistake::EmptyBatch);
        }

        if options.configured_concurrency() == Some(0) {
            self.push_subscription_mistake(by, SubscriptionMistake::NoConcurrency);
        }

        if let Some(retry) = options.configured_retry() {
            if retry.attempts == 0 {
                self.push_subscription_mistake(by, SubscriptionMistake::NoAttempts);
            }

            if 100 < retry.jitter_percent {
                let percent = retry.jitter_percent;
                self.push_subscription_mistake(by, SubscriptionMistake::JitterTooLarge { percent });
            }

            if retry.longest_delay < retry.first_delay {
                let (first, longest) = (retry.first_delay, retry.longest_delay);
                self.push_subscription_mistake(
                    by,
                    SubscriptionMistake::FirstDelayTooLong { first, longest },
                );
            }
        }

        if options.configured_time_limit() == Some(Duration::ZERO) {
            self.push_subscription_mistake(by, SubscriptionMistake::ZeroTimeLimit);
        }

        if let Some(breaker) = options.configured_circuit_breaker() {
            if breaker.threshold == 0 {
                self.push_subscription_mistake(by, SubscriptionMistake::ZeroBreakerThreshold);
            }
            if breaker.pause.is_zero() {
                self.push_subscription_mistake(by, SubscriptionMistake::ZeroBreakerPause);
            }
        }

        if let Some(category) = options.configured_origin()
            && !self.is_known_category(category)
        {
            let nearest = nearest(category, self.categories()).map(str::to_owned);
            self.push_subscription_mistake(
                by,
                SubscriptionMistake::UnknownOrigin { category, nearest },
            );
        }
    }

    /// Checks how many messages from the event store are handled at once. Either half may come from the
    /// domain; who says the other is told.
    fn check_source(&mut self, by: Option<&'static str>, options: &SubscriptionOptions) {
        if options.configured_source().is_none() && options.configured_concurrency().is_none() {
            return;
        }

        // What the domain says over itself changes nothing.
        let settings = options.settings(&self.parts.catalog.defaults);
        let concurrency = settings.concurrency;

        if 1 < concurrency && settings.source == Source::EventStore {
            self.push_subscription_mistake(
                by,
                SubscriptionMistake::ParallelFromEventStore { concurrency },
            );
        }
    }

    /// Lanes are of the broker: if nobody reads from it, there is nothing for them to change.
    fn check_lanes(&mut self) {
        let catalog = &self.parts.catalog;
        let subscriptions = catalog.subscriptions.iter();
        let reads_store =
            |one: &&Subscription| one.settings(&catalog.defaults).source == Source::EventStore;

        if catalog.commands.is_empty()
            && !catalog.subscriptions.is_empty()
            && subscriptions.clone().all(|one| reads_store(&one))
        {
            let subscriptions = subscriptions.map(|one| one.handler).collect();
            self.mistakes
                .push(WiringMistake::LanesWithoutBroker { subscriptions });
        }
    }

    /// Checks that what decides how the commands of a category are read is said once, or twice alike.
    fn check_read_options(&mut self, route: &CommandRoute, options: &SubscriptionOptions) {
        let defaults = &self.parts.catalog.defaults;
        let first = self.parts.catalog.commands.iter().find_map(|one| {
            let options = one.options.as_ref()?;
            (one.category == route.category && options.configures_reading())
                .then_some((one.handler, options))
        });

        let Some((first, decides)) = first else {
            return;
        };

        let differ_in = differing_options(&decides.settings(defaults), &options.settings(defaults));
        if !differ_in.is_empty() {
            self.push_once(WiringMistake::ConflictingReadOptions {
                category: route.category,
                first,
                second: route.handler,
                differ_in,
            });
        }
    }

    fn push_subscription_mistake(
        &mut self,
        said_by: Option<&'static str>,
        mistake: SubscriptionMistake,
    ) {
        // A command handler has as many routes as commands.
        self.push_once(WiringMistake::InvalidSubscription {
            declared_by: said_by,
            mistake,
        });
    }
}

/// The setters that lead to what differs, of what those who read together share.
fn differing_options(
    one: &SubscriptionSettings,
    other: &SubscriptionSettings,
) -> Vec<&'static str> {
    let pairs = [
        ("batch_size", one.batch_size == other.batch_size),
        ("concurrency", one.concurrency == other.concurrency),
        ("unordered", one.ordered == other.ordered),
        ("start_from", one.start == other.start),
        (
            "circuit_breaker",
            one.circuit_breaker == other.circuit_breaker,
        ),
    ];

    pairs
        .into_iter()
        .filter(|(_, is_same)| !is_same)
        .map(|(setter, _)| setter)
        .collect()
}
