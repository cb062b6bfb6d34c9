use crate::port::Store;

/// Gives a reference to a store that is owned or behind a pointer.
///
/// [`store_contract!`](crate::store_contract) uses this trait to accept both.
pub trait AsStore: Store {
    /// Returns the store itself.
    fn as_store(&self) -> &Self;
}

impl<S: Store + ?Sized> AsStore for S {
    fn as_store(&self) -> &Self {
        self
    }
}

/// Defines one `#[tokio::test]` for each contract test of [`testing::contract`](crate::testing::contract).
///
/// The first argument names the module of the tests. The second argument is an expression: a
/// future that returns an empty store. The store is an `impl Store`, or one in a `Box` or an `Arc`.
/// Each test evaluates this expression again, and no two tests may share a store.
///
/// The caller needs the dependency `tokio`, with the features `macros`, `rt` and `time`. Some tests wait
/// for a second or two, until leases have ended.
///
/// # Examples
///
/// ```
/// use flow_domain::{adapter::memory::MemoryStore, store_contract};
///
/// store_contract!(memory, async { MemoryStore::default() });
/// ```
#[macro_export]
macro_rules! store_contract {
    ($module:ident, $open:expr $(,)?) => {
        mod $module {
            #[allow(unused_imports, reason = "the expression that opens a store may need none")]
            use super::*;

            $crate::store_contract!(@tests $open;
                events_are_appended_in_order,
                positions_grow_across_streams,
                stream_is_read_in_pages,
                category_is_read_in_store_order,
                events_keep_metadata_and_payload,
                commit_refuses_a_stale_stream,
                commit_refuses_a_stale_state,
                commit_refuses_to_create_what_exists,
                commit_writes_all_or_nothing,
                conflict_names_writer_target_and_versions,
                concurrent_commits_have_one_winner,
                values_come_back_byte_for_byte,
                version_counts_the_writes_of_a_value,
                deleted_row_is_gone_from_every_read,
                deleted_row_can_be_created_again,
                forgotten_values_leave_no_version,
                tables_are_separate,
                cleared_table_is_as_if_never_written,
                table_gets_the_rows_of_another,
                replacement_refuses_a_table_that_changed,
                refused_commit_changes_no_table,
                snapshot_is_committed_with_its_events,
                keys_are_compared_by_their_bytes,
                unwritten_store_reads_as_empty,
                query_finds_rows_by_condition,
                query_sorts_limits_and_offsets,
                query_breaks_ties_by_id,
                count_applies_conditions,
                declared_fields_are_sorted_by_key,
                sort_keys_come_back,
                row_without_a_key_is_an_error,
                last_position_is_that_of_the_last_event,
                outbox_rows_are_committed_atomically,
                claim_follows_commit_order,
                claimed_rows_are_not_claimed_again,
                concurrent_claims_share_no_row,
                expired_lease_frees_claimed_rows,
                lease_of_a_fast_clock_ends_in_time,
                released_row_can_be_claimed_again,
                failed_row_blocks_its_stream,
                row_not_yet_due_blocks_no_other,
                row_without_a_due_time_never_waits,
                cancelled_row_is_never_claimed,
                cancelled_event_is_never_claimed,
                claimed_or_published_row_cannot_be_cancelled,
                appended_event_is_never_cancelled,
                abandoned_row_can_be_reopened,
                clean_up_deletes_rows_by_state_and_age,
                next_due_reports_retries_and_schedules,
                read_of_categories_is_in_store_order,
                events_are_read_by_partition,
                partitions_are_read_from_their_own_positions,
                read_at_finds_single_events,
                single_member_owns_all_partitions,
                shares_are_fair_as_members_come_and_go,
                released_partition_is_free_at_once,
                ended_lease_is_taken_over,
                ended_lease_can_be_renewed,
                restarted_member_does_not_wait,
                takeover_takes_what_others_own,
                replaced_member_cannot_commit,
                ledger_reaches_the_next_owner,
                groups_do_not_share_partitions,
                killed_owner_loses_and_repeats_nothing,
                owner_that_outsleeps_its_lease_cannot_commit,
                owners_of_a_partition_never_overlap,
            );
        }
    };
    (@tests $open:expr; $($test:ident),+ $(,)?) => {$(
        #[::tokio::test]
        async fn $test() {
            use $crate::testing::contract::AsStore as _;

            let store = $open.await;
            $crate::testing::contract::$test(store.as_store()).await;
        }
    )+};
}
