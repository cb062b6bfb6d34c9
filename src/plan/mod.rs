//! The plan of a test flow: its settings and its numbered steps, as data.

mod disabled_invariant;
mod flow_plan;
mod run_guard;
mod setup;
mod step;
mod wiring_check;

pub(crate) use disabled_invariant::disabled_invariant;
pub(crate) use flow_plan::Plan;
pub(crate) use run_guard::RunGuard;
pub(crate) use setup::{BuildDomain, Setup, Tested};
pub(crate) use step::{CommandBuilder, MessageAct, MessageResult, Sending, Step, StepKind};
