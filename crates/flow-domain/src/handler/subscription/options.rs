use std::time::Duration;

use crate::{
    handler::subscription::{
        CircuitBreaker, Profile, RetryPolicy, Source, SubscriptionSettings, WhenExhausted,
    },
    port::StartFrom,
};

/// What is said of a subscription; what is not said comes from the profile.
///
/// A handler says it in its `routes`, a domain for all handlers in its builder. A handler has the last
/// word; one that names a profile takes nothing from the domain. What cannot work is a mistake when the
/// domain is built.
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
        reason = "that there is none can be said, or nothing"
    )]
    circuit_breaker: Option<Option<CircuitBreaker>>,
    origin: Option<&'static str>,
    once: Option<bool>,
}

impl SubscriptionOptions {
    /// Takes everything that is not said otherwise from this profile.
    pub fn profile(&mut self, profile: Profile) -> &mut Self {
        self.profile = Some(profile);
        self
    }

    /// From where the handler is told.
    pub fn source(&mut self, source: Source) -> &mut Self {
        self.source = Some(source);
        self
    }

    /// How many messages are read at once; at least one.
    pub fn batch_size(&mut self, n_messages: usize) -> &mut Self {
        self.batch_size = Some(n_messages);
        self
    }

    /// How many messages one engine handles at once, of different streams unless the order does not
    /// matter; at least one, and no more from the event store.
    pub fn concurrency(&mut self, n_messages: usize) -> &mut Self {
        self.concurrency = Some(n_messages);
        self
    }

    /// Lets the messages of one stream overtake each other. By default they come one after the other.
    pub fn unordered(&mut self) -> &mut Self {
        self.ordered = Some(false);
        self
    }

    /// Where the subscription begins when it is new. By default with the first message there is.
    pub fn start_from(&mut self, start: StartFrom) -> &mut Self {
        self.start = Some(start);
        self
    }

    /// How often a message is tried.
    pub fn retry(&mut self, policy: RetryPolicy) -> &mut Self {
        self.retry = Some(policy);
        self
    }

    /// What becomes of a message that is not tried again. By default it is kept as a dead letter.
    pub fn when_exhausted(&mut self, fate: WhenExhausted) -> &mut Self {
        self.when_exhausted = Some(fate);
        self
    }

    /// How long one attempt may take. Over it, the attempt has failed.
    pub fn time_limit(&mut self, limit: Duration) -> &mut Self {
        self.time_limit = Some(limit);
        self
    }

    /// When the subscription pauses because nothing succeeds; `None` for never.
    pub fn circuit_breaker(&mut self, breaker: Option<CircuitBreaker>) -> &mut Self {
        self.circuit_breaker = Some(breaker);
        self
    }

    /// Lets go of every event that was not caused by a message of this category.
    pub fn origin(&mut self, category: &'static str) -> &mut Self {
        self.origin = Some(category);
        self
    }

    /// Remembers the ids of the messages in the unit of work that handles them, so that one that comes
    /// again is let go.
    pub fn once(&mut self) -> &mut Self {
        self.once = Some(true);
        self
    }

    /// The category that was named with [`origin`](Self::origin).
    pub(crate) fn configured_origin(&self) -> Option<&'static str> {
        self.origin
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

    /// The source that was named, or comes with the profile that was named.
    pub(crate) fn configured_source(&self) -> Option<Source> {
        let of_profile = self.profile.map(|profile| profile.settings().source);
        self.source.or(of_profile)
    }

    /// Returns true if something was said of what those who read together share.
    pub(crate) fn configures_reading(&self) -> bool {
        self.profile.is_some()
            || self.batch_size.is_some()
            || self.concurrency.is_some()
            || self.ordered.is_some()
            || self.start.is_some()
            || self.circuit_breaker.is_some()
    }

    /// Takes over from `domain` what holds for each message, unless a profile was named.
    pub(crate) fn inherit(&mut self, domain: &Self) {
        if self.profile.is_none() {
            self.origin = self.origin.or(domain.origin);
            self.once = self.once.or(domain.once);
        }
    }

    /// Fills in what is not said: first from what the domain says, then from the profile.
    pub(crate) fn settings(&self, domain: &Self) -> SubscriptionSettings {
        if let Some(profile) = self.profile {
            return self.with_fallback(profile.settings());
        }
        let profile = domain.profile.unwrap_or_default();
        self.with_fallback(domain.with_fallback(profile.settings()))
    }

    fn with_fallback(&self, other: SubscriptionSettings) -> SubscriptionSettings {
        SubscriptionSettings {
            source: self.source.unwrap_or(other.source),
            batch_size: self.batch_size.unwrap_or(other.batch_size),
            concurrency: self.concurrency.unwrap_or(other.concurrency),
            ordered: self.ordered.unwrap_or(other.ordered),
            start: self.start.unwrap_or(other.start),
            retry: self.retry.unwrap_or(other.retry),
            when_exhausted: self.when_exhausted.unwrap_or(other.when_exhausted),
            time_limit: self.time_limit.unwrap_or(other.time_limit),
            circuit_breaker: self.circuit_breaker.unwrap_or(other.circuit_breaker),
            origin: self.origin.or(other.origin),
            once: self.once.unwrap_or(other.once),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain() -> SubscriptionOptions {
        let mut domain = SubscriptionOptions::default();
        domain.once().origin("order");
        domain
    }

    #[test]
    fn handler_options_inherit_what_is_not_set() {
        let mut handler = SubscriptionOptions::default();
        handler.origin("inventory");

        handler.inherit(&domain());

        assert_eq!(handler.configured_origin(), Some("inventory"));
        assert!(handler.is_once());
    }

    #[test]
    fn handler_options_with_a_profile_inherit_nothing() {
        let mut handler = SubscriptionOptions::default();
        handler.profile(Profile::Fast);

        handler.inherit(&domain());

        assert_eq!(handler.configured_origin(), None);
        assert!(!handler.is_once());
    }
}
