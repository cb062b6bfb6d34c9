//! What the words of the sentence check: one struct for each, with the text of its failure.

mod aligned;
mod chain;
mod events;
mod handlers;
mod messages;
mod resource;
mod stored;
mod verdict;

pub(crate) use chain::chain;
pub(crate) use events::{
    event, event_like, events, find_event, find_event_like, is_of, no_event, stands_for,
};
pub(crate) use handlers::{Handled, handler_failed, handler_failed_saying};
pub(crate) use messages::{Seen, compare};
pub(crate) use resource::resource;
pub(crate) use stored::{like, same};
pub(crate) use verdict::{
    accepted, nothing_to_look_for, rejected, rejected_like, rejected_saying, reply, settled,
};

use flow_domain::{Error, model::Written};

use crate::{expect::messages::Commands, flow::Expectation};

/// Expects exactly these commands, issued by handlers because of the last act.
pub(crate) fn commands(expected: Result<Vec<Written>, Error>) -> impl Expectation {
    Commands::new(expected)
}
