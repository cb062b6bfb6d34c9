//! What the words of the sentence check: one struct for each, with the text of its failure.

mod aligned;
mod attempts;
mod chain;
mod dead_letters;
mod events;
mod handlers;
mod messages;
mod never;
mod pending;
mod published;
mod resource;
mod scheduled;
mod stored;
mod verdict;

pub(crate) use attempts::attempts;
pub(crate) use chain::chain;
pub(crate) use dead_letters::DeadLetters;
pub(crate) use events::{
    event, event_like, events, find_event, find_event_like, is_of, no_event, stands_for,
};
pub(crate) use handlers::{Handled, handler_failed, handler_failed_saying};
pub(crate) use messages::{Seen, compare};
pub(crate) use pending::{pending, pending_for, pending_in_outbox, read_too_early, waiting_lines};
pub(crate) use published::published;
pub(crate) use resource::resource;
pub(crate) use scheduled::{expired, scheduled, still_to_come};
pub(crate) use stored::{like, same};
pub(crate) use verdict::{
    accepted, accepted_of, nothing_to_look_for, rejected, rejected_like, rejected_saying, reply,
    settled,
};

use flow_domain::{Error, model::Written};

use crate::{expect::messages::Commands, flow::Expectation};

/// Expects exactly these commands, issued by handlers because of the last act.
pub(crate) fn commands(expected: Result<Vec<Written>, Error>) -> impl Expectation {
    Commands::new(expected)
}
