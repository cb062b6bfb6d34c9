use std::time::Duration;

use crate::{
    handler::subscription::{
        CircuitBreaker, Profile, RetryPolicy, Source, SubscriptionSettings, WhenExhausted,
    },
    port::StartFrom,
};

/// The options of a subscription. An option that is not set comes from the profile.
///
/// A handler sets them in its `routes`, and a domain sets them for all handlers in its builder. The
/// options of the handler win. A handler that names a profile inherits nothing from the domain. Building
/// the domain fails if an option cannot work.
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::OrderPlaced;
/// use flow_domain::{Error, EventHandler, EventRoutes, RetryPolicy, UnitOfWork};
///
/// struct ConfirmationMailer;
///
/// impl EventHandler for ConfirmationMailer {
///     fn routes(on: &mut EventRoutes<Self>) {
///         on.event(Self::on_order_placed);
///         on.subscription().retry(RetryPolicy::attempts(5)).once();
///     }
/// }
/// # impl ConfirmationMailer {
/// #     async fn on_order_placed(&self, _: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> { Ok(()) }
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SubscriptionOptions {
    profile: Option<Profile>,
    source: Option<Source>,
    batch_size: Option<usize>,
    concurrency: Option<usize>,
    ordered: Option<bool>,
    start: Option<StartFrom>,
    retry: Option<RetryPolicy>,
    when_exhausted: Option<WhenExhausted>,
    time_limit: Option<Duration>,
    #[expect(
        clippy::option_option,
        reason = "`None` inherits, `Some(None)` means no circuit breaker"
    )]
    circuit_breaker: Option<Option<CircuitBreaker>>,
    conflict_tries: Option<u32>,
    origin: Option<&'static str>,
    once: Option<bool>,
}

impl SubscriptionOptions {
    /// Sets the profile. An option that is not set has the value of the profile.
    pub fn profile(&mut self, profile: Profile) -> &mut Self {
        self.profile = Some(profile);
        self
    }

    /// Sets where the handler's messages come from.
    pub fn source(&mut self, source: Source) -> &mut Self {
        self.source = Some(source);
        self
    }

    /// Sets how many messages are read at once; at least one.
    pub fn batch_size(&mut self, n_messages: usize) -> &mut Self {
        self.batch_size = Some(n_messages);
        self
    }

    /// Sets how many messages one engine handles at once; at least one.
    ///
    /// They are of different streams, unless the subscription is [`unordered`](Self::unordered).
    pub fn concurrency(&mut self, n_messages: usize) -> &mut Self {
        self.concurrency = Some(n_messages);
        self
    }

    /// Allows the messages of one stream to overtake each other. By default they are handled in order.
    pub fn unordered(&mut self) -> &mut Self {
        self.ordered = Some(false);
        self
    }

    /// Sets where a new subscription starts to read. By default it starts at the first message.
    pub fn start_from(&mut self, start: StartFrom) -> &mut Self {
        self.start = Some(start);
        self
    }

    /// Sets how often a message is tried, and how long to wait in between.
    pub fn retry(&mut self, policy: RetryPolicy) -> &mut Self {
        self.retry = Some(policy);
        self
    }

    /// Sets what happens after the last attempt. By default the message is stored as a dead letter.
    pub fn when_exhausted(&mut self, when_exhausted: WhenExhausted) -> &mut Self {
        self.when_exhausted = Some(when_exhausted);
        self
    }

    /// Sets how long one attempt may take. An attempt that takes longer fails.
    pub fn time_limit(&mut self, limit: Duration) -> &mut Self {
        self.time_limit = Some(limit);
        self
    }

    /// Sets after how many failures in a row the subscription pauses, and how long; `None` means never.
    pub fn circuit_breaker(&mut self, breaker: Option<CircuitBreaker>) -> &mut Self {
        self.circuit_breaker = Some(breaker);
        self
    }

    /// Sets how often a call is tried if another writer always commits first; at least once.
    ///
    /// Such a call has lost a race. Nothing was written, and this is no failure: the handler is called
    /// again at once, with a fresh load. It uses up no attempt of the retry policy, opens no circuit
    /// breaker, and does not call `handle_error`. The first repeated call has no delay. Later ones wait
    /// longer each time, up to 250 ms, and the wait is random. No call begins once the calls together
    /// have taken longer than the time limit. A call that loses the last race fails with a conflict.
    ///
    /// By default events are tried 100 times, and so are commands of an engine. A command of
    /// [`App::process`](crate::App::process) is tried 10 times, because its caller waits. Its handler decides on
    /// what it loads, so a fresh load makes a correct decision, and callers do not need a loop. With
    /// `conflict_tries(1)` the first conflict goes to the caller. Use that if the handler has effects
    /// outside the store that must not be repeated.
    ///
    /// Two conflicts are not repeated, because a fresh load cannot change them. One is a conflict that
    /// the handler returns itself: for example, it compares the version that the caller saw with the
    /// stored one, and returns [`Error::conflict`](crate::Error::conflict). The other is that of a handler that
    /// adds something without loading it first, and that exists already.
    pub fn conflict_tries(&mut self, n_tries: u32) -> &mut Self {
        self.conflict_tries = Some(n_tries);
        self
    }

    /// Skips every event that was not caused by a message of this category.
    pub fn origin(&mut self, category: &'static str) -> &mut Self {
        self.origin = Some(category);
        self
    }

    /// Skips messages that the handler has handled before.
    ///
    /// The unit of work that handles a message also stores its id.
    pub fn once(&mut self) -> &mut Self {
        self.once = Some(true);
        self
    }

