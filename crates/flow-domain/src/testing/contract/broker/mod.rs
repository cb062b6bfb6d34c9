//! The contract tests of a broker, which any adapter can run.
//!
//! Each contract test is a function in this module. It takes an empty broker that nobody else uses.
//! [`broker_contract!`](crate::broker_contract) defines one `#[tokio::test]` for each of them.
//!
//! The contract tests require only what the port promises. Places may have gaps, and there is no order
//! between partitions.

mod chaos;
mod fixture;
mod places;
mod publishing;
mod reading;
mod suite;

pub use chaos::{group_loses_and_repeats_nothing, readers_agree_while_others_publish};
pub use places::{
    count_after_counts_what_is_unread, read_at_finds_single_messages,
    seek_end_skips_older_messages, trim_deletes_up_to_the_floors,
};
pub use publishing::{
    large_message_comes_back_byte_for_byte, partition_keeps_the_order_of_publication,
    republished_id_is_one_message, stream_stays_in_its_partition,
};
pub use reading::{
    lanes_and_kinds_are_separate_topics, read_is_limited_and_continues,
    read_of_some_partitions_returns_only_theirs, read_returns_what_was_published,
    readers_do_not_disturb_each_other, unknown_topic_has_no_messages,
};
pub use suite::AsBroker;
