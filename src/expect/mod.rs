//! The expectations behind the `then_*` methods: what each one checks, and the text of its failure.

mod alignment;
mod attempts;
mod chain;
mod command_result;
mod dead_letters;
mod events;
mod handlers;
mod messages;
mod never_raised;
mod pending;
mod published;
mod resource;
mod scheduled;
mod stored_state;

pub(crate) use attempts::attempts;
pub(crate) use chain::chain;
pub(crate) use command_result::{
    accepted, accepted_count, empty_text_mismatch, rejected, rejected_like, rejected_saying, reply,
    settled,
};
pub(crate) use dead_letters::DeadLettersExpectation;
pub(crate) use events::{
    event, event_like, events, find_event, find_event_like, matches_schema, matches_type, no_event,
};
pub(crate) use handlers::{HandledExpectation, handler_failed, handler_failed_saying};
pub(crate) use messages::{MessageView, compare_messages};
pub(crate) use pending::{
    pending, pending_for, pending_in_outbox, pending_lines, read_while_pending,
};
pub(crate) use published::published;
pub(crate) use resource::resource;
pub(crate) use scheduled::{expired, pending_due_time, scheduled};
pub(crate) use stored_state::{require_equal, require_like};

use flow_domain::{Error, model::SerializedMessage};

use crate::{expect::messages::Commands, flow::Expectation};

/// Expects exactly these commands, issued by handlers because of the last act.
pub(crate) fn commands(expected: Result<Vec<SerializedMessage>, Error>) -> impl Expectation {
    Commands::new(expected)
}
