use crate::port::Broker;

/// Gives a reference to a broker that is owned or behind a pointer.
///
/// [`broker_contract!`](crate::broker_contract) uses this trait to accept both.
pub trait AsBroker: Broker {
    /// Returns the broker itself.
    fn as_broker(&self) -> &Self;
}

impl<B: Broker + ?Sized> AsBroker for B {
    fn as_broker(&self) -> &Self {
        self
    }
}

/// Defines one `#[tokio::test]` for each contract test of
/// [`testing::contract::broker`](crate::testing::contract::broker).
///
/// The first argument names the module of the tests. The second argument is an expression: a
/// future that returns an empty broker. The broker is an `impl Broker`, or one in a `Box` or an
/// `Arc`. Each test evaluates this expression again, and no two tests may share a broker.
///
/// The caller needs the dependency `tokio`, with the features `macros` and `rt`.
///
/// # Examples
///
/// ```
/// use flow_domain::{adapter::memory::MemoryBroker, broker_contract};
///
/// broker_contract!(memory, async { MemoryBroker::default() });
/// ```
#[macro_export]
macro_rules! broker_contract {
    ($module:ident, $open:expr $(,)?) => {
        mod $module {
            #[allow(unused_imports, reason = "the expression that opens a broker may need none")]
            use super::*;

            $crate::broker_contract!(@tests $open;
                each_group_gets_each_message_once,
                read_returns_what_was_published,
                topics_are_read_in_publication_order,
                lanes_and_kinds_are_separate_topics,
                message_goes_to_one_consumer_of_a_group,
                read_is_limited,
                start_from_now_skips_older_messages,
                resubscribing_keeps_the_position,
                unsubscribed_group_gets_nothing,
                acknowledged_message_is_not_redelivered,
                acknowledging_twice_is_no_error,
                refused_message_is_redelivered_when_due,
                uncounted_refusal_keeps_the_attempt,
                expired_lease_redelivers_in_order,
                late_acknowledgement_wins,
                late_refusal_changes_nothing,
                held_message_blocks_its_stream,
                refused_message_blocks_only_its_stream,
                refused_batch_is_redelivered_in_order,
                stream_is_in_order_across_topics,
                narrower_read_is_not_blocked_by_other_topics,
                unordered_read_is_never_blocked,
                backlog_counts_unfinished_messages,
                backlog_covers_only_requested_topics,
                trim_keeps_unfinished_messages,
                trim_keeps_the_last_messages,
            );
        }
    };
    (@tests $open:expr; $($test:ident),+ $(,)?) => {$(
        #[::tokio::test]
        async fn $test() {
            use $crate::testing::contract::broker::AsBroker as _;

            let broker = $open.await;
            $crate::testing::contract::broker::$test(broker.as_broker()).await;
        }
    )+};
}
