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
/// The caller needs the dependency `tokio`, with the features `macros`, `rt` and `time`. One test waits for a
/// few seconds, until leases have ended.
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
                read_returns_what_was_published,
                read_is_limited_and_continues,
                readers_do_not_disturb_each_other,
                read_of_some_partitions_returns_only_theirs,
                lanes_and_kinds_are_separate_topics,
                unknown_topic_has_no_messages,
                partition_keeps_the_order_of_publication,
                stream_stays_in_its_partition,
                republished_id_is_one_message,
                large_message_comes_back_byte_for_byte,
                seek_end_skips_older_messages,
                count_after_counts_what_is_unread,
                read_at_finds_single_messages,
                trim_deletes_up_to_the_floors,
                readers_agree_while_others_publish,
                group_loses_and_repeats_nothing,
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
