//! The contract tests of a broker, which any adapter can run.
//!
//! Each contract test is a function in this module. It takes an empty broker that nobody else uses.
//! [`broker_contract!`](crate::broker_contract) defines one `#[tokio::test]` for each of them.
//!
//! The contract tests require only what the port promises. Offsets may have gaps. The tests pass the
//! current time to the broker, and never wait.

mod backlog_and_trim;
mod fixture;
mod groups;
mod ordering;
mod redelivery;
mod suite;

pub use backlog_and_trim::{
    backlog_counts_unfinished_messages, backlog_covers_only_requested_topics,
    trim_keeps_the_last_messages, trim_keeps_unfinished_messages,
};
pub use groups::{
    each_group_gets_each_message_once, lanes_and_kinds_are_separate_topics,
    message_goes_to_one_consumer_of_a_group, read_is_limited, read_returns_what_was_published,
    resubscribing_keeps_the_position, start_from_now_skips_older_messages,
    topics_are_read_in_publication_order, unsubscribed_group_gets_nothing,
};
pub use ordering::{
    held_message_blocks_its_stream, narrower_read_is_not_blocked_by_other_topics,
    refused_batch_is_redelivered_in_order, refused_message_blocks_only_its_stream,
    stream_is_in_order_across_topics, unordered_read_is_never_blocked,
};
pub use redelivery::{
    acknowledged_message_is_not_redelivered, acknowledging_twice_is_no_error,
    expired_lease_redelivers_in_order, late_acknowledgement_wins, late_refusal_changes_nothing,
    refused_message_is_redelivered_when_due, uncounted_refusal_keeps_the_attempt,
};
pub use suite::AsBroker;
