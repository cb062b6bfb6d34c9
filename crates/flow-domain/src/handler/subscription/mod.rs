//! How a handler is subscribed: from where it is told, how often it is tried, and what then.

mod breaker;
mod of_domain;
mod options;
mod profile;
mod retry;
mod settings;

pub use breaker::CircuitBreaker;
pub use options::SubscriptionOptions;
pub use profile::Profile;
pub use retry::RetryPolicy;
pub use settings::{Source, SubscriptionSettings, WhenExhausted};
