//! The checks of invariants in tests.

mod check;
mod comparison;
mod serialized_aggregate;

pub(crate) use check::{
    EqFn, check_fold, check_round_trip, check_round_trips, check_snapshot, without_partial_eq,
};
pub(crate) use comparison::have_equal_json;
pub use comparison::is_same_value;
pub use serialized_aggregate::{SerializedAggregate, invariant_violations};
