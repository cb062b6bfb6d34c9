//! What a run brought about: its record, its acts, its story, its logs and its warnings.
//!
//! # Tasks that a handler spawns
//!
//! If a handler spawns a task and does not await it, the outcome of the task is hidden. After each
//! act and each given step, the harness runs the spawned tasks until they block. Expectations then
//! see their effects.
//!
//! * A panic in a task fails the step after which it happened.
//! * A panic while a handler is still running is a [`Warning`]. The handler may await the task.
//! * A task that is unfinished at the end is a warning. If the runtime belongs to the run, it is
//!   dropped, and the task with it.
//!
//! This works with [`Flow::run`](crate::Flow::run). It also works with `.await` in a current-thread
//! runtime, which is the default of `#[tokio::test]`. It does not work in a multi-threaded runtime.
//!
//! The harness never sees these:
//!
//! * an error that a task returns, if its handle was dropped
//! * a panic in `spawn_blocking` or in a thread that the handler started
//! * anything a task does after the end of the flow

mod act_outcome;
mod act_writes;
mod clock_moves;
mod description;
mod disabled_invariant;
mod new_acts;
mod problem;
mod read_states;
mod run_outcome;
mod silent_change;
mod state_query;
mod stored_values;
mod story;
mod warning;

pub use crate::logs::Log;
pub(crate) use crate::system::under_test::{OwnRejection, inspect_event, state_type_of};
pub use act_outcome::ActOutcome;
pub(crate) use act_outcome::{ActKind, ReplyName};
#[doc(hidden)]
pub use description::Description;
pub(crate) use disabled_invariant::DisabledInvariant;
pub use problem::{Problem, ProblemKind};
pub(crate) use problem::{ProblemCount, ProblemId};
pub use run_outcome::Outcome;
pub(crate) use silent_change::silent_changes;
pub(crate) use state_query::StateQuery;
pub(crate) use story::{Keyword, StepStatus, StepText, Story, StoryLine};
pub use warning::Warning;
pub(crate) use warning::print as print_warnings;
