//! What the derives write, and what they say when they cannot.
#![cfg(feature = "derive")]

mod aggregates;
mod event_sourced;
mod messages;
mod projections;

#[test]
fn a_mistake_is_named_with_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
