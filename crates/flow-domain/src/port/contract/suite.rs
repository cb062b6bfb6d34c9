use crate::port::Store;

/// Gets at a store that was opened for a law, owned or behind a pointer.
pub trait Opened: Store {
    /// The store itself.
    fn opened(&self) -> &Self;
}

impl<S: Store + ?Sized> Opened for S {
    fn opened(&self) -> &Self {
        self
    }
}

/// Stamps one `#[tokio::test]` for each law of [`port::contract`](crate::port::contract).
///
/// The first argument names the module that the tests are put into. The second is a future that
/// gives an empty store that no other test uses: an `impl Store`, or one in a `Box` or an `Arc`. It
/// is awaited anew for each law. Who calls this has `tokio` among the dependencies, with the
/// features `macros` and `rt`.
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

            $crate::store_contract!(@laws $open;
                appends_in_order,
                positions_grow_across_streams,
                a_stream_is_read_in_pages,
                a_category_is_read_in_store_order,
                keeps_metadata_and_payload,
                refuses_a_stale_stream,
                refuses_a_stale_state,
                refuses_to_create_what_exists,
                writes_all_or_nothing,
                a_conflict_names_who_what_expected_and_found,
                a_commit_races,
                counts_the_writes_of_a_value,
                deletes_a_row,
                a_deleted_row_can_be_created_again,
                tables_are_apart,
                what_was_never_written_is_empty,
                finds_rows_by_condition,
                sorts_limits_and_offsets,
                rows_on_a_level_come_by_id,
                counts_rows,
                the_last_position_is_that_of_the_last_event,
                outgoing_is_written_with_the_rest_or_not_at_all,
                claims_in_order,
                what_is_claimed_is_not_claimed_again,
                claims_race,
                a_dead_worker_loses_its_rows,
                a_released_row_can_be_claimed_again,
                a_failed_row_holds_back_its_stream,
                a_row_that_is_not_due_holds_nobody_back,
                a_cancelled_row_is_never_claimed,
                what_was_sent_cannot_be_cancelled,
                an_abandoned_row_can_be_reopened,
                forgets_rows_by_state_and_age,
                says_when_a_row_is_due,
            );
        }
    };
    (@laws $open:expr; $($law:ident),+ $(,)?) => {$(
        #[::tokio::test]
        async fn $law() {
            use $crate::port::contract::Opened as _;

            let store = $open.await;
            $crate::port::contract::$law(store.opened()).await;
        }
    )+};
}
