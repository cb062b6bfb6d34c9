//! The laws of the ports, as tests that any adapter can run.
//!
//! [`store_contract!`](crate::store_contract) stamps one test for each law. Each law is also a
//! function of its own here: it takes a store that is empty and that nobody else uses, and says in
//! its own words what must hold. The laws of a broker are in [`broker`], and
//! [`broker_contract!`](crate::broker_contract) stamps them.
//!
//! The laws ask for nothing that a port does not promise: positions may have gaps, and JSON may be
//! written in another way than it was given, as long as it means the same.
//!
//! # Panics
//!
//! Every law panics if the store or the broker breaks it.
#![allow(
    clippy::missing_panics_doc,
    reason = "to panic is what a law is for, and the module says so"
)]

pub mod broker;
mod claims;
mod commits;
pub(crate) mod fixture;
mod queries;
mod race;
pub(crate) mod sending;
mod settling;
mod streams;
mod suite;
mod values;

pub use claims::{
    a_dead_worker_loses_its_rows, a_row_that_is_not_due_holds_nobody_back, claims_in_order,
    claims_race, outgoing_is_written_with_the_rest_or_not_at_all,
    what_is_claimed_is_not_claimed_again,
};
pub use commits::{
    a_commit_races, a_conflict_names_who_what_expected_and_found, refuses_a_stale_state,
    refuses_a_stale_stream, refuses_to_create_what_exists, writes_all_or_nothing,
};
pub use queries::{
    counts_rows, finds_rows_by_condition, rows_on_a_level_come_by_id, sorts_limits_and_offsets,
};
pub use settling::{
    a_cancelled_row_is_never_claimed, a_failed_row_holds_back_its_stream,
    a_released_row_can_be_claimed_again, an_abandoned_row_can_be_reopened,
    forgets_rows_by_state_and_age, says_when_a_row_is_due, what_was_sent_cannot_be_cancelled,
};
pub use streams::{
    a_category_is_read_in_store_order, a_stream_is_read_in_pages, appends_in_order,
    keeps_metadata_and_payload, positions_grow_across_streams,
    the_last_position_is_that_of_the_last_event,
};
pub use suite::Opened;
pub use values::{
    a_deleted_row_can_be_created_again, counts_the_writes_of_a_value, deletes_a_row,
    tables_are_apart, what_was_never_written_is_empty,
};
