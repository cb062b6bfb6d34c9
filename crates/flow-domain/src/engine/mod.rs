//! What handles messages later: the relay, the subscriptions, and the engine that runs them.

mod dead_letter;
mod delivery;
#[expect(
    clippy::module_inception,
    reason = "the engine is what all of this is for"
)]
mod engine;
mod health;
mod left;
mod relay;
mod running;
mod stepping;

pub use dead_letter::{DeadLetter, DeadLetters};
pub use engine::Engine;
pub use health::{Health, SubscriptionHealth};
pub use running::tasks::Stopped;
pub use stepping::footprint::{Footprint, Touched};
pub use stepping::one_step::{Pending, Step, StepEnd};
pub use stepping::settled::{Left, ScheduledCommand, Settled, Waiting};
pub use stepping::test_engine::TestEngine;
