//! Why a step failed: a search through the record and the wiring that ends in one [`Cause`].
//!
//! A failed step describes as data what it was about. The search starts there and looks for
//! causes, the most certain first:
//!
//! 1. What went wrong: a handler failed or rejected a message, or its work was rolled back. Or a
//!    message is still pending, is scheduled, was skipped, or was handled before.
//! 2. What was done differently: another id, another value, a deleted or overwritten row.
//! 3. What was not done: the search follows the wiring back from the missing message. It stops at
//!    the last message that was sent, and reports where the chain broke.
//!
//! The first cause is the diagnosis. The search itself is a heuristic. So a last check asks whether
//! the record or the wiring proves the cause. If not, the report prints it after `perhaps`.
//!
//! Some effects of a handler are invisible to the search, such as a call of a fake. A `then` that
//! checks the fake still finds them.
//!
//! # Examples
//!
//! ```
//! use flow_harness::{diagnosis::{Cause, Similarity}, prelude::*};
//! # use shop::{OrderDashboard, PlaceOrder};
//! # let place_order = PlaceOrder { order_id: "ord-1".into(), customer_id: "ada".into(), product_id: "tea".into(), quantity: 2, total_cents: 1_200 };
//!
//! let flow = FlowHarness::new(shop::domain)
//!     .when(place_order)
//!     .then_projection::<OrderDashboard>("ord-01");
//!
//! let failure = flow.try_run().expect_err("there is no such row");
//! let diagnosis = failure.diagnosis().expect("the cause is found");
//! assert!(matches!(&diagnosis.cause, Cause::WroteOther { similarity: Similarity::EditDistance(1), .. }));
//! ```

mod advice;
mod by_subject;
mod candidates;
mod causal_index;
mod cause;
mod delivery;
mod display;
mod field_cause;
mod field_differences;
mod handler_failure;
mod indexed_message;
mod missing_message;
mod missing_state;
mod not_found;
mod other_ids;
mod producers;
mod proof;
mod search;
mod state_causes;
mod state_history;
mod subscription_gaps;
mod unreadable;
mod value_origin;
mod writers;

pub use cause::{
    Cause, Diagnosis, ExpectedKey, HandlerCall, MissingState, NearMiss, Similarity, StoredAs,
};
pub use field_cause::{FieldCause, ValueOrigin};
pub(crate) use search::{diagnose, first_diagnosis};
