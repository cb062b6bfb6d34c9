use crate::port::Broker;

/// Gets at a broker that was opened for a law, owned or behind a pointer.
pub trait OpenedBroker: Broker {
    /// The broker itself.
    fn opened(&self) -> &Self;
}

impl<B: Broker + ?Sized> OpenedBroker for B {
    fn opened(&self) -> &Self {
        self
    }
}

/// Stamps one `#[tokio::test]` for each law of [`port::contract::broker`](crate::port::contract::broker).
///
/// The first argument names the module that the tests are put into. The second is a future that
/// gives an empty broker that no other test uses: an `impl Broker`, or one in a `Box` or an `Arc`. It
/// is awaited anew for each law. Who calls this has `tokio` among the dependencies, with the
/// features `macros` and `rt`.
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

            $crate::broker_contract!(@laws $open;
                each_group_gets_each_message_once,
                what_is_read_is_what_was_published,
                topics_are_read_together_in_order_of_publication,
                lanes_are_topics,
                a_message_is_handed_to_one_consumer_of_a_group,
                a_read_is_limited,
                a_group_that_starts_now_skips_the_past,
                subscribing_again_does_not_go_back,
                a_group_that_did_not_subscribe_gets_nothing,
                what_is_acknowledged_is_not_handed_out_again,
                acknowledging_twice_is_no_error,
                what_is_refused_comes_again_at_its_time,
                a_refusal_that_does_not_count_keeps_the_attempt,
                what_a_dead_consumer_held_comes_again_in_order,
                a_late_acknowledgement_wins,
                a_late_refusal_changes_nothing,
                a_stream_waits_for_what_is_held,
                a_failing_message_holds_up_its_stream_alone,
                what_was_refused_together_comes_again_in_order,
                a_stream_is_in_order_across_topics,
                what_waits_for_another_topic_is_free_without_it,
                without_order_nothing_is_held_up,
                a_backlog_tells_what_is_not_done_with,
                a_backlog_is_counted_for_its_topics,
                trimming_keeps_what_a_group_has_not_done_with,
                trimming_keeps_the_last,
            );
        }
    };
    (@laws $open:expr; $($law:ident),+ $(,)?) => {$(
        #[::tokio::test]
        async fn $law() {
            use $crate::port::contract::broker::OpenedBroker as _;

            let broker = $open.await;
            $crate::port::contract::broker::$law(broker.opened()).await;
        }
    )+};
}
