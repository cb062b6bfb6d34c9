use std::time::Duration;

use crate::{
    handler::{CommandRoute, Source, Subscription, SubscriptionOptions, SubscriptionSettings},
    wiring::{SettingMistake, WiringMistake, nearest, verify::Verifier},
};

/// Checks that what is said of subscriptions can work.
impl Verifier<'_> {
    /// What the domain says of all subscriptions is told once, not for each handler.
    pub(super) fn defaults(&mut self) {
        let catalog = &self.parts.catalog;
        let defaults = &catalog.defaults;
        self.options(None, defaults);
        self.source(None, defaults);
        if catalog.lanes.is_some() {
            self.lanes();
        }
    }

    pub(super) fn subscribed(&mut self, subscription: &Subscription) {
        let Some(options) = &subscription.options else {
            return;
        };
        let by = Some(subscription.handler);
        self.options(by, options);
        self.source(by, options);
    }

    pub(super) fn subscribed_to_commands(&mut self, route: &CommandRoute) {
        let Some(options) = &route.options else {
            return;
        };
        let by = Some(route.handler);
        self.options(by, options);
        if let Some(category) = options.says_origin() {
            self.setting(by, SettingMistake::OriginOfCommands { category });
        }
        if options.says_source() == Some(Source::EventStore) {
            self.setting(by, SettingMistake::CommandsFromEventStore);
        }
        if options.says_how_to_read() {
            self.read_together(route, options);
        }
    }

    /// Checks what is said here, and not what is filled in: whoever said that is told.
    fn options(&mut self, by: Option<&'static str>, options: &SubscriptionOptions) {
        if options.says_batch_size() == Some(0) {
            self.setting(by, SettingMistake::EmptyBatch);
        }
        if options.says_concurrency() == Some(0) {
            self.setting(by, SettingMistake::NoConcurrency);
        }
        if let Some(retry) = options.says_retry() {
            if retry.attempts == 0 {
                self.setting(by, SettingMistake::NoAttempts);
            }
            if 100 < retry.jitter_percent {
                let percent = retry.jitter_percent;
                self.setting(by, SettingMistake::Jitter { percent });
            }
            if retry.longest_delay < retry.first_delay {
                let (first, longest) = (retry.first_delay, retry.longest_delay);
                self.setting(by, SettingMistake::Delays { first, longest });
            }
        }
        if options.says_time_limit() == Some(Duration::ZERO) {
            self.setting(by, SettingMistake::NoTime);
        }
        if let Some(breaker) = options.says_circuit_breaker() {
            if breaker.threshold == 0 {
                self.setting(by, SettingMistake::BreakerThreshold);
            }
            if breaker.pause.is_zero() {
                self.setting(by, SettingMistake::BreakerPause);
            }
        }
        if let Some(category) = options.says_origin()
            && !self.is_known_category(category)
        {
            let nearest = nearest(category, self.categories()).map(str::to_owned);
            self.setting(by, SettingMistake::UnknownOrigin { category, nearest });
        }
    }

    /// Checks how many messages from the event store are handled at once. Either half may come from the
    /// domain; who says the other is told.
    fn source(&mut self, by: Option<&'static str>, options: &SubscriptionOptions) {
        if options.says_source().is_none() && options.says_concurrency().is_none() {
            return;
        }
        // What the domain says over itself changes nothing.
        let settings = options.settings(&self.parts.catalog.defaults);
        let concurrency = settings.concurrency;
        if 1 < concurrency && settings.source == Source::EventStore {
            self.setting(by, SettingMistake::ParallelFromEventStore { concurrency });
        }
    }

    /// Lanes are of the broker: if nobody reads from it, there is nothing for them to change.
    fn lanes(&mut self) {
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
    fn read_together(&mut self, route: &CommandRoute, options: &SubscriptionOptions) {
        let defaults = &self.parts.catalog.defaults;
        let mut earlier = self.parts.catalog.commands.iter();
        let first = earlier.find_map(|one| {
            let options = one.options.as_ref()?;
            (one.category == route.category && options.says_how_to_read())
                .then_some((one.handler, options))
        });
        let Some((first, decides)) = first else {
            return;
        };
        let differ_in = differences(&decides.settings(defaults), &options.settings(defaults));
        if !differ_in.is_empty() {
            self.push_once(WiringMistake::ReadTogether {
                category: route.category,
                first,
                second: route.handler,
                differ_in,
            });
        }
    }

    fn setting(&mut self, said_by: Option<&'static str>, mistake: SettingMistake) {
        // A command handler has as many routes as commands.
        self.push_once(WiringMistake::Setting { said_by, mistake });
    }
}

/// The setters that lead to what differs, of what those who read together share.
fn differences(one: &SubscriptionSettings, other: &SubscriptionSettings) -> Vec<&'static str> {
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
    let differing = pairs.into_iter().filter(|(_, is_same)| !is_same);
    differing.map(|(setter, _)| setter).collect()
}
