//! How a handler is subscribed: from where it is told, how often it is tried, and what then.

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
