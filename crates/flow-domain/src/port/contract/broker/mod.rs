//! The laws of a broker, as tests that any adapter can run.
//!
//! [`broker_contract!`](crate::broker_contract) stamps one test for each law. Each law is also a
//! function of its own here: it takes a broker that is empty and that nobody else uses.
//!
//! The laws ask for nothing that the port does not promise: places may have gaps. They tell the broker
//! what time it is, and wait for nothing.

mod fixture;
mod groups;
mod keeping;
mod order;
mod redelivery;
mod suite;

pub use groups::{
    a_group_that_did_not_subscribe_gets_nothing, a_group_that_starts_now_skips_the_past,
    a_message_is_handed_to_one_consumer_of_a_group, a_read_is_limited,
    each_group_gets_each_message_once, lanes_are_topics, subscribing_again_does_not_go_back,
    topics_are_read_together_in_order_of_publication, what_is_read_is_what_was_published,
};
pub use keeping::{
    a_backlog_is_counted_for_its_topics, a_backlog_tells_what_is_not_done_with,
    trimming_keeps_the_last, trimming_keeps_what_a_group_has_not_done_with,
};
pub use order::{
    a_failing_message_holds_up_its_stream_alone, a_stream_is_in_order_across_topics,
    a_stream_waits_for_what_is_held, what_waits_for_another_topic_is_free_without_it,
    what_was_refused_together_comes_again_in_order, without_order_nothing_is_held_up,
};
pub use redelivery::{
    a_late_acknowledgement_wins, a_late_refusal_changes_nothing,
    a_refusal_that_does_not_count_keeps_the_attempt, acknowledging_twice_is_no_error,
    what_a_dead_consumer_held_comes_again_in_order, what_is_acknowledged_is_not_handed_out_again,
    what_is_refused_comes_again_at_its_time,
};
pub use suite::OpenedBroker;
