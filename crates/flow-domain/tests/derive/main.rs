//! The code of the derives, and their compile errors.
#![cfg(feature = "derive")]

use flow_domain::{Aggregate, Error, message::Envelope};

mod aggregates;
mod equality;
mod event_sourced;
mod messages;
mod projections;

#[test]
fn compile_errors_say_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

/// Folds a stored event into an aggregate.
fn replay<A: Aggregate>(aggregate: &mut A, event: &Envelope) -> Result<(), Error> {
    aggregate.replay(&event.metadata.message_type, &event.message)
}