    /// Returns the category that was set with [`origin`](Self::origin).
    pub(crate) fn configured_origin(&self) -> Option<&'static str> {
        self.origin
    }

    pub(crate) fn configured_conflict_tries(&self) -> Option<u32> {
        self.conflict_tries
    }

    pub(crate) fn is_once(&self) -> bool {
        self.once.unwrap_or(false)
    }

    pub(crate) fn configured_retry(&self) -> Option<RetryPolicy> {
        self.retry
    }

    pub(crate) fn configured_batch_size(&self) -> Option<usize> {
        self.batch_size
    }

    pub(crate) fn configured_concurrency(&self) -> Option<usize> {
        self.concurrency
    }

    pub(crate) fn configured_time_limit(&self) -> Option<Duration> {
        self.time_limit
    }

    pub(crate) fn configured_circuit_breaker(&self) -> Option<CircuitBreaker> {
        self.circuit_breaker.flatten()
    }

    /// Returns the source that was set, or else the source of the profile that was set.
    pub(crate) fn configured_source(&self) -> Option<Source> {
        self.source
            .or_else(|| self.profile.map(|profile| profile.settings().source))
    }

    /// Returns true if an option was set that the command handlers of a category share.
    ///
    /// A profile counts, because it sets all options.
    pub(crate) fn has_read_options(&self) -> bool {
        self.profile.is_some()
            || self.batch_size.is_some()
            || self.concurrency.is_some()
            || self.ordered.is_some()
            || self.start.is_some()
            || self.circuit_breaker.is_some()
    }

    /// Copies the options that a delivery reads directly from `domain`, unless they or a profile are set.
    pub(crate) fn inherit(&mut self, domain: &Self) {
        if self.profile.is_none() {
            self.origin = self.origin.or(domain.origin);
            self.once = self.once.or(domain.once);
            self.conflict_tries = self.conflict_tries.or(domain.conflict_tries);
        }
    }

    /// Returns the settings. An option that is not set comes from the options of `domain`, or else
    /// from the profile of the domain.
    ///
    /// If the handler sets a profile, that profile replaces both, and `domain` is ignored.
    pub(crate) fn settings(&self, domain: &Self) -> SubscriptionSettings {
        if let Some(profile) = self.profile {
            return self.with_fallback(profile.settings());
        }

        let profile = domain.profile.unwrap_or_default();
        self.with_fallback(domain.with_fallback(profile.settings()))
    }

    /// Returns the time limit of [`settings`](Self::settings), without the other settings.
    ///
    /// Every inline delivery needs it, and nothing else.
    pub(crate) fn applied_time_limit(&self, domain: &Self) -> Duration {
        if let Some(limit) = self.time_limit {
            return limit;
        }

        match self.profile {
            Some(profile) => profile.settings().time_limit,
            None => domain.time_limit.unwrap_or_else(|| {
                let profile = domain.profile.unwrap_or_default();
                profile.settings().time_limit
            }),
        }
    }

    /// Returns the options that are set, completed with the values of `fallback`.
    fn with_fallback(&self, fallback: SubscriptionSettings) -> SubscriptionSettings {
        SubscriptionSettings {
            source: self.source.unwrap_or(fallback.source),
            batch_size: self.batch_size.unwrap_or(fallback.batch_size),
            concurrency: self.concurrency.unwrap_or(fallback.concurrency),
            ordered: self.ordered.unwrap_or(fallback.ordered),
            start: self.start.unwrap_or(fallback.start),
            retry: self.retry.unwrap_or(fallback.retry),
            when_exhausted: self.when_exhausted.unwrap_or(fallback.when_exhausted),
            time_limit: self.time_limit.unwrap_or(fallback.time_limit),
            circuit_breaker: self.circuit_breaker.unwrap_or(fallback.circuit_breaker),
            origin: self.origin.or(fallback.origin),
            once: self.once.unwrap_or(fallback.once),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain() -> SubscriptionOptions {
        let mut domain = SubscriptionOptions::default();
        domain.once().origin("order").conflict_tries(3);
        domain
    }

    #[test]
    fn applied_time_limit_is_that_of_the_settings() {
        let [none, mut limited, mut fast, mut both]: [SubscriptionOptions; 4] = Default::default();
        limited.time_limit(Duration::from_secs(7));
        fast.profile(Profile::Fast);
        both.profile(Profile::Batch)
            .time_limit(Duration::from_secs(9));

        let all = [&none, &limited, &fast, &both];
        for (handler, domain) in all
            .iter()
            .flat_map(|handler| all.map(|domain| (handler, domain)))
        {
            assert_eq!(
                handler.applied_time_limit(domain),
                handler.settings(domain).time_limit
            );
        }
    }

    #[test]
    fn handler_options_inherit_what_is_not_set() {
        let mut handler = SubscriptionOptions::default();
        handler.origin("inventory");

        handler.inherit(&domain());

        assert_eq!(handler.configured_origin(), Some("inventory"));
        assert_eq!(handler.configured_conflict_tries(), Some(3));
        assert!(handler.is_once());
    }

    #[test]
    fn handler_options_with_a_profile_inherit_nothing() {
        let mut handler = SubscriptionOptions::default();
        handler.profile(Profile::Fast);

        handler.inherit(&domain());

        assert_eq!(handler.configured_origin(), None);
        assert_eq!(handler.configured_conflict_tries(), None);
        assert!(!handler.is_once());
    }
}
