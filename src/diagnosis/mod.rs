//! Why a step failed: a search that walks back from it through the record and the wiring, and ends in one
//! [`Verdict`].
//!
//! A failed step says what it was about, as data. The search looks for what went wrong on the way to
//! that, the surest first: a handler that failed or refused, what was rolled back with it, what waits, is
//! scheduled, was let go or handled before; then for what was done otherwise: another id, another value,
//! deleted or overwritten; and then for what was not done: it follows the wiring back from the message
//! that is missing to the last one that came, and tells where the chain broke. What stands second in the
//! end is told as the runner-up.
//!
//! It is a search among what the record shows, not a proof. A handler that does something that nobody
//! can see from outside, such as a call of a fake, is only as good as the `then` that looks at it.
//!
//! # Examples
//!
//! ```
//! use flow_harness::{prelude::*, why::{Nearness, Verdict}};
//! # use shop::{OrderDashboard, PlaceOrder};
//! # let place_order = PlaceOrder { order_id: "ord-1".into(), customer_id: "ada".into(), product_id: "tea".into(), quantity: 2, total_cents: 1_200 };
//!
//! let flow = FlowHarness::new(shop::domain)
//!     .when(place_order)
//!     .then_projection::<OrderDashboard>("ord-01");
//!
//! let failure = flow.try_run().expect_err("there is no such row");
//! let why = failure.why().expect("the cause is found");
//! assert!(matches!(&why.verdict, Verdict::WroteOther { nearness: Nearness::EditDistance(1), .. }));
//! ```

mod advice;
mod by_subject;
mod candidates;
mod causal_index;
mod cause;
mod display;
mod field_differences;
mod handler_failure;
mod missing_message;
mod missing_state;
mod not_found;
mod search;
mod subject;
mod unreadable;
mod value_origin;

pub(crate) use causal_index::content_of;
pub use cause::{
    Cause, Diagnosis, ExpectedKey, FieldCause, HandlerCall, MissingState, NearMiss, Similarity,
    StoredAs, ValueOrigin,
};
pub(crate) use search::diagnose;
pub(crate) use subject::{Difference, Requirement, StateSubject, Subject};
