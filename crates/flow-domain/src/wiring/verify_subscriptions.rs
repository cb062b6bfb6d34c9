use std::time::Duration;

use crate::{
    handler::{
        CommandRoute, RetryPolicy, Source, Subscription, SubscriptionOptions, SubscriptionSettings,
    },
    wiring::{SubscriptionMistake, WiringMistake, nearest, verify::Verifier},
};

/// Checks the options of subscriptions.
impl Verifier<'_> {
    /// Checks the options of the domain itself, so their mistakes are not repeated for each
    /// handler.
    pub(super) fn check_defaults(&mut self) {
        let catalog = &self.parts.catalog;
        let defaults = &catalog.defaults;
        self.check_options(None, defaults);

        if catalog.lane_threshold.is_some() {
            self.check_lanes();
        }
    }

    pub(super) fn check_subscription_options(&mut self, subscription: &Subscription) {
        let Some(options) = &subscription.options else {
            return;
        };

        self.check_options(Some(subscription.handler), options);
    }

    pub(super) fn check_command_options(&mut self, route: &CommandRoute) {
        let Some(options) = &route.options else {
            return;
        };

        let handler = Some(route.handler);
        self.check_options(handler, options);

        if let Some(category) = options.configured_origin() {
            self.push_subscription_mistake(
                handler,
                SubscriptionMistake::OriginOnCommandHandler { category },
            );
        }
        if options.configured_source() == Some(Source::EventStore) {
            self.push_subscription_mistake(handler, SubscriptionMistake::CommandsFromEventStore);
        }
        if options.has_read_options() {
            self.check_read_options(route, options);
        }
    }

    /// Checks only the options that `options` itself sets. Defaults are checked once, for the
    /// domain.
    fn check_options(&mut self, handler: Option<&'static str>, options: &SubscriptionOptions) {
        if options.configured_batch_size() == Some(0) {
            self.push_subscription_mistake(handler, SubscriptionMistake::EmptyBatch);
        }
        if options.configured_concurrency() == Some(0) {
            self.push_subscription_mistake(handler, SubscriptionMistake::NoConcurrency);
        }
        if let Some(retry) = options.configured_retry() {
            self.check_retry(handler, &retry);
        }
        if options.configured_conflict_tries() == Some(0) {
            self.push_subscription_mistake(handler, SubscriptionMistake::NoConflictTries);
        }
        if options.configured_time_limit() == Some(Duration::ZERO) {
            self.push_subscription_mistake(handler, SubscriptionMistake::ZeroTimeLimit);
        }
        if let Some(breaker) = options.configured_circuit_breaker() {
            if breaker.threshold == 0 {
                self.push_subscription_mistake(handler, SubscriptionMistake::ZeroBreakerThreshold);
            }
            if breaker.pause.is_zero() {
                self.push_subscription_mistake(handler, SubscriptionMistake::ZeroBreakerPause);
            }
        }
        if let Some(category) = options.configured_origin()
            && !self.is_known_category(category)
        {
            let nearest = nearest(category, self.categories()).map(str::to_owned);
            self.push_subscription_mistake(
                handler,
                SubscriptionMistake::UnknownOrigin { category, nearest },
            );
        }
    }

    fn check_retry(&mut self, handler: Option<&'static str>, retry: &RetryPolicy) {
        if retry.attempts == 0 {
            self.push_subscription_mistake(handler, SubscriptionMistake::NoAttempts);
        }
        if 100 < retry.jitter_percent {
            let percent = retry.jitter_percent;
            self.push_subscription_mistake(
                handler,
                SubscriptionMistake::JitterTooLarge { percent },
            );
        }
        if retry.longest_delay < retry.first_delay {
            let (first, longest) = (retry.first_delay, retry.longest_delay);
            self.push_subscription_mistake(
                handler,
                SubscriptionMistake::FirstDelayTooLong { first, longest },
            );
        }
    }

    /// Checks that somebody reads from the broker. Only the broker has lanes.
    fn check_lanes(&mut self) {
        let catalog = &self.parts.catalog;
        let reads_store = |subscription: &Subscription| {
            subscription.settings(&catalog.defaults).source == Source::EventStore
        };

        // Commands are always read from the broker.
        if catalog.commands.is_empty()
            && !catalog.subscriptions.is_empty()
            && catalog.subscriptions.iter().all(reads_store)
        {
            let subscriptions = catalog
                .subscriptions
                .iter()
                .map(|subscription| subscription.handler)
                .collect();
            self.mistakes
                .push(WiringMistake::LanesWithoutBroker { subscriptions });
        }
    }

    /// Checks that the command handlers of a category set the same read options.
    ///
    /// The commands of a category are read together. The options are those of the first handler
    /// that sets any read options.
    fn check_read_options(&mut self, route: &CommandRoute, options: &SubscriptionOptions) {
        let defaults = &self.parts.catalog.defaults;
        let first = self.parts.catalog.commands.iter().find_map(|candidate| {
            let candidate_options = candidate.options.as_ref()?;
            (candidate.category == route.category && candidate_options.has_read_options())
                .then_some((candidate.handler, candidate_options))
        });
        let Some((first_handler, first_options)) = first else {
            return;
        };

        let differ_in = differing_options(
            &first_options.settings(defaults),
            &options.settings(defaults),
        );
        if !differ_in.is_empty() {
            self.push_once(WiringMistake::ConflictingReadOptions {
                category: route.category,
                first: first_handler,
                second: route.handler,
                differ_in,
            });
        }
    }

    fn push_subscription_mistake(
        &mut self,
        declared_by: Option<&'static str>,
        mistake: SubscriptionMistake,
    ) {
        // A command handler has one route for each command, all with the same options.
        self.push_once(WiringMistake::InvalidSubscription {
            declared_by,
            mistake,
        });
    }
}

/// Returns the names of the setters of the read options that differ.
fn differing_options(
    left: &SubscriptionSettings,
    right: &SubscriptionSettings,
) -> Vec<&'static str> {
    let pairs = [
        ("batch_size", left.batch_size == right.batch_size),
        ("concurrency", left.concurrency == right.concurrency),
        ("unordered", left.ordered == right.ordered),
        ("start_from", left.start == right.start),
        (
            "circuit_breaker",
            left.circuit_breaker == right.circuit_breaker,
        ),
    ];

    pairs
        .into_iter()
        .filter(|(_, is_equal)| !is_equal)
        .map(|(setter, _)| setter)
        .collect()
}
