//! Asynchronous processing: the relay, the subscriptions, and the engine that runs them.

mod background;
mod dead_letter;
mod dead_letters;
mod delivery;
#[expect(
    clippy::module_inception,
    reason = "the folder is named after its main type"
)]
mod engine;
mod health;
#[cfg(feature = "testing")]
pub(crate) mod manual;
mod outbox_backlog;
mod rebuild;
mod relay;
mod removed_subscription;

pub use background::tasks::StopReport;
pub use dead_letter::DeadLetter;
pub use dead_letters::DeadLetters;
pub use delivery::paused::PausedStream;
pub use engine::Engine;
pub use health::{Health, SubscriptionHealth};
#[cfg(feature = "testing")]
pub use rebuild::stale_rows::StaleRow;
pub use rebuild::{Rebuild, RebuildProgress, RebuildReport, SkippedEvent};
