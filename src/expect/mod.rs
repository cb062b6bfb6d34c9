//! What a test expects: one constructor for each expectation, for [`Flow::then`](crate::Flow::then).
//!
//! An expectation is a value. A test can pass several of them to one `then` as a tuple, and a helper
//! function can return one. A type of your own implements [`Expectation`].
//!
//! * Events: [`events`], [`no_events`], [`event`], [`event_matching`], [`no_event`].
//! * Commands and causes: [`commands`], [`no_commands`], [`chain`].
//! * The command result: [`accepted`], [`accepted_count`], [`rejected`], [`rejected_matching`],
//!   [`rejected_with_message`], [`reply`], [`settled`].
//! * Stored state: [`aggregate`], [`projection`], [`process_manager`], and all rows with
//!   [`projections`].
//! * Handlers: [`handled_by`], [`attempts`], [`handler_failed`], [`handler_failed_with_message`],
//!   [`no_handler_failure`], [`dead_letters`].
//! * Schedules and publishing: [`scheduled`], [`scheduled_times`], [`not_scheduled`], [`expired`], [`published`],
//!   [`published_on`], [`publish_failed`], [`pending`].
//! * Fakes: [`resource`].
//! * Systems that are not built on `flow-domain`: [`component_failed`], [`rows`].
//!
//! # Examples
//!
//! ```
//! use flow_harness::prelude::*;
//! # use shop::{OrderCancelled, OrderDashboard, OrderStatus, PlaceOrder};
//!
//! /// The order is cancelled, and its customer sees it.
//! fn cancelled(order_id: &str) -> impl Expectation {
//!     (
//!         expect::event_matching::<OrderCancelled>(move |event| event.order_id == order_id),
//!         expect::projection::<OrderDashboard>(order_id)
//!             .has(|row| row.status == OrderStatus::Cancelled),
//!     )
//! }
//!
//! # let place_order = PlaceOrder { order_id: "ord-1".into(), customer_id: "ada".into(), product_id: "tea".into(), quantity: 2, total_cents: 1_200 };
//! FlowHarness::new(shop::domain)
//!     .when(place_order)
//!     .then(cancelled("ord-1"))
//!     .run();
//! ```

mod alignment;
mod attempts;
mod catch_closure;
mod chain;
mod check;
mod claim;
mod command_result;
mod compare_json;
mod dead_letters;
mod empty_input;
mod events;
mod expectation;
mod handlers;
mod messages;
mod mismatch;
mod never_happens;
mod nothing_found;
mod of_system;
mod pending;
mod published;
mod resource;
mod rows;
mod scheduled;
mod similar_id;
mod state;
mod state_checks;
mod stored_form;
mod subject;
mod timer_advice;
mod unchanged;

pub use attempts::attempts;
pub(crate) use catch_closure::{catch_closure, describe};
pub use chain::chain;
#[doc(hidden)]
pub use claim::Claim;
pub use command_result::{
    accepted, accepted_count, rejected, rejected_matching, rejected_with_message, reply, settled,
};
pub(crate) use command_result::{rejected_by_system, rejected_by_system_if};
pub use dead_letters::{DeadLetters, dead_letters};
pub(crate) use empty_input::EmptyInput;
pub(crate) use events::event_of_list;
pub use events::{event, event_matching, events, no_event, no_events};
pub use expectation::Expectation;
pub(crate) use handlers::skipped_messages;
pub use handlers::{
    HandledBy, component_failed, handled_by, handler_failed, handler_failed_with_message,
    no_handler_failure,
};
pub use messages::{commands, no_commands};
pub use mismatch::Mismatch;
pub(crate) use of_system::{event_of_system, no_event_of_system, system};
pub(crate) use pending::pending_mismatch;
pub use pending::{Pending, pending};
pub use published::{publish_failed, published, published_on};
pub use resource::{Resource, resource};
pub use rows::{Rows, projections, rows};
pub use scheduled::{Scheduled, expired, not_scheduled, scheduled, scheduled_times};
pub(crate) use state::state_of_system;
pub use state::{State, aggregate, process_manager, projection};
pub(crate) use subject::{Requirement, StateSubject, Subject};
pub(crate) use timer_advice::{TIMER_ADVICE, with_timer_advice};
