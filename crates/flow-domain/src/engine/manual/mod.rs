//! The engine that a test drives step by step.

mod footprint;
mod redelivery;
mod remaining;
mod run;
mod settle_report;
mod step;
mod test_engine;

pub use footprint::{Footprint, FootprintItem};
pub use settle_report::{Remaining, ScheduledCommand, SettleReport, SubscriptionBacklog};
pub use step::{PendingDelivery, Step, StepOutcome};
pub use test_engine::TestEngine;
