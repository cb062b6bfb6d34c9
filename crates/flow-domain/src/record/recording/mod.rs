//! The recording of a run in tests.

mod current_call;
mod effect_links;
mod invariant;
mod open_call;
mod overlay_map;
mod record;
mod recorder;

pub use current_call::current_handler_call;
pub(crate) use current_call::{enter_handler_call, leave_handler_call};
pub use invariant::{Invariant, InvariantSet, InvariantViolation};
pub use open_call::OpenCall;
pub(crate) use overlay_map::OverlayMap;
pub use record::{Entry, Record};
pub use recorder::Recorder;
