//! The contract tests of the ports, which any adapter can run.
//!
//! Each contract test is a function in this module. It takes an empty store that nobody else uses.
//! [`store_contract!`](crate::store_contract) defines one `#[tokio::test]` for each of them. The
//! contract tests of a broker are in [`broker`], and [`broker_contract!`](crate::broker_contract)
//! defines their tests.
//!
//! The contract tests require only what a port promises. Positions may have gaps. The JSON text of a
//! message or a value comes back byte for byte.
//!
//! Some contract tests are chaos: owners of a partition die in the middle of a delivery, sleep longer
//! than their lease, and replace one another. Then nothing may be lost, repeated or out of order, and
//! a replaced owner may not commit.
//!
//! # Panics
//!
//! A contract test panics if the store or the broker fails it.
#![allow(
    clippy::missing_panics_doc,
    reason = "a contract test panics to fail, and the module says so"
)]

pub mod broker;
mod chaos;
mod claims;
mod commits;
pub(crate) mod declared_fields;
pub(crate) mod fixture;
mod group;
mod join_all;
mod keys;
mod ledgers;
mod member;
pub(crate) mod outbox_fixture;
mod partitions;
mod queries;
mod settlements;
mod streams;
mod suite;
mod table_changes;
mod tables;

pub use chaos::{
    killed_owner_loses_and_repeats_nothing, owner_that_outsleeps_its_lease_cannot_commit,
    owners_of_a_partition_never_overlap,
};
pub use claims::{
    claim_follows_commit_order, claimed_rows_are_not_claimed_again, concurrent_claims_share_no_row,
    expired_lease_frees_claimed_rows, lease_of_a_fast_clock_ends_in_time,
    outbox_rows_are_committed_atomically, row_not_yet_due_blocks_no_other,
    row_without_a_due_time_never_waits,
};
pub use commits::{
    commit_refuses_a_stale_state, commit_refuses_a_stale_stream,
    commit_refuses_to_create_what_exists, commit_writes_all_or_nothing,
    concurrent_commits_have_one_winner, conflict_names_writer_target_and_versions,
};
pub use declared_fields::{
    declared_fields_are_sorted_by_key, row_without_a_key_is_an_error, sort_keys_come_back,
};
pub use keys::keys_are_compared_by_their_bytes;
pub use ledgers::{
    ended_lease_can_be_renewed, ended_lease_is_taken_over, groups_do_not_share_partitions,
    ledger_reaches_the_next_owner, released_partition_is_free_at_once,
    replaced_member_cannot_commit, restarted_member_does_not_wait,
    shares_are_fair_as_members_come_and_go, single_member_owns_all_partitions,
    takeover_takes_what_others_own,
};
pub use partitions::{
    events_are_read_by_partition, partitions_are_read_from_their_own_positions,
    read_at_finds_single_events, read_of_categories_is_in_store_order,
};
pub use queries::{
    count_applies_conditions, query_breaks_ties_by_id, query_finds_rows_by_condition,
    query_sorts_limits_and_offsets,
};
pub use settlements::{
    abandoned_row_can_be_reopened, appended_event_is_never_cancelled,
    cancelled_event_is_never_claimed, cancelled_row_is_never_claimed,
    claimed_or_published_row_cannot_be_cancelled, clean_up_deletes_rows_by_state_and_age,
    failed_row_blocks_its_stream, next_due_reports_retries_and_schedules,
    released_row_can_be_claimed_again,
};
pub use streams::{
    category_is_read_in_store_order, events_are_appended_in_order,
    events_keep_metadata_and_payload, last_position_is_that_of_the_last_event,
    positions_grow_across_streams, stream_is_read_in_pages,
};
pub use suite::AsStore;
pub use table_changes::{
    cleared_table_is_as_if_never_written, refused_commit_changes_no_table,
    replacement_refuses_a_table_that_changed, table_gets_the_rows_of_another,
};
pub use tables::{
    deleted_row_can_be_created_again, deleted_row_is_gone_from_every_read,
    forgotten_values_leave_no_version, snapshot_is_committed_with_its_events, tables_are_separate,
    unwritten_store_reads_as_empty, values_come_back_byte_for_byte,
    version_counts_the_writes_of_a_value,
};
