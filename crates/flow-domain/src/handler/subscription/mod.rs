//! How a handler is subscribed: the source of its messages, its retries, and what happens after the
//! last attempt.

mod circuit_breaker;
mod domain_defaults;
mod options;
mod profile;
mod retry;
mod settings;

pub use circuit_breaker::CircuitBreaker;
pub use options::SubscriptionOptions;
pub use profile::Profile;
pub use retry::RetryPolicy;
pub use settings::{Source, SubscriptionSettings, WhenExhausted};
