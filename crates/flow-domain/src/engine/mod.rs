//! Asynchronous processing: the relay, the subscriptions, and the engine that runs them.

mod background;
mod dead_letter;
mod delivery;
#[expect(
    clippy::module_inception,
    reason = "the folder is named after its main type"
)]
mod engine;
mod health;
mod manual;
mod relay;
mod remaining;

pub use background::tasks::StopReport;
pub use dead_letter::{DeadLetter, DeadLetters};
pub use engine::Engine;
pub use health::{Health, SubscriptionHealth};
pub use manual::footprint::{Footprint, FootprintItem};
pub use manual::settle_report::{Remaining, ScheduledCommand, SettleReport, SubscriptionBacklog};
pub use manual::step::{PendingDelivery, Step, StepOutcome};
pub use manual::test_engine::TestEngine;
